"""Whose turn it is: counting shifts from a rotation's parts, without a database.

A part hands over at a wall-clock time in its zone every so many days, so a turn over a change of the clocks is an hour longer or shorter
and still ends at nine in the morning. A part may be on only within a daily window of its zone; several such parts follow the sun.
Moments are aware datetimes; shifts come in UTC, in order, without overlaps. Members are any numbers.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

DAY: Final = timedelta(days=1)
LONGEST: Final = timedelta(days=400)
"""Nobody asks for more at once; more would be a mistake in a date."""

Why = Literal["turn", "override", "fixed"]


class Part(NamedTuple):
    """Members in order, from `since` at `at` in `zone`, for `days` each. Only between `begin` and `end` of each day where given."""

    zone: str
    members: tuple[int | None, ...]
    since: date
    at: time
    days: int = 7
    begin: time | None = None
    end: time | None = None


class Shift(NamedTuple):
    """One member from `start` to `end` (not included), and why they are on. `for_whom`: whose turn an override takes."""

    start: datetime
    end: datetime
    member: int
    why: Why = "turn"
    for_whom: int | None = None


class Gap(NamedTuple):
    """Nobody is on."""

    start: datetime
    end: datetime


class Override(NamedTuple):
    """`member` is on from `start` to `end`: in every turn, or only in those of `covers`. A later one goes over an earlier one."""

    start: datetime
    end: datetime
    member: int
    covers: int | None = None


def turns(
    parts: Sequence[Part],
    start: datetime,
    end: datetime,
    *,
    overrides: Sequence[Override] = (),
    fixed: Sequence[Shift] = (),
) -> list[Shift]:
    """Who is on between two moments. Of several at once, fixed shifts come before parts, and parts in their order.

    Raises `ValueError` for a stretch that is empty or longer than LONGEST.
    """
    if not timedelta() < end - start <= LONGEST:
        raise ValueError("the stretch is empty or too long")
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    layers = [_Layer(sorted(_clipped(fixed, start, end)))]
    layers += [_Layer(sorted(_clipped(_of_part(part, start, end), start, end))) for part in parts]
    edges = {start, end} | {edge for layer in layers for shift in layer.shifts for edge in shift[:2]}
    edges |= {edge for one in overrides for edge in (one.start, one.end) if start < edge < end}
    points = sorted(edge.astimezone(UTC) for edge in edges)
    return _joined(_between(points, layers, overrides))


def gaps(shifts: Sequence[Shift], start: datetime, end: datetime) -> list[Gap]:
    """Where nobody is on between two moments. `shifts` are in order, as `turns` gives them."""
    found, at = [], start.astimezone(UTC)
    for shift in shifts:
        if shift.start > at:
            found.append(Gap(at, shift.start))
        at = max(at, shift.end)
    if at < end:
        found.append(Gap(at, end.astimezone(UTC)))
    return found


class _Layer:
    """Shifts in order of their start; of those that overlap, the first one counts."""

    def __init__(self, shifts: list[Shift]) -> None:
        self.shifts: list[Shift] = []
        for shift in shifts:
            begun = max(shift.start, self.shifts[-1].end) if self.shifts else shift.start
            if begun < shift.end:
                self.shifts.append(shift._replace(start=begun))
        self.starts = [shift.start for shift in self.shifts]

    def at(self, moment: datetime) -> Shift | None:
        place = bisect_right(self.starts, moment) - 1
        return self.shifts[place] if place >= 0 and moment < self.shifts[place].end else None


def _between(points: list[datetime], layers: list[_Layer], overrides: Sequence[Override]) -> Iterator[Shift]:
    """Who is on between each two points: nothing begins or ends within."""
    for start, end in pairwise(points):
        found = next((shift for layer in layers if (shift := layer.at(start))), None)
        on = found._replace(start=start, end=end) if found else None
        for one in overrides:
            if one.start <= start and end <= one.end and one.covers in (None, on.member if on else None):
                on = Shift(start, end, one.member, "override", on.member if on else None)
        if on:
            yield on


def _joined(shifts: Iterator[Shift]) -> list[Shift]:
    found: list[Shift] = []
    for shift in shifts:
        if found and found[-1].end == shift.start and found[-1][2:] == shift[2:]:
            found[-1] = found[-1]._replace(end=shift.end)
        else:
            found.append(shift)
    return found


def _clipped(shifts: Sequence[Shift] | Iterator[Shift], start: datetime, end: datetime) -> Iterator[Shift]:
    for shift in shifts:
        begun, ended = max(shift.start.astimezone(UTC), start), min(shift.end.astimezone(UTC), end)
        if begun < ended:
            yield shift._replace(start=begun, end=ended)


def _of_part(part: Part, start: datetime, end: datetime) -> Iterator[Shift]:
    """The part's shifts that touch the stretch, cut to its daily window where it has one."""
    zone = ZoneInfo(part.zone)
    windows = list(_windows(part, zone, start, end))
    for begun, ended, member in _turns_of(part, zone, start, end):
        if member is None:
            continue
        for opened, closed in windows if part.begin != part.end else [(begun, ended)]:
            if max(begun, opened) < min(ended, closed):
                yield Shift(max(begun, opened), min(ended, closed), member)


def _turns_of(
    part: Part, zone: ZoneInfo, start: datetime, end: datetime
) -> Iterator[tuple[datetime, datetime, int | None]]:
    if not part.members:
        return
    number = max(0, (start.astimezone(zone).date() - part.since).days // part.days - 1)
    begun = _moment(part.since + number * part.days * DAY, part.at, zone)
    while begun < end:
        ended = _moment(part.since + (number + 1) * part.days * DAY, part.at, zone)
        yield begun, ended, part.members[number % len(part.members)]
        begun, number = ended, number + 1


def _windows(part: Part, zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The hours of each day in which the part is on; a window that ends before it begins goes over midnight."""
    if part.begin is None or part.end is None or part.begin == part.end:
        return
    over = DAY if part.end < part.begin else timedelta()
    day = start.astimezone(zone).date() - DAY
    while day <= end.astimezone(zone).date():
        yield _moment(day, part.begin, zone), _moment(day + over, part.end, zone)
        day += DAY


def _moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    """A wall-clock time as a moment. One that the clocks skip is the moment they are put forward; of one they show twice, the first."""
    return datetime.combine(day, at, zone).astimezone(UTC)
