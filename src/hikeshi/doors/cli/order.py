"""`order add | approve | edit | enable | disable | list | show | try`: responses approved in advance, for what must be contained in seconds."""

from __future__ import annotations

from datetime import time
from typing import Annotated, Any

import typer

from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.runs import ordering, trying
from hikeshi.desk.runs.models import StandingOrder
from hikeshi.doors import standing_orders as shapes
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.options import WrongUsage
from hikeshi.doors.cli.times import optional
from hikeshi.doors.cli.who import actor

ANY = "any"
"""Typed for a condition that is to hold no more."""

Name = Annotated[str, typer.Argument(help="The order: its name or number.")]
Reason = Annotated[str, typer.Option(help="Why.")]
Types = Annotated[list[str] | None, typer.Option(help="The beginning of a finding's type; several times for several.")]
Many = Annotated[list[str] | None, typer.Option(help="Only these; several times for several. `any`: any.")]
Levels = Annotated[list[str] | None, typer.Option(help="Of the asset, 1 to 4; several times for several. `any`: any.")]
Hours = Annotated[str, typer.Option(help="22:00-06:00, in the installation's time zone. `any`: at any hour.")]
Playbook = Annotated[str, typer.Option(help="What runs; see `playbook list`.")]
Severity = Annotated[int | None, typer.Option(min=1, max=4, help="Of the incident that is opened.")]
Score = Annotated[float | None, typer.Option(min=0, max=10, help="GuardDuty's severity at least.")]
Cap = Annotated[int | None, typer.Option(min=0, max=1000, help="Above this a person decides.")]
Hourly = Annotated[int | None, typer.Option(min=0, max=30_000, help="In one account; above this a person decides.")]
Failed = Annotated[int | None, typer.Option(min=0, max=100, help="Of its calls an hour; above this it stops itself.")]
Until = Annotated[str, typer.Option(help="ISO 8601 with zone, instead of --days.")]
Days = Annotated[int, typer.Option(min=1, max=366, help="How far back.")]


def _said(**typed: Any) -> dict[str, Any]:
    """What was typed, and nothing that was left out; `any` empties a list."""
    given = {name: value for name, value in typed.items() if value not in (None, "")}
    return {name: [] if value == [ANY] else value for name, value in given.items()}


def _levels(typed: list[str] | None) -> list[int] | list[str] | None:
    if not typed or typed == [ANY]:
        return typed
    if not all(one in {"1", "2", "3", "4"} for one in typed):
        raise WrongUsage("A criticality is 1, 2, 3 or 4.", hint="--criticality 3 --criticality 4, or `any`.")
    return [int(one) for one in typed]


def _hours(typed: str) -> dict[str, time | None]:
    """Both ends of what was typed; nothing where nothing was."""
    if not typed:
        return {}
    if typed == ANY:
        return {"hours_from": None, "hours_until": None}
    try:
        start, end = (time.fromisoformat(one) for one in typed.split("-"))
    except ValueError as problem:
        raise WrongUsage(f"{typed[:40]!r} are no hours.", hint="22:00-06:00, or `any`.") from problem
    return {"hours_from": start, "hours_until": end}


def add(
    name: str,
    *,
    finding_type: Types = None,
    playbook: Playbook = "",
    severity: Severity = None,
    min_score: Score = None,
    account: Many = None,
    region: Many = None,
    environment: Many = None,
    kind: Many = None,
    role: Many = None,
    criticality: Levels = None,
    hours: Hours = "",
    max_per_hour: Cap = None,
    max_per_account: Cap = None,
    max_resources: Cap = None,
    max_resources_per_hour: Hourly = None,
    max_failed_percent: Failed = None,
    reapply: Annotated[bool, typer.Option(help="Set it again where somebody reverts it.")] = False,
    days: Annotated[int, typer.Option(min=1, max=366, help="It expires after so many days.")] = 90,
    expires_at: Until = "",
) -> Any:
    """Approve a response in advance: such findings open an incident and run the playbook without waiting for a person.

    Where it may contain something in production, a second person has to stand behind it: `order approve`.
    """
    said = _said(
        finding_types=finding_type, playbook=playbook, severity=severity, min_score=min_score, accounts=account,
        regions=region, environments=environment, kinds=kind, roles=role, criticalities=_levels(criticality),
        max_per_hour=max_per_hour, max_per_account=max_per_account, max_resources=max_resources,
        max_resources_per_hour=max_resources_per_hour, max_failed_percent=max_failed_percent, reapply=reapply,
        expires_at=optional(expires_at) or ordering.ends_in(days),
    )  # fmt: skip
    return shapes.order(ordering.write(name, actor=actor(), **said, **_hours(hours)))


