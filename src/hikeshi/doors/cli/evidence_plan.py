"""`evidence plan | expect | settle | waive`: what is to be collected, the most volatile first, and how far that is."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hikeshi.desk.evidence import volatility
from hikeshi.desk.evidence.models import Planned
from hikeshi.doors import find, shapes
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.options import WrongUsage
from hikeshi.doors.cli.who import actor

Line = Annotated[int, typer.Argument(help="The number of a line of `evidence plan`.")]


def plan(
    incident: str,
    propose: Annotated[bool, typer.Option("--propose", help="Add what the alerts' resources suggest.")] = False,
) -> Answer:
    """The evidence plan in the order of volatility (RFC 3227): held, pending, failed with a reason, or waived by name."""
    who = actor()
    row = find.incident(who, incident)
    if propose:
        volatility.expect(row, volatility.of_alerts(row), actor=who)
    columns = ("line", "kind", "target", "state", "item", "reason", "settled_by", "settled_at")
    return Answer([shapes.planned(line) for line in volatility.lines(row)], columns=columns)


def expect(
    incident: str,
    kind: Annotated[str, typer.Argument(help=f"One of {', '.join(volatility.RANK)}.")],
    target: Annotated[str, typer.Argument(help="Whose: an instance, a host, a log, a device.")],
) -> Any:
    """Put a line into the plan. One that is there already stays as it is."""
    who = actor()
    row = find.incident(who, incident)
    volatility.expect(row, [(kind, target)], actor=who)
    return shapes.planned(volatility.line_for(row, (kind, target.strip()[:300])))


def settle(
    incident: str,
    line: Line,
    item: Annotated[str, typer.Option(help="The item that is what the line asked for, such as EV-003.")] = "",
    failed: Annotated[str, typer.Option(help="Why it cannot be had.")] = "",
) -> Any:
    """Say that a line is held by an item, or that it was tried and failed."""
    if bool(item) == bool(failed):
        raise WrongUsage("Name the item, or say why it failed.", hint="Give one of --item and --failed.")
    who = actor()
    row = find.incident(who, incident)
    found = find.planned(row, line)
    if item:
        volatility.bind(found, find.item(row, item), actor=who)
    else:
        volatility.fail(found, actor=who, reason=failed)
    return _fresh(found)


def waive(incident: str, line: Line, reason: Annotated[str, typer.Option(help="Why it is not waited for.")]) -> Any:
    """Decide by name not to wait for this evidence."""
    who = actor()
    found = find.planned(find.incident(who, incident), line)
    volatility.waive(found, actor=who, reason=reason)
    return _fresh(found)


def _fresh(line: Planned) -> Any:
    return shapes.planned(Planned.objects.select_related("incident", "item").get(pk=line.pk))
