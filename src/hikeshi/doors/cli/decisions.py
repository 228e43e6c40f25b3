"""`decision ask | decide | list | look-back | object`: what the response decided, and why."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hikeshi.desk.incidents import decisions
from hikeshi.doors import find, standing
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.times import optional
from hikeshi.doors.cli.who import actor

Number = Annotated[int, typer.Argument(help="The decision's number.")]
Version = Annotated[int | None, typer.Option(help="The version you saw.")]


def ask(
    incident: str,
    question: Annotated[str, typer.Argument(help="What has to be decided, in one sentence.")],
    option: Annotated[list[str] | None, typer.Option(help="One option; several times for several.")] = None,
    by: Annotated[str, typer.Option(help="ISO 8601 with zone: until when.")] = "",
) -> Any:
    """Put a question to whoever commands."""
    who = actor()
    row = decisions.ask(find.incident(who, incident), question, actor=who, options=option or (), decide_by=optional(by))
    return standing.decision(row)


def decide(
    incident: str,
    decision: Number,
    chosen: Annotated[str, typer.Argument(help="What was chosen: an option, or other words.")],
    reason: Annotated[str, typer.Option(help="Why; kept in the record.")],
    version: Version = None,
) -> Any:
    """Decide, once."""
    who = actor()
    row = standing.find_decision(find.incident(who, incident), decision)
    decisions.decide(row, chosen, actor=who, reason=reason, version=version)
    return standing.decision(row)


def object_to(
    incident: str, decision: Number, text: Annotated[str, typer.Argument(help="What would go wrong.")]
) -> Any:
    """A strong objection, under your name."""
    who = actor()
    row = standing.find_decision(find.incident(who, incident), decision)
    decisions.object_to(row, text, actor=who)
    return standing.decision(row)


def look_back(
    incident: str,
    decision: Number,
    text: Annotated[str, typer.Argument(help="How it looks with what is known now.")],
    version: Version = None,
) -> Any:
    """For the post-mortem: how the decision looks now."""
    who = actor()
    row = standing.find_decision(find.incident(who, incident), decision)
    decisions.look_back(row, text, actor=who, version=version)
    return standing.decision(row)


def list_decisions(
    incident: str, undecided: Annotated[bool, typer.Option("--open", help="Only what is not decided yet.")] = False
) -> Answer:
    """The decisions of an incident, made and open."""
    row = find.incident(actor(), incident)
    rows = decisions.undecided(row) if undecided else row.decisions.all()
    columns = ("decision", "question", "chosen", "decide_by", "decided_by", "reason", "version")
    return Answer([standing.decision(one) for one in rows], columns=columns)
