"""`evidence describe | correct | note`: what is said of an item, and what happened to it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hikeshi.desk.evidence import notes, record as records
from hikeshi.doors import custody, find, shapes
from hikeshi.doors.cli.record_options import TIMES, with_record
from hikeshi.doors.cli.times import optional, time_of
from hikeshi.doors.cli.who import actor

Number = Annotated[str, typer.Argument(help="An item, such as EV-001.")]
Version = Annotated[int, typer.Option(help="The version of the record you read (`evidence show`); 0: whatever it is.")]


@with_record
def describe(
    incident: str,
    item: Number,
    *,
    title: Annotated[str, typer.Option(help="What it is, in one line.")] = "",
    kind: Annotated[
        str, typer.Option(help="disk, file, logs, malware, memory, network, receipt, report, snapshot, state.")
    ] = "",
    source: Annotated[str, typer.Option(help="Where it came from.")] = "",
    reason: Annotated[str, typer.Option(help="Why, where something was said already and is corrected.")] = "",
    version: Version = 0,
    record: dict[str, Any],
) -> Any:
    """Fill what was not said of an item yet. What was said already is corrected, which needs --reason."""
    who = actor()
    row = find.item(find.incident(who, incident), item)
    fields = {"title": title, "kind": kind, "source": source} | record
    records.describe(row, actor=who, fields=fields, reason=reason, version=version or None)
    row.refresh_from_db()
    return custody.detail(row)


def correct(
    incident: str,
    item: Number,
    field: Annotated[str, typer.Argument(help="A field of the record, as `evidence show --json` names it.")],
    value: Annotated[str, typer.Argument(help="What is right; empty takes back what was said.")],
    reason: Annotated[str, typer.Option(help="What was wrong with it.")],
    version: Version = 0,
) -> Any:
    """Correct one field. The entry names both texts, the reason and the entry it corrects; nothing is overwritten unseen."""
    who = actor()
    row = find.item(find.incident(who, incident), item)
    meant: Any = value
    if field in TIMES or field == "clock_offset_us":
        meant = _other_than_text(field, value)
    return shapes.entry(records.correct(row, field, meant, actor=who, reason=reason, version=version or None))


def _other_than_text(field: str, value: str) -> Any:
    if not value:
        return None
    return time_of(value) if field in TIMES else int(value) if value.lstrip("-").isdecimal() else value


def note(
    incident: str,
    item: Number,
    text: Annotated[str, typer.Argument(help="What happened, 2000 characters.")],
    kind: Annotated[str, typer.Option(help="note, copy (a working copy was made) or analyse.")] = "note",
    purpose: Annotated[str, typer.Option(help="What for; a copy and an analysis need it.")] = "",
    tool: Annotated[str, typer.Option(help="With which tool and version.")] = "",
    place: Annotated[str, typer.Option(help="Where.")] = "",
    at: Annotated[str, typer.Option(help="When it happened, ISO 8601 with zone; without it, now.")] = "",
    clock: Annotated[str, typer.Option(help="By which clock that time was read.")] = "",
) -> Any:
    """Add a custody line: a note, a working copy made, an analysis."""
    who = actor()
    row = find.item(find.incident(who, incident), item)
    made = notes.note(
        row,
        text,
        actor=who,
        kind=kind,
        purpose=purpose,
        tool=tool,
        place=place,
        occurred_at=optional(at),
        time_source=clock,
    )
    return shapes.entry(made)
