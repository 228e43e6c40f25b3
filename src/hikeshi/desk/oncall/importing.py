"""Shifts from the file of another system, without a database: which people, from when until when, and what could not be read.

Read are iCalendar (RFC 5545), and CSV with the names that PagerDuty (`start`, `end`, `user`, ...; API "rendered schedule entries")
and Opsgenie (`startDate`, `endDate`, `recipient`, ...; API "schedule timeline") give to these fields, or with `person`, `start`, `end`.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

from hikeshi.desk.oncall import ical
from hikeshi.desk.oncall.ical import Bad, Found
from hikeshi.errors import Unreadable

MOST_BYTES: Final = 1 << 20
MOST_SHIFTS: Final = 5000
BEHIND: Final = timedelta(days=90)
AHEAD: Final = timedelta(days=400)
"""What lies further away is counted and left out: a rule without an end has to end somewhere."""

Source = Literal["ical", "opsgenie", "pagerduty", "other"]


class Columns(NamedTuple):
    """How a system calls its columns, in small letters and digits only. `people` in the order in which they are believed."""

    start: tuple[str, ...]
    end: tuple[str, ...]
    people: tuple[str, ...]


SHAPES: Final[dict[Source, Columns]] = {
    "opsgenie": Columns(
        ("startdate",), ("enddate",), ("recipientemail", "recipientname", "recipient", "participant", "username", "user")
    ),
    "other": Columns(("start",), ("end",), ("person", "contact")),
    "pagerduty": Columns(
        ("start", "starttime", "oncallstart"), ("end", "endtime", "oncallend"),
        ("useremail", "email", "usersummary", "username", "user", "name"),
    ),
}  # fmt: skip


class Reading(NamedTuple):
    """What a file holds: shifts in order of time, what could not be read, and how many lie too far away."""

    source: Source
    found: list[Found]
    bad: list[Bad]
    outside: int


def read(content: bytes, *, now: datetime, zone: ZoneInfo) -> Reading:
    """Everything in a file that lies around `now`. Times without a zone, and whole days, are of `zone`.

    Raises `Unreadable` for what is no such file, is too large or holds too many shifts.
    """
    if len(content) > MOST_BYTES:
        raise _unreadable("it is too large.", f"A file has up to {MOST_BYTES:,} bytes.")
    text = _decoded(content)
    source, rows = _rows(text, now, zone)
    found: list[Found] = []
    bad: list[Bad] = []
    outside = 0
    for row in rows:
        if isinstance(row, Bad):
            bad.append(row)
        elif now - BEHIND < row.end and row.start < now + AHEAD:
            found.append(row)
        else:
            outside += 1
        if len(found) + len(bad) > MOST_SHIFTS:
            raise _unreadable(f"it holds more than {MOST_SHIFTS:,} shifts.", "Export less at once.")
    return Reading(source, sorted(found, key=lambda one: (one.start, one.place)), bad, outside)


def _rows(text: str, now: datetime, zone: ZoneInfo) -> tuple[Source, Iterator[Found | Bad]]:
    if text.lstrip()[:15].upper() == "BEGIN:VCALENDAR":
        return "ical", ical.shifts(text, now - BEHIND, now + AHEAD, zone)
    return _table(text, zone)


def _table(text: str, zone: ZoneInfo) -> tuple[Source, Iterator[Found | Bad]]:
    """Which system a CSV file is of, by its header, and its rows."""
    reader = csv.reader(text.splitlines(keepends=True), strict=True)
    try:
        header = [re.sub(r"[^a-z0-9]", "", name.lower()) for name in next(reader, [])]
    except csv.Error as problem:
        raise _unreadable(f"{problem}.", "Save it as CSV (UTF-8).", "line 1") from problem
    for source, columns in SHAPES.items():
        start, end = _place(header, columns.start), _place(header, columns.end)
        people = [header.index(name) for name in columns.people if name in header]
        if start is not None and end is not None and people:
            return source, _lines(reader, start, end, people, zone)
    raise _unreadable("it is no rota.", "Read are iCalendar, and CSV with the columns person, start and end.", "line 1")


def _place(header: list[str], names: tuple[str, ...]) -> int | None:
    return next((header.index(name) for name in names if name in header), None)


def _lines(reader: Any, start: int, end: int, people: list[int], zone: ZoneInfo) -> Iterator[Found | Bad]:
    try:
        for cells in reader:
            if any(cells):
                yield _line(f"line {reader.line_num}", cells, start, end, people, zone)
    except csv.Error as problem:
        raise _unreadable(f"{problem}.", "Save it as CSV (UTF-8).", f"line {reader.line_num}") from problem


def _line(place: str, cells: list[str], start: int, end: int, people: list[int], zone: ZoneInfo) -> Found | Bad:
    if max(start, end, *people) >= len(cells):
        return Bad(place, "it has too few cells")
    names = tuple(cells[one].strip() for one in people if cells[one].strip())
    if not names:
        return Bad(place, "it names nobody")
    try:
        begun, ended = (_moment(cells[one], zone) for one in (start, end))
    except (ValueError, OverflowError):
        return Bad(place, f"no time: {cells[start][:30]!r} or {cells[end][:30]!r}")
    return Found(place, names, begun, ended) if begun < ended else Bad(place, "it ends before it starts")


def _moment(text: str, zone: ZoneInfo) -> datetime:
    at = datetime.fromisoformat(text.strip())
    return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)


def _decoded(content: bytes) -> str:
    for encoding in ("utf-8-sig", "cp932"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise _unreadable("it is neither UTF-8 nor Shift_JIS.", "Save it as UTF-8.")


def _unreadable(message: str, hint: str, place: str = "") -> Unreadable:
    return Unreadable(message, source="the file", place=place, hint=hint)