def edit(
    name: Name,
    *,
    version: Annotated[int, typer.Option(help="The version you read.")],
    finding_type: Types = None,
    playbook: Playbook = "",
    severity: Severity = None,
    min_score: Score = None,
    account: Many = None,
    region: Many = None,
    environment: Many = None,
    kind: Many = None,
    role: Many = None,
    criticality: Levels = None,
    hours: Hours = "",
    max_per_hour: Cap = None,
    max_per_account: Cap = None,
    max_resources: Cap = None,
    max_resources_per_hour: Hourly = None,
    max_failed_percent: Failed = None,
    reapply: Annotated[bool | None, typer.Option(help="Set it again where somebody reverts it.")] = None,
    days: Annotated[int | None, typer.Option(min=1, max=366, help="It expires so many days from now.")] = None,
    expires_at: Until = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what it would have done in 90 days.")] = False,
) -> Any:
    """Change what an order says. It is a new version, which people have to stand behind again."""
    who = actor()
    said = _said(
        finding_types=finding_type, playbook=playbook, severity=severity, min_score=min_score, accounts=account,
        regions=region, environments=environment, kinds=kind, roles=role, criticalities=_levels(criticality),
        max_per_hour=max_per_hour, max_per_account=max_per_account, max_resources=max_resources,
        max_resources_per_hour=max_resources_per_hour, max_failed_percent=max_failed_percent, reapply=reapply,
        expires_at=optional(expires_at) or (ordering.ends_in(days) if days else None),
    ) | _hours(hours)  # fmt: skip
    row = shapes.find_order(who, name)
    if dry_run:
        return shapes.trial(trying.try_on(row, actor=who, said=said))
    return shapes.order(ordering.edit(row, actor=who, version=version, **said))


def approve(name: Name, version: Annotated[int, typer.Option(help="The version you read.")]) -> Any:
    """Stand behind exactly this version of an order, as another person."""
    who = actor()
    return shapes.order(ordering.approve(shapes.find_order(who, name), actor=who, version=version))


def enable(name: Name, reason: Reason) -> Any:
    """Put an order in force, also one that has stopped itself."""
    who = actor()
    return shapes.order(ordering.switch(shapes.find_order(who, name), actor=who, on=True, reason=reason))


def disable(name: Name, reason: Reason) -> Any:
    """Put an order out of force."""
    who = actor()
    return shapes.order(ordering.switch(shapes.find_order(who, name), actor=who, on=False, reason=reason))


def show(name: Name) -> Any:
    """One standing order: its conditions, its caps, who stands behind it."""
    return shapes.order(shapes.find_order(actor(), name))


def try_order(
    name: Name,
    days: Days = trying.DAYS,
    last: Annotated[int, typer.Option(min=1, max=1000, help="How many alerts at most.")] = trying.MOST,
) -> Any:
    """What would it have done in the last days? Nothing is changed."""
    who = actor()
    return shapes.trial(trying.try_on(shapes.find_order(who, name), actor=who, days=days, most=last))


def list_orders() -> Answer:
    """The standing orders."""
    require(actor(), "triage")
    columns = (
        "name",
        "state",
        "version",
        "finding_types",
        "min_score",
        "playbook",
        "severity",
        "approved_by",
        "expires_at",
    )
    return Answer([shapes.order(row) for row in StandingOrder.objects.all()], columns=columns)
