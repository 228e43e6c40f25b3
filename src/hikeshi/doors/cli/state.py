"""`incident contained | gates | impact | rhythm | section | state | update`: where an incident stands, and what is missing."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hikeshi.desk.incidents import containment, impacts, sections, updates
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.reports.standing import markdown
from hikeshi.doors import find, shapes, standing
from hikeshi.doors.cli import session
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.incident import Name, Reason, Version, words
from hikeshi.doors.cli.who import actor


def state(name: Name) -> Any:
    """The state document, in the language of --lang; with --json all of it as data."""
    row = find.incident(actor(), name)
    return standing.state(row) if session.options.json else markdown(row, session.options.language)


def section(
    name: Name,
    key: Annotated[str, typer.Argument(help="objective, impact or next.")],
    text: Annotated[
        str,
        typer.Argument(
            help="The new text; - reads standard input. Lines of the impact begin with confirmed:, suspected: or unknown:."
        ),
    ],
    version: Version = None,
) -> Any:
    """Replace one section of the state document."""
    who = actor()
    return standing.section(sections.write(find.incident(who, name), key, words(text), actor=who, version=version))


def impact(
    name: Name,
    functional: Annotated[str, typer.Option(help="none, low, medium or high.")],
    information: Annotated[str, typer.Option(help="none, privacy, proprietary or integrity.")],
    recoverability: Annotated[str, typer.Option(help="regular, supplemented, extended or not_recoverable.")],
    version: Version = None,
) -> Any:
    """Judge the impact: what stopped working, what happened to data, how hard it is to come back."""
    who = actor()
    row = find.incident(who, name)
    impacts.judge(
        row, actor=who, functional_impact=functional, information_impact=information, recoverability=recoverability,
        version=version,
    )  # fmt: skip
    return {field: getattr(row, field) for field in impacts.FIELDS}


def update(
    name: Name,
    text: Annotated[str, typer.Argument(help="What is known now; - reads standard input.")],
    audience: Annotated[str, typer.Option(help="For whom it is.")],
) -> Any:
    """Put an update on record; the clock of the next one starts."""
    who = actor()
    row = find.incident(who, name)
    updates.send(row, words(text), actor=who, audience=audience)
    return updates.sent(row)[0]


def rhythm(
    name: Name,
    minutes: Annotated[int, typer.Argument(help="Minutes between updates; 0: as the severity says.")],
    reason: Reason,
    version: Version = None,
) -> Any:
    """Change how often an update is due."""
    who = actor()
    row = find.incident(who, name)
    updates.set_rhythm(row, minutes or None, actor=who, reason=reason, version=version)
    return shapes.incident_detail(Incident.objects.get(pk=row.pk))


def contained(name: Name, reason: Reason) -> Any:
    """State that it is contained, where no action of ours has proven it."""
    who = actor()
    row = find.incident(who, name)
    containment.state_contained(row, actor=who, reason=reason)
    return shapes.incident_detail(Incident.objects.get(pk=row.pk))


def gates(name: Name) -> Answer:
    """What keeps it from being closed."""
    rows = standing.gates(find.incident(actor(), name))
    return Answer(rows, columns=("gate", "title", "open"))
