"""`alert similar`, `incident similar`: what of the past looks like this; `alert suggest`: how grave it looks now."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.alerts import weighing
from hikeshi.desk.alerts.models import Group
from hikeshi.doors import find, similar
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.options import WrongUsage
from hikeshi.doors.cli.who import actor

Exercises = Annotated[bool, typer.Option("--exercises", help="Exercises too.")]
Limit = Annotated[int, typer.Option(min=1, max=50, help="Rows at most.")]
COLUMNS = ("name", "title", "severity", "status", "declared_at", "reasons")


def to_alert(
    name: Annotated[str, typer.Argument(help="A group, such as GRP-7, or an alert, such as ALR-7.")],
    exercises: Exercises = False,
    limit: Limit = 5,
) -> Answer:
    """Incidents of the past like this group of alerts, with what they have in common; only those you may read."""
    return Answer(similar.to_alert(actor(), name, exercises=exercises, limit=limit), columns=COLUMNS)


def to_incident(name: str, exercises: Exercises = False, limit: Limit = 5) -> Answer:
    """Incidents like this one, with what they have in common; only those you may read."""
    return Answer(similar.to_incident(actor(), name, exercises=exercises, limit=limit), columns=COLUMNS)


def suggest(
    name: Annotated[str, typer.Argument(help="A group, such as GRP-7.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="All groups that wait or sleep.")] = False,
) -> Answer:
    """Weigh groups again with the asset register and the other groups as they are now. A person still decides."""
    who = actor()
    if everything == bool(name):
        raise WrongUsage("Name a group, or --all.", hint="hikeshi alert suggest GRP-7, or hikeshi alert suggest --all.")
    require(who, "triage")
    rows = Group.objects.filter(state__in=weighing.OPEN) if everything else [find.group(who, name)]
    done = [weighing.suggest(row, actor=who) for row in rows]
    return Answer([_line(row) for row in done], columns=("name", "suggested_severity", "title", "reasons"))


def _line(row: Group) -> dict[str, Any]:
    return {"name": str(row), "title": row.title, "suggested_severity": row.suggested_severity, "reasons": row.reasons}
