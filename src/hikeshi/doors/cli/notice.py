"""`notice list | show | ack | resend`: who was told what, and whether somebody has it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hikeshi.desk.notices import verbs
from hikeshi.doors import find, notices
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.who import actor

Number = Annotated[str, typer.Argument(help="The number of a notice.")]
COLUMNS = ("notice", "made_at", "incident", "recipient", "level", "subject", "state", "acknowledged_by")


def list_notices(
    incident: Annotated[str, typer.Argument(help="Of this incident only.")] = "",
    state: Annotated[
        str, typer.Option(help="waiting, sent, delivered, failed, acknowledged, dropped or unreachable.")
    ] = "",
    limit: Annotated[int, typer.Option(min=1, help="Rows at most.")] = 50,
) -> Answer:
    """Your notices and those of incidents you may read, newest first."""
    who = actor()
    rows = verbs.visible(who).prefetch_related("tries")
    rows = rows.filter(incident=find.incident(who, incident)) if incident else rows
    rows = rows.filter(state=state) if state else rows
    return Answer([notices.notice(row) for row in rows[:limit]], columns=COLUMNS)


def show(number: Number) -> Any:
    """One notice with every try to deliver it."""
    return notices.notice(notices.find_notice(actor(), number))


def ack(number: Number) -> Any:
    """Say "I have it": nobody else is woken. The page of an incident acknowledges the incident, where you may."""
    who = actor()
    row = notices.find_notice(who, number)
    verbs.acknowledge(row, actor=who)
    row.refresh_from_db()
    return notices.notice(row)


def resend(number: Number) -> Any:
    """Send it once more by all ways there are now, such as after an address was corrected."""
    who = actor()
    row = notices.find_notice(who, number)
    verbs.resend(row, actor=who)
    return notices.notice(row)
