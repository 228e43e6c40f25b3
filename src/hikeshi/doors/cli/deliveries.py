"""`alert deliveries | dismiss | reread`: what was handed in and not understood."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.alerts import aside
from hikeshi.desk.alerts.models import Delivery
from hikeshi.doors import deliveries
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.exits import DONE, UNREADABLE
from hikeshi.doors.cli.who import actor

Number = Annotated[int, typer.Argument(help="A number of `alert deliveries`.")]


def list_deliveries(
    set_aside: Annotated[bool, typer.Option(help="Only those that wait because they were not understood.")] = False,
    source: Annotated[str, typer.Option(help="Only those of one source.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="Rows at most.")] = 50,
) -> Answer:
    """Payloads as they came, the newest first."""
    who = actor()
    require(who, "triage")
    rows = deliveries.set_aside(who, source) if set_aside else deliveries.seen_by(who, Delivery.objects.all())
    if source:
        rows = rows.filter(source=source)
    return Answer(
        [deliveries.aside_shape(row) for row in rows[:limit]], columns=("delivery", "source", "received_at", "problem")
    )


def reread(number: Number) -> Answer:
    """Read a payload again, after a mapping was mended. Exit code 5 where it is still not understood."""
    who = actor()
    row = deliveries.find_delivery(who, number)
    aside.reread(row, actor=who)
    row.refresh_from_db()
    return Answer(deliveries.aside_shape(row), code=UNREADABLE if row.problem else DONE)


def dismiss(number: Number, reason: Annotated[str, typer.Option(help="One sentence: what it was.")]) -> Any:
    """Take a delivery off the list of those that wait. Its payload stays."""
    who = actor()
    row = deliveries.find_delivery(who, number)
    aside.dismiss(row, actor=who, reason=reason)
    return deliveries.aside_shape(row)
