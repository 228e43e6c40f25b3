"""Times as logs write them, as UTC microseconds since 1970."""

from __future__ import annotations

import functools
from datetime import UTC, datetime, timedelta, tzinfo
from typing import NamedTuple

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
SECOND = 1_000_000


class Instant(NamedTuple):
    """A time, how fine it is (s, ms, us) and how UTC was known (utc, offset, zone_assumed)."""

    us: int
    precision: str
    basis: str


@functools.lru_cache(maxsize=8192)  # many records share a second
def instant(text: str) -> Instant | None:
    """An ISO 8601 time, or None where it cannot be read. Without a zone, UTC is assumed and `basis` says so."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return None
    basis = "utc" if text.endswith(("Z", "z")) else "offset"
    if read.tzinfo is None:
        read, basis = read.replace(tzinfo=UTC), "zone_assumed"
    digits = len(text.partition(".")[2].rstrip("Zz").partition("+")[0].partition("-")[0])
    return Instant((read - EPOCH) // MICROSECOND, ("s", "ms", "us")[min(2, (digits + 2) // 3)], basis)


def in_zone(us: int, zone: tzinfo) -> int:
    """UTC microseconds of a time that was read as UTC and is of a zone; outside the years 1 to 9999 as it is."""
    try:
        return ((EPOCH + us * MICROSECOND).replace(tzinfo=zone) - EPOCH) // MICROSECOND
    except OverflowError:
        return us


def utc(us: int) -> datetime | None:
    """The datetime of UTC microseconds, or None outside the years 1 to 9999."""
    try:
        return EPOCH + timedelta(microseconds=us)
    except OverflowError:
        return None
