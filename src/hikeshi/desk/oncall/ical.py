"""Shifts in iCalendar (RFC 5545): read from the events of a file, and written as one.

An event is one shift, or one for each date of its RRULE and RDATE but its EXDATE. Shifts keep their wall-clock length over a change of the
clocks, as calendars show them; of DURATION only whole days do, as the RFC has it. An event with RECURRENCE-ID replaces that date.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr
from icalendar import Calendar, Event

from hikeshi.errors import Unreadable

MOST_EVENTS: Final = 5000
MOST_DAYS: Final = 500_000
"""Days that rules may count through, over all events of a file: a file of a few kilobytes could ask for hours otherwise."""
LONGEST_RULE: Final = 300
RULE: Final = re.compile(
    r"(?:(?:FREQ=(?:DAILY|WEEKLY|MONTHLY|YEARLY)|INTERVAL=[1-9]\d{0,3}|COUNT=\d{1,5}|UNTIL=[0-9TZ]+|WKST=\w\w"
    r"|BYDAY=(?:,?-?[1-4]?[A-Z]{2})+|BYMONTHDAY=(?:,?-?(?:[12]?\d|3[01]))+)(?:;|$))+",
    re.ASCII,
)
SURE: Final = {
    ("DAILY", ()), ("DAILY", ("INTERVAL",)), ("DAILY", ("BYDAY",)), ("WEEKLY", ()), ("WEEKLY", ("INTERVAL",)),
    ("WEEKLY", ("BYDAY",)), ("WEEKLY", ("BYDAY", "INTERVAL")), ("MONTHLY", ()), ("MONTHLY", ("BYDAY",)),
    ("MONTHLY", ("BYMONTHDAY",)), ("YEARLY", ()),
}  # fmt: skip
"""Rules that surely meet a date soon. For one that never does (30 February) the library would count to the year 9999."""
ZONES: Final = re.compile(r"^BEGIN:VTIMEZONE\b.*?^END:VTIMEZONE\b[^\n]*\n?", re.DOTALL | re.MULTILINE | re.IGNORECASE)
ODD: Final = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError, OSError)
"""What libraries raise for text that is no calendar; `OSError` for a zone that is the name of a folder."""


class Found(NamedTuple):
    """One shift in UTC. `names`: names and mail addresses of whose it is; `place`: a line or UID of the file."""

    place: str
    names: tuple[str, ...]
    start: datetime
    end: datetime


class Bad(NamedTuple):
    """What was left out, and why."""

    place: str
    reason: str


class _Odd(Exception):
    """An event that is not understood; the message says why."""


class _Moment(NamedTuple):
    """A time on the wall clock of a zone; a whole day is its midnight."""

    wall: datetime
    zone: tzinfo

    def after(self, nominal: timedelta, exact: timedelta) -> datetime:
        return (self.wall + nominal).replace(tzinfo=self.zone).astimezone(UTC) + exact

    @property
    def utc(self) -> datetime:
        return self.after(timedelta(), timedelta())


def shifts(text: str, start: datetime, end: datetime, zone: ZoneInfo) -> Iterator[Found | Bad]:
    """The shifts of a file; of rules only what touches the stretch. `zone` is for whole days and times without one.

    Zones are known by their names; definitions in the file are not used. Raises `Unreadable` for what is no calendar.
    """
    try:
        events = Calendar.from_ical(ZONES.sub("", text)).walk("VEVENT")
    except ODD as problem:
        raise Unreadable("it is no calendar.", source="the file", hint="Export it as .ics again.") from problem
    if len(events) > MOST_EVENTS:
        raise Unreadable(f"it holds more than {MOST_EVENTS:,} events.", source="the file", hint="Export less at once.")
    moved = _moved(events, zone)
    counted = 0
    for number, event in enumerate(events, 1):
        place = f"UID {str(event.get('UID', ''))[:120]}" if event.get("UID") else f"event {number}"
        try:
            counted += _days(event, end, zone)
            if counted > MOST_DAYS:
                raise Unreadable("its rules go too far back.", source="the file", hint="Export less at once.")
            yield from _of_event(event, place, (start, end), zone, moved.get(str(event.get("UID", "")), set()))
        except _Odd as problem:
            yield Bad(place, str(problem))
        except ODD:
            yield Bad(place, "it is not understood")


def _moved(events: Iterable[Any], zone: ZoneInfo) -> dict[str, set[datetime]]:
    """By UID, the dates of a rule in whose place other events stand."""
    found: dict[str, set[datetime]] = {}
    for event in events:
        if "RECURRENCE-ID" in event and not event.errors:
            with suppress(_Odd, *ODD):  # the event itself will be named as one that is not understood
                found.setdefault(str(event.get("UID", "")), set()).add(_moment(event["RECURRENCE-ID"], zone).utc)
    return found


def _days(event: Any, end: datetime, zone: ZoneInfo) -> int:
    """How many days its rules count through."""
    if "RRULE" not in event or event.errors:
        return 0
    return max(0, (end - _moment(event["DTSTART"], zone).utc).days) * len(_all(event, "RRULE"))


def _of_event(
    event: Any, place: str, within: tuple[datetime, datetime], zone: ZoneInfo, moved: set[datetime]
) -> Iterator[Found | Bad]:
    if event.errors:
        raise _Odd(f"{event.errors[0][0]}: {event.errors[0][1]}"[:200])
    if str(event.get("STATUS", "")).upper() == "CANCELLED":
        return
    names = _names(event)
    if not names:
        raise _Odd("it names nobody: neither attendee nor summary")
    begun = _moment(event["DTSTART"], zone) if "DTSTART" in event else None
    if begun is None:
        raise _Odd("it has no start")
    nominal, exact = _length(event, begun, zone)
    if begun.after(nominal, exact) <= begun.utc:
        raise _Odd("it ends before it starts")
    alone = "RECURRENCE-ID" in event
    for at in [begun] if alone else _dates(event, begun, within, nominal + exact, zone, moved):
        yield Found(place, names, at.utc, at.after(nominal, exact))


def _dates(
    event: Any, begun: _Moment, within: tuple[datetime, datetime], length: timedelta, zone: ZoneInfo, moved: set[datetime]
) -> list[_Moment]:  # fmt: skip
    """When its shifts start, each once. Of rules only what touches the stretch `within`."""
    found = {begun.utc: begun}
    for rule in _all(event, "RRULE"):
        for wall in _by_rule(rule.to_ical().decode(), begun, within, length):
            at = _Moment(wall, begun.zone)
            found[at.utc] = at
    for one in _listed(event, "RDATE"):
        at = _moment(one, zone)
        found[at.utc] = at
    dropped = {_moment(one, zone) for one in _listed(event, "EXDATE") if isinstance(one.dt, datetime)}
    instants = moved | {one.utc for one in dropped}
    days = {one.dt for one in _listed(event, "EXDATE") if not isinstance(one.dt, datetime)}
    return [at for utc, at in sorted(found.items()) if utc not in instants and at.wall.date() not in days]


def _by_rule(text: str, begun: _Moment, within: tuple[datetime, datetime], length: timedelta) -> Iterator[datetime]:
    """The wall-clock starts of a rule. Rules within a day are no rota, and could be counted for ever."""
    if len(text) > LONGEST_RULE or not RULE.fullmatch(text):
        raise _Odd(f"its rule is not understood: {text[:80]}")
    parts = dict(part.split("=", 1) for part in text.split(";") if part)
    # On the wall clock, and never further than the stretch: the library would go on to the year 9999 for a date that never comes.
    last = within[1].astimezone(begun.zone).replace(tzinfo=None)
    until = parts.pop("UNTIL", "")
    if until:
        last = min(last, _until(until, begun.zone))
    count = int(parts.pop("COUNT", 0))
    if (parts.get("FREQ"), _narrowed(parts)) not in SURE:
        raise _Odd(f"its rule is not understood: {text[:80]}")
    rule = rrulestr(";".join(f"{name}={value}" for name, value in parts.items()), dtstart=begun.wall).replace(
        until=last
    )
    first = within[0].astimezone(begun.zone).replace(tzinfo=None) - length - timedelta(days=1)
    for number, wall in enumerate(rule):
        if count and number >= count:
            return
        if wall >= first:
            yield wall


def _narrowed(parts: dict[str, str]) -> tuple[str, ...]:
    """The names of what narrows a rule, in order."""
    found = {name for name in parts if name not in ("FREQ", "WKST") and (name, parts[name]) != ("INTERVAL", "1")}
    return tuple(sorted(found))


def _until(text: str, zone: tzinfo) -> datetime:
    if len(text) == len("20261102"):
        return datetime.combine(datetime.strptime(text, "%Y%m%d"), time.max)  # noqa: DTZ007 - a day of the wall clock
    at = datetime.strptime(text.removesuffix("Z"), "%Y%m%dT%H%M%S")  # noqa: DTZ007 - the zone follows
    return at.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None) if text.endswith("Z") else at


def _length(event: Any, begun: _Moment, zone: ZoneInfo) -> tuple[timedelta, timedelta]:
    """What it lasts: days of the wall clock, and exact time. A whole day without an end is that day."""
    if "DURATION" in event:
        lasts = event["DURATION"].dt
        return timedelta(days=lasts.days), lasts - timedelta(days=lasts.days)
    if "DTEND" in event:
        end = _moment(event["DTEND"], zone)
        return end.utc.astimezone(begun.zone).replace(tzinfo=None) - begun.wall, timedelta()
    if isinstance(event["DTSTART"].dt, datetime):
        raise _Odd("it has no end")
    return timedelta(days=1), timedelta()


def _moment(value: Any, zone: ZoneInfo) -> _Moment:
    """A date or time. Raises `_Odd` for periods and for a zone whose name is not known."""
    at = value.dt
    if isinstance(at, datetime):
        named = value.params.get("TZID") if at.tzinfo is None else None
        if named:
            raise _Odd(f"there is no time zone {str(named)[:60]!r}")
        return _Moment(at.replace(tzinfo=None), at.tzinfo or zone)
    if isinstance(at, date):
        return _Moment(datetime.combine(at, time()), zone)
    raise _Odd("it holds no time")


def _all(event: Any, name: str) -> list[Any]:
    value = event.get(name, [])
    return value if isinstance(value, list) else [value]


def _listed(event: Any, name: str) -> list[Any]:
    """The dates of a property that may be given several times, each with several."""
    return [one for value in _all(event, name) for one in value.dts]


def _names(event: Any) -> tuple[str, ...]:
    """Whom it may be of: attendees by mail and name; then what the summary says."""
    found = []
    for one in _all(event, "ATTENDEE"):
        found += [re.sub(r"(?i)^mailto:", "", str(one)), str(one.params.get("CN", ""))]
    found.append(str(event.get("SUMMARY", "")))
    return tuple(name.strip() for name in found if name.strip())


class Written(NamedTuple):
    """A shift to write: `uid` stays the same for the same shift, so that a calendar changes it and does not add it again."""

    uid: str
    summary: str
    start: datetime
    end: datetime


def written(name: str, rows: Iterable[Written], *, now: datetime) -> bytes:
    """A calendar of shifts in UTC, as `shifts` reads it."""
    calendar = Calendar()
    calendar.add("PRODID", "-//Hikeshi//On call//EN")
    calendar.add("VERSION", "2.0")
    calendar.add("X-WR-CALNAME", name)
    for row in rows:
        event = Event()
        event.add("UID", row.uid)
        event.add("DTSTAMP", now.astimezone(UTC))
        event.add("DTSTART", row.start.astimezone(UTC))
        event.add("DTEND", row.end.astimezone(UTC))
        event.add("SUMMARY", row.summary)
        calendar.add_component(event)
    return bytes(calendar.to_ical())
