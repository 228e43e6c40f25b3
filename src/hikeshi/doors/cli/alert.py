"""`alert ingest | list | report | show | triage`: what arrived, and what people think of it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from django.conf import settings

from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.alerts import reporting, verbs
from hikeshi.desk.incidents.sight import alerts
from hikeshi.doors import find, shapes
from hikeshi.doors.cli import session
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.exits import DONE, UNREADABLE
from hikeshi.doors.cli.who import actor

Name = Annotated[str, typer.Argument(help="An alert, such as ALR-7 or 7.")]


def ingest(
    file: Annotated[str, typer.Argument(help="A file with the payload; - is standard input.")],
    source: Annotated[str, typer.Option(help="Where it comes from, for people.")] = "cli",
    message_id: Annotated[str, typer.Option(help="The sender's id: the same one twice is kept once.")] = "",
) -> Answer:
    """Hand in a payload as it is. One that cannot be understood is kept too: exit code 5, with the problem named."""
    payload = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    simulated = bool(settings.ENVIRONMENT.aws_endpoint_url)
    kept = verbs.receive(payload, actor=actor(), source=source, message_id=message_id, simulated=simulated)
    return Answer(shapes.delivery(kept), code=UNREADABLE if kept.problem else DONE)


def list_alerts(
    waiting: Annotated[bool, typer.Option(help="Only those without a verdict and without an incident.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="Rows at most.")] = 50,
) -> Answer:
    """The queue of alerts, newest first."""
    who = actor()
    require(who, "triage")
    rows = alerts(who)
    rows = rows.filter(verdict="", incidents__isnull=True) if waiting else rows
    columns = ("name", "received_at", "suggested_severity", "kind", "title", "verdict")
    return Answer([shapes.alert(row) for row in rows[:limit]], columns=columns)


def report(
    what: Annotated[str, typer.Argument(help="What happened, in a few words.")],
    when: Annotated[str, typer.Option(help="When, as far as is known.")] = "",
    device: Annotated[str, typer.Option(help="Which device.")] = "",
    call_back: Annotated[str, typer.Option(help="Whom to call back, and how.")] = "",
) -> Any:
    """Write down what somebody noticed or told you, as the form on /report/ does. Answers with the number to quote."""
    simulated = bool(settings.ENVIRONMENT.aws_endpoint_url)
    kept = reporting.report(
        actor=actor(), what=what, when=when, device=device, call_back=call_back,
        language=session.options.language, simulated=simulated,
    )  # fmt: skip
    return {"number": kept.number, **shapes.delivery(kept.delivery)}


def show(name: Name) -> Any:
    """One alert, as it was understood."""
    return shapes.alert(find.alert(actor(), name))


def triage(
    name: Name,
    verdict: Annotated[str, typer.Option(help="true, false, benign, duplicate, test or exercise.")],
    reason: Annotated[str, typer.Option(help="One sentence: what you looked at.")],
) -> Any:
    """Record what you think of an alert, with the reason the next shift reads."""
    who = actor()
    return shapes.alert(verbs.triage(find.alert(who, name), actor=who, verdict=verdict, reason=reason))
