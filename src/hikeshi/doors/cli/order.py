"""`order add | approve | edit | enable | disable | list | show | try`: responses approved in advance, for what must be contained in seconds."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.runs import ordering
from hikeshi.desk.runs.models import StandingOrder
from hikeshi.doors import standing_orders as shapes
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.times import optional
from hikeshi.doors.cli.who import actor

Name = Annotated[str, typer.Argument(help="The order: its name or number.")]
Reason = Annotated[str, typer.Option(help="Why.")]
Types = Annotated[list[str] | None, typer.Option(help="The beginning of a finding's type; several times for several.")]
Many = Annotated[list[str] | None, typer.Option(help="Only these; several times for several. None: any.")]
Cap = Annotated[int | None, typer.Option(min=0, max=1000, help="Above this a person decides.")]


def _said(**typed: Any) -> dict[str, Any]:
    """What was typed, and nothing that was left out."""
    return {name: value for name, value in typed.items() if value not in (None, "")}


def add(
    name: str,
    *,
    finding_type: Types = None,
    playbook: Annotated[str, typer.Option(help="What runs; see `playbook list`.")] = "",
    severity: Annotated[int | None, typer.Option(min=1, max=4, help="Of the incident that is opened.")] = None,
    min_score: Annotated[float | None, typer.Option(min=0, max=10, help="GuardDuty's severity at least.")] = None,
    account: Many = None,
    region: Many = None,
    environment: Many = None,
    kind: Many = None,
    role: Many = None,
    criticality: Annotated[list[int] | None, typer.Option(help="Of the asset, 1 to 4; several times.")] = None,
    max_per_hour: Cap = None,
    max_per_account: Cap = None,
    max_resources: Cap = None,
    reapply: Annotated[bool, typer.Option(help="Set it again where somebody reverts it.")] = False,
    days: Annotated[int, typer.Option(min=1, max=366, help="It expires after so many days.")] = 90,
    expires_at: Annotated[str, typer.Option(help="ISO 8601 with zone, instead of --days.")] = "",
) -> Any:
    """Approve a response in advance: such findings open an incident and run the playbook without waiting for a person.

    Where it may contain something in production, a second person has to stand behind it: `order approve`.
    """
    said = _said(
        finding_types=finding_type, playbook=playbook, severity=severity, min_score=min_score, accounts=account,
        regions=region, environments=environment, kinds=kind, roles=role, criticalities=criticality,
        max_per_hour=max_per_hour, max_per_account=max_per_account, max_resources=max_resources, reapply=reapply,
        expires_at=optional(expires_at) or ordering.ends_in(days),
    )  # fmt: skip
    return shapes.order(ordering.write(name, actor=actor(), **said))


def edit(
    name: Name,
    *,
    version: Annotated[int, typer.Option(help="The version you read.")],
    finding_type: Types = None,
    min_score: Annotated[float | None, typer.Option(min=0, max=10, help="GuardDuty's severity at least.")] = None,
    account: Many = None,
    environment: Many = None,
    max_per_hour: Cap = None,
    max_resources: Cap = None,
    expires_at: Annotated[str, typer.Option(help="ISO 8601 with zone.")] = "",
) -> Any:
    """Change what an order says. It is a new version, which people have to stand behind again."""
    who = actor()
    said = _said(
        finding_types=finding_type, min_score=min_score, accounts=account, environments=environment,
        max_per_hour=max_per_hour, max_resources=max_resources, expires_at=optional(expires_at),
    )  # fmt: skip
    return shapes.order(ordering.edit(shapes.find_order(who, name), actor=who, version=version, **said))


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


def try_order(name: Name, last: Annotated[int, typer.Option(min=1, max=1000, help="How many alerts.")] = 100) -> Answer:
    """Which of the last alerts would it have answered? Nothing is changed."""
    who = actor()
    rows = [shapes.tried(row) for row in ordering.try_on(shapes.find_order(who, name), last, actor=who)]
    return Answer(rows, columns=("alert", "title", "answered", "why"))


def list_orders() -> Answer:
    """The standing orders."""
    require(actor(), "triage")
    columns = ("name", "state", "finding_types", "min_score", "playbook", "severity", "approved_by", "expires_at")
    return Answer([shapes.order(row) for row in StandingOrder.objects.all()], columns=columns)
