"""The year of dates that have none, as in RFC 3164: found from the end, because only the end of a log has a known neighbour in time.

The last line was written no later than the file (or, where that is not known, than now). From there each step from December back to
January, read towards the beginning, is a year earlier; the 29th of February must fall into a leap year.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import groupby

MONTHS = {
    name: number
    for number, name in enumerate(
        ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), 1
    )
}
SLACK = timedelta(days=1)
"""A clock may be ahead, and local time is up to 14 hours ahead of UTC."""

FEW = 4096
"""Bytes that are not worth looking whether they have all the same date."""

_DATES = re.compile(rb"^(?:<\d{1,3}>)?([A-Z][a-z]{2}) ([ \d]\d) \d\d:", re.MULTILINE)


def turn(before: int, month: int) -> int:
    """By how many years the date moves from one line to the next: lines a few weeks out of order turn nothing."""
    step = month - before
    return 1 if step < -1 else -1 if step == 11 else 0


def first_year(dates: Iterable[tuple[int, int]], latest: datetime) -> int:
    """The year of the first of these dates (month, day), the last of which is no later than `latest`."""
    year, before, month, day, leaps = 0, 0, 1, 1, set()
    for month, day in dates:
        year += turn(before, month) if before else 0
        before = month
        if (month, day) == (2, 29):
            leaps.add(year)
    limit = latest + SLACK
    last = limit.year if (month, day) <= (limit.month, limit.day) else limit.year - 1
    fits = (
        first for first in range(last - year, last - year - 9, -1) if all(calendar.isleap(first + n) for n in leaps)
    )
    return next(fits, last - year)


def dates(chunks: Iterable[bytes]) -> Iterator[tuple[int, int]]:
    """Month and day at the beginning of the lines that have them; of equal ones in a row the first."""
    yield from (date for date, _ in groupby(_dates(chunks)))


def _dates(chunks: Iterable[bytes]) -> Iterator[tuple[int, int]]:
    rest = b""
    for chunk in chunks:
        whole, newline, after = chunk.rpartition(b"\n")
        if newline:
            yield from _of_lines(rest + whole)
        rest = (after if newline else rest + after)[:64]
    yield from _of_lines(rest)


def _of_lines(text: bytes) -> Iterator[tuple[int, int]]:
    """Halved until all lines of a half have one date, which is counted faster than read, or there are few of them."""
    first = _DATES.match(text)
    if first and text.count(b"\n" + text[: first.end(2) + 1]) == text.count(b"\n"):
        text = first[0]
    elif len(text) > FEW and (middle := text.find(b"\n", len(text) // 2)) >= 0:
        yield from _of_lines(text[:middle])
        yield from _of_lines(text[middle + 1 :])
        return
    for month, day in _DATES.findall(text):
        if number := MONTHS.get(month.decode()):
            yield number, int(day)
