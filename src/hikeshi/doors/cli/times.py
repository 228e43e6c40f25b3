"""Times as people type them."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from hikeshi.doors.cli.options import WrongUsage
from hikeshi.environment import read_environment


def time_of(text: str) -> datetime:
    """ISO 8601; without a zone it would mean different moments to different readers. Raises `WrongUsage`."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError as problem:
        raise WrongUsage(
            f"{text!r} is not a time.", hint="Write ISO 8601, such as 2026-11-07T02:31+09:00."
        ) from problem
    if time.utcoffset() is None:
        zone = read_environment().time_zone
        meant = time.replace(tzinfo=ZoneInfo(zone)).isoformat()
        raise WrongUsage(f"{text!r} has no time zone.", hint=f"If it is {zone} time, write {meant}.")
    return time


def optional(text: str) -> datetime | None:
    return time_of(text) if text else None
