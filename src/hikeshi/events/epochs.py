"""Times written as a number since 1970, of which the log does not say the unit."""

from __future__ import annotations

from typing import Any

from hikeshi.events.times import Instant

UNITS = (("s", 1_000_000, 1, 10**11), ("ms", 1_000, 1, 10**14), ("us", 1, 1, 10**17), ("ns", 1, 1_000, 10**20))
"""Name, microseconds of one (times, divided by), and below which number it is meant: seconds until the year 5138 and so on."""


def epoch(value: Any) -> Instant | None:
    """The time of a number, or of its text, by its size. None where it is no number or too large for any unit."""
    text = str(value).strip()
    whole, _, fraction = text.partition(".")
    if not whole.removeprefix("-").isascii() or not whole.removeprefix("-").isdigit() or len(text) > 40:
        return None
    if fraction and not (fraction.isascii() and fraction.isdigit()):
        return None
    number = int(whole)
    for name, times, divided, below in UNITS:
        if -below < number < below:
            return _instant(number * times // divided, name, times, fraction, before=whole.startswith("-"))
    return None


def _instant(us: int, name: str, times: int, fraction: str, *, before: bool) -> Instant:
    digits = fraction[:6].ljust(6, "0") if fraction else ""
    part = int(digits) * times // 1_000_000 if digits else 0
    precision = "us" if fraction and name in {"s", "ms"} else name
    return Instant(us - part if before else us + part, precision, "utc")
