"""Rotations and shifts as plain data, the same for the API and the command line; and a rotation from what was typed."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone

from hikeshi.clocks.calendars import YearMissing, calendars
from hikeshi.desk.oncall import reading
from hikeshi.desk.oncall.models import Override, Rotation
from hikeshi.desk.oncall.verbs import PartSpec
from hikeshi.doors import find
from hikeshi.errors import Refused

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LENGTHS: Final = {"daily": 1, "weekly": 7}
MOST_DAYS: Final = 92
AHEAD: Final = timedelta(days=28)
"""How far holidays are shown beside a rotation."""


def holidays(calendar: str, now: datetime) -> tuple[list[date], str]:
    """The closed days of the coming weeks that are no weekend; and, where a year has no data, what to do: never "none"."""
    if calendar not in calendars():
        return [], ""
    today = timezone.localdate(now)
    try:
        return calendars()[calendar].named(today, today + AHEAD), ""
    except YearMissing as problem:
        return [], problem.message


def rotation_shape(row: Rotation) -> dict[str, Any]:
    days, unknown = holidays(row.calendar, timezone.now())
    return {
        "rotation": row.name, "duty": row.duty, "level": row.level, "calendar": row.calendar, "holidays": days, "holidays_unknown": unknown,
        "parts": [
            {
                "members": [str(one.contact) for one in part.members.all()], "days": part.days, "at_clock": f"{part.at:%H:%M}",
                "time_zone": part.time_zone, "since": part.since,
                "within": f"{part.begin:%H:%M}-{part.end:%H:%M}" if part.begin and part.end else "",
            }
            for part in row.parts.all()
        ],
        "overrides": [override_shape(one) for one in row.overrides.filter(withdrawn_at=None, end__gt=timezone.now())],
    }  # fmt: skip


def override_shape(row: Override) -> dict[str, Any]:
    return {
        "override": row.pk, "rotation": row.rotation.name, "contact": str(row.contact),
        "covers": str(row.covers) if row.covers else None, "start": row.start, "end": row.end, "reason": row.reason,
        "made_by": row.made_by,
    }  # fmt: skip


def shift_shape(row: reading.OnShift) -> dict[str, Any]:
    return {
        "rotation": row.rotation.name, "duty": row.rotation.duty, "contact": str(row.contact), "start": row.start,
        "end": row.end, "why": row.why, "covers": str(row.covered) if row.covered else None,
    }  # fmt: skip


def gap_shape(row: reading.Nobody) -> dict[str, Any]:
    return {"rotation": row.rotation.name, "duty": row.rotation.duty, "start": row.start, "end": row.end}


def part_of(
    members: list[str], *, every: str, weekday: str, at: str, zone: str, hours: str, since: date | None = None
) -> PartSpec:
    """A part from words: `every` is daily, weekly or a number of days; a weekly one begins on the last such weekday.

    Raises `Refused` for what is not understood.
    """
    zone = zone or settings.TIME_ZONE
    days = LENGTHS.get(every) or (int(every) if every.isascii() and every.isdigit() and len(every) < 4 else 0)
    begin, end = _hours(hours)
    return PartSpec(
        members=[find.contact(name) for name in members], time_zone=zone, since=since or _since(zone, days, weekday),
        at=_time(at), days=days, begin=begin, end=end,
    )  # fmt: skip


def _since(zone: str, days: int, weekday: str) -> date:
    try:
        today = timezone.now().astimezone(ZoneInfo(zone)).date()
    except (KeyError, ValueError, OSError) as problem:
        raise Refused(f"There is no time zone {zone[:60]!r}.", hint="Write it like Asia/Tokyo.") from problem
    if weekday not in WEEKDAYS:
        raise Refused(f"{weekday[:20]!r} is no weekday.", hint=f"Use one of: {', '.join(WEEKDAYS)}.")
    if days != 7:
        return today
    return today - timedelta(days=(today.weekday() - WEEKDAYS.index(weekday)) % 7)


def _time(text: str) -> time:
    try:
        return time.fromisoformat(text).replace(tzinfo=None)
    except ValueError as problem:
        raise Refused(f"{text[:20]!r} is no time of day.", hint="Write 09:00.") from problem


def _hours(text: str) -> tuple[time | None, time | None]:
    if not text:
        return None, None
    begin, _, end = text.partition("-")
    return _time(begin), _time(end)


def stretch(start: datetime | None, days: int) -> tuple[datetime, datetime]:
    """From `start`, or now, for so many days. Raises `Refused` beyond MOST_DAYS."""
    if not 1 <= days <= MOST_DAYS:
        raise Refused(f"{days} days are not shown at once.", hint=f"Ask for 1 to {MOST_DAYS}.")
    begun = start or timezone.now()
    return begun, begun + timedelta(days=days)
