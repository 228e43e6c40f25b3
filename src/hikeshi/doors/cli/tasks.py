"""`task done | drop | give | list | mine | reassign | take`: who does what until when."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hikeshi.desk.incidents import tasks
from hikeshi.desk.incidents.verbs import require_on
from hikeshi.doors import find, standing
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.times import optional
from hikeshi.doors.cli.who import actor

Number = Annotated[int, typer.Argument(help="The task's number.")]
Version = Annotated[int | None, typer.Option(help="The version you saw.")]
COLUMNS = ("task", "incident", "title", "owner", "state", "due", "overdue")


def give(
    incident: str,
    title: Annotated[str, typer.Argument(help="What has to be done, in one line.")],
    owner: Annotated[str, typer.Option(help="A user name; empty: whoever takes it.")] = "",
    due: Annotated[str, typer.Option(help="ISO 8601 with zone.")] = "",
) -> Any:
    """Ask somebody for a piece of work."""
    who = actor()
    row = find.incident(who, incident)
    require_on(who, "write", row)  # before names are looked up: they are not everybody's to try
    task = tasks.give(row, title, actor=who, owner=find.person(owner) if owner else None, due=optional(due))
    return standing.task(task)


def take(incident: str, task: Number, version: Version = None) -> Any:
    """Say yes to a task of yours, or to one that is nobody's."""
    who = actor()
    row = standing.find_task(find.incident(who, incident), task)
    tasks.take(row, actor=who, version=version)
    return standing.task(row)


def done(
    incident: str,
    task: Number,
    outcome: Annotated[str, typer.Argument(help="What came of it.")],
    version: Version = None,
) -> Any:
    """The work is done."""
    who = actor()
    row = standing.find_task(find.incident(who, incident), task)
    tasks.done(row, actor=who, outcome=outcome, version=version)
    return standing.task(row)


def drop(
    incident: str, task: Number, reason: Annotated[str, typer.Option(help="Why.")], version: Version = None
) -> Any:
    """The work is not needed, or cannot be done."""
    who = actor()
    row = standing.find_task(find.incident(who, incident), task)
    tasks.drop(row, actor=who, reason=reason, version=version)
    return standing.task(row)


def reassign(
    incident: str,
    task: Number,
    owner: Annotated[str, typer.Argument(help="A user name.")],
    due: Annotated[str, typer.Option(help="ISO 8601 with zone; empty: as it was.")] = "",
    version: Version = None,
) -> Any:
    """Give the task to somebody else."""
    who = actor()
    found = find.incident(who, incident)
    require_on(who, "write", found)  # as above
    row = standing.find_task(found, task)
    tasks.reassign(row, find.person(owner), actor=who, due=optional(due), version=version)
    return standing.task(row)


def list_tasks(
    incident: str, undone: Annotated[bool, typer.Option("--open", help="Only what is still to do.")] = False
) -> Answer:
    """The tasks of an incident."""
    row = find.incident(actor(), incident)
    rows = tasks.undone(row) if undone else row.tasks.select_related("owner", "incident")
    return Answer([standing.task(one) for one in rows], columns=COLUMNS)


def mine() -> Answer:
    """Your own tasks over all incidents, the most urgent first."""
    return Answer([standing.task(one) for one in tasks.mine(actor())], columns=COLUMNS)
