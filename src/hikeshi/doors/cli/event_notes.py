"""`timeline star | tag | comment`, their undo, and `timeline notes`: what people say about single events."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hikeshi.desk.timelines import notes
from hikeshi.desk.timelines.models import EventNote
from hikeshi.doors import find, shapes
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.who import actor

Event = Annotated[str, typer.Argument(help="The event_uid of `timeline show --json`.")]
Why = Annotated[str, typer.Option(help="Why it is taken back; a comment needs a reason.")]


def star(incident: str, name: str, event: Event) -> Any:
    """Star one event: look here."""
    return _note(incident, name, event, "star")


def tag(incident: str, name: str, event: Event, word: Annotated[str, typer.Argument(help="Such as exfil.")]) -> Any:
    """Put a short word on one event."""
    return _note(incident, name, event, "tag", word)


def comment(
    incident: str, name: str, event: Event, text: Annotated[str, typer.Argument(help="Plain text, 2000 characters.")]
) -> Any:
    """Write a comment on one event."""
    return _note(incident, name, event, "comment", text)


def _note(incident: str, name: str, event: str, kind: str, text: str = "") -> Any:
    who = actor()
    return shapes.note(notes.note(find.timeline(find.incident(who, incident), name), event, kind, text, actor=who))


def unstar(incident: str, name: str, event: Event, reason: Why = "") -> None:
    """Take the star off one event."""
    _take_back(incident, name, reason, event_uid=event.lower(), kind="star")


def untag(
    incident: str, name: str, event: Event, word: Annotated[str, typer.Argument(help="The tag.")], reason: Why = ""
) -> None:
    """Take a tag off one event."""
    _take_back(incident, name, reason, event_uid=event.lower(), kind="tag", text=word.lower())


def uncomment(
    incident: str,
    name: str,
    number: Annotated[int, typer.Argument(help="A number of `timeline notes`.")],
    reason: Why = "",
) -> None:
    """Remove a comment. What it said stays in the ledger."""
    _take_back(incident, name, reason, pk=number, kind="comment")


def _take_back(incident: str, name: str, reason: str, **which: Any) -> None:
    who = actor()
    row: EventNote = find.note(find.timeline(find.incident(who, incident), name), **which)
    notes.take_back(row, actor=who, reason=reason)


def list_notes(incident: str, name: str) -> Answer:
    """The stars, tags and comments on the events of a timeline, in the order of the events."""
    rows = find.timeline(find.incident(actor(), incident), name).notes.all()
    return Answer([shapes.note(row) for row in rows], columns=("note", "ts", "kind", "text", "made_by", "event_uid"))
