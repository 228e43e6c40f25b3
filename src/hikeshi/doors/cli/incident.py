"""`incident declare | list | show | acknowledge | severity | phase | note | summary | close | reopen`."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from hikeshi.desk.incidents import secrecy, verbs
from hikeshi.desk.incidents.linking import OVER
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.reviews import closing
from hikeshi.doors import find, shapes
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.times import optional
from hikeshi.doors.cli.who import actor

Name = Annotated[str, typer.Argument(help="An incident, such as INC-2026-001.")]
Reason = Annotated[str, typer.Option(help="One sentence, kept in the record.")]
Version = Annotated[int | None, typer.Option(help="The version you saw: refused when somebody wrote since.")]
COLUMNS = ("name", "severity", "status", "title", "detected_at", "simulated")


def declare(
    title: str,
    severity: Annotated[int, typer.Option(min=1, max=4, help="1 (critical) to 4 (low).")],
    reason: Reason,
    alert: Annotated[list[str] | None, typer.Option(help="An alert it comes from; several times for several.")] = None,
    detected_at: Annotated[str, typer.Option(help="ISO 8601 with zone; the response clock counts from here.")] = "",
    occurred_at: Annotated[str, typer.Option(help="ISO 8601 with zone.")] = "",
    simulated: Annotated[bool, typer.Option(help="An exercise.")] = False,
    restricted: Annotated[bool, typer.Option(help="For named people only, from its first moment.")] = False,
    roles: Annotated[bool, typer.Option(help="Give the roles as `role propose` says, or leave them to you.")] = True,
) -> Any:
    """Declare an incident: number, first phase, response clock, roles from the contact list."""
    who = actor()
    row = (secrecy.declare_restricted if restricted else verbs.declare)(
        title, severity, actor=who, reason=reason, alerts=[find.alert(who, name) for name in alert or ()],
        detected_at=optional(detected_at), occurred_at=optional(occurred_at), simulated=simulated, fill=roles,
    )  # fmt: skip
    return shapes.incident_detail(row)


def list_incidents(
    status: Annotated[str, typer.Option(help="open, or one status.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="Rows at most.")] = 50,
) -> Answer:
    """The incidents you may read, the most severe first."""
    rows = verbs.visible(actor())
    if status:
        rows = rows.exclude(status__in=OVER) if status == "open" else rows.filter(status=status)
    return Answer([shapes.incident(row) for row in rows[:limit]], columns=COLUMNS)


def show(name: Name) -> Any:
    """One incident with its phases, roles, clocks and alerts."""
    return shapes.incident_detail(find.incident(actor(), name))


def acknowledge(name: Name) -> Any:
    """Take it: the response clock stops. Doing it twice changes nothing."""
    who = actor()
    row = find.incident(who, name)
    verbs.acknowledge(row, actor=who)
    return _fresh(row)


def severity(
    name: Name,
    level: Annotated[int, typer.Argument(min=1, max=4, help="1 (critical) to 4 (low).")],
    reason: Reason,
    version: Version = None,
) -> Any:
    """Raise or lower the severity."""
    who = actor()
    row = find.incident(who, name)
    verbs.change_severity(row, level, actor=who, reason=reason, version=version)
    return _fresh(row)


def phase(
    name: Name,
    phase_: Annotated[
        str,
        typer.Argument(
            metavar="PHASE", help="detection_analysis, containment, eradication, recovery or lessons_learned."
        ),
    ],
    leave: Annotated[bool, typer.Option(help="Its work is done for now.")] = False,
) -> Any:
    """Enter a phase, again too, or leave it for now."""
    who = actor()
    row = find.incident(who, name)
    (verbs.leave_phase if leave else verbs.enter_phase)(row, phase_, actor=who)
    return _fresh(row)


def note(name: Name, text: Annotated[str, typer.Argument(help="What happened; - reads standard input.")]) -> None:
    """Write into the incident's stream."""
    who = actor()
    verbs.note(find.incident(who, name), words(text), actor=who)


def summary(
    name: Name,
    text: Annotated[str, typer.Argument(help="The new summary; - reads standard input.")],
    version: Version = None,
) -> Any:
    """Replace the summary. Say which version you saw, where others may be writing too."""
    who = actor()
    row = find.incident(who, name)
    verbs.summarise(row, words(text), actor=who, version=version)
    return _fresh(row)


def close(
    name: Name,
    reason: Reason,
    override: Annotated[
        list[str] | None,
        typer.Option(help="GATE=REASON: close although this gate is open; several times. `incident gates` lists them."),
    ] = None,
) -> Any:
    """End it, once nothing is open or each open gate is overridden. Its review falls due from here for SEV-1 and SEV-2."""
    who = actor()
    row = find.incident(who, name)
    pairs = [text.partition("=") for text in override or ()]
    closing.close(row, actor=who, reason=reason, overrides={gate: why for gate, _, why in pairs})
    return _fresh(row)


def reopen(name: Name, reason: Reason) -> Any:
    """It was not over after all."""
    who = actor()
    row = find.incident(who, name)
    verbs.reopen(row, actor=who, reason=reason)
    return _fresh(row)


def words(text: str) -> str:
    return sys.stdin.read().replace("\x00", "\ufffd") if text == "-" else text


def _fresh(row: Incident) -> Any:
    return shapes.incident_detail(Incident.objects.get(pk=row.pk))
