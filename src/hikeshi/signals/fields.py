"""Values out of foreign JSON, made fit to keep: within limits, without letters no database takes, and never two things made one."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final, get_args

from hikeshi.events.addresses import address
from hikeshi.events.epochs import epoch
from hikeshi.events.times import instant, utc
from hikeshi.signals.signal import Kind, Observable

KEY_LIMIT: Final = 200
TITLE_LIMIT: Final = 300
KIND_LIMIT: Final = 200
NAME_LIMIT: Final = 200
VALUE_LIMIT: Final = 300
ACCOUNT_LIMIT: Final = 20
"""Characters. An account id of a longer form, such as a GUID, is an observable only."""

COUNT_LIMIT: Final = 2**31 - 1
OBSERVABLE_LIMIT: Final = 50
"""Observables of one signal; the rest is in the payload."""

EARLIEST: Final = 315_532_800_000_000
"""1980-01-01 in UTC microseconds."""

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_INSTANCE = re.compile(r"\bi-(?:[0-9a-f]{17}|[0-9a-f]{8})\b")


def dig(value: Any, *path: str) -> Any:
    """What the names lead to, or None."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def dicts(value: Any) -> list[dict[str, Any]]:
    """The objects in a list; none when it is no list."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def text(value: Any, limit: int = NAME_LIMIT) -> str:
    """Words for people: one line, cut with a mark where it is too long. Empty for what is no plain value."""
    if value is None or isinstance(value, dict | list):
        return ""
    line = _line(str(value)[: 20 * limit])
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _line(written: str) -> str:
    """On one line. Most values are one already, which is told faster than looked for."""
    return (written if written.isprintable() else _CONTROL.sub(" ", written)).strip()


def name(value: Any, limit: int = NAME_LIMIT) -> str:
    """A name or an id. One that is too long ends in a digest of the whole, so that two of them never become one."""
    if value is None or isinstance(value, dict | list):
        return ""
    line = _line(str(value))
    if len(line) <= limit:
        return line
    digest = hashlib.sha256(line.encode()).hexdigest()[:16]
    return f"{line[: limit - 17]}~{digest}"


def account(value: Any) -> str:
    """An account id that fits its column; empty for others."""
    found = name(value)
    return found if len(found) <= ACCOUNT_LIMIT else ""


def identity(*parts: Any) -> str:
    """A signal's key of these parts, at most `KEY_LIMIT` characters. Raises ValueError where the last part is missing."""
    written = [name(part, 10_000) for part in parts]
    if not written[-1]:
        raise ValueError("it has no id, and nothing can be kept apart without one")
    return name(":".join(written), KEY_LIMIT)


def number(value: Any, *, low: float = 0.0, high: float = 10.0) -> float:
    """A number within bounds; the lower bound for what is none."""
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        return low
    return min(high, max(low, found)) if math.isfinite(found) else low


def count(value: Any) -> int:
    """How often it was seen: 1 to `COUNT_LIMIT`."""
    return int(number(value, low=1, high=COUNT_LIMIT))


def moment(value: Any) -> datetime | None:
    """A time in ISO 8601, or as a number since 1970 in s, ms, us or ns; UTC where it names no zone.

    None for what is none, and for times before 1980, which senders write for "not yet" (0001-01-01 in Go, 0 in C).
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float) or value in ("", 0):
        return None
    written = str(value).strip()[:60]
    found = instant(written) if "-" in written[1:] else epoch(written)
    return utc(found.us) if found and found.us >= EARLIEST else None


def instance_of(value: Any) -> str:
    """The id of an EC2 instance in a text such as an ARN, or empty."""
    found = _INSTANCE.search(value[:2000]) if isinstance(value, str) else None
    return found[0] if found else ""


def observables(seen: Iterable[tuple[Kind, Any]]) -> tuple[Observable, ...]:
    """Each once, in the given order, at most `OBSERVABLE_LIMIT`. What is no address is not taken for one; nor are signs for nothing."""
    found: dict[Observable, None] = {}
    for kind, value in seen:
        if (fit := _fit(kind, value)) and len(found) < OBSERVABLE_LIMIT:
            found[Observable(kind, fit)] = None
    return tuple(found)


NOTHING: Final = frozenset({"", "-", "*", "null", "none", "n/a", "unknown", "<na>", "not applicable"})


def _fit(kind: Kind, value: Any) -> str:
    if isinstance(value, bool):
        return ""
    written = name(value, VALUE_LIMIT)
    if written.lower() in NOTHING:
        return ""
    if kind == "address":
        return address(written) or ""
    return written.lower() if kind in {"domain", "hash"} else written
