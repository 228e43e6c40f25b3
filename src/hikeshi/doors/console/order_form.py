"""The form of a standing order: what it says as text for the fields, and what was typed as what it says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, time, timedelta
from typing import Any, Final

from django.http import QueryDict
from django.utils import timezone

from hikeshi.desk.runs.models import StandingOrder
from hikeshi.desk.runs.ordering import ends_in
from hikeshi.errors import Refused

Fields = dict[str, Any]
WORDS: Final = ("finding_types", "accounts", "regions", "kinds", "roles")
"""Lists that are typed as words."""
COUNTS: Final = {
    "severity": 4, "max_per_hour": 1000, "max_per_account": 1000, "max_resources": 10_000,
    "max_resources_per_hour": 30_000, "max_failed_percent": 100,
}  # fmt: skip
"""Numbers, and the largest of each."""


def shown(row: StandingOrder | None = None) -> Fields:
    """The fields as an order fills them; without one, as a new one begins."""
    row = row or StandingOrder(expires_at=ends_in(90), severity=2, finding_types=[])
    return {
        **{name: _joined(name, getattr(row, name)) for name in WORDS},
        **{name: str(getattr(row, name)) for name in COUNTS},
        "name": row.name, "playbook": row.playbook, "min_score": f"{row.min_score:g}", "reapply": row.reapply,
        "environments": row.environments, "criticalities": [str(one) for one in row.criticalities],
        "hours_from": _clock(row.hours_from), "hours_until": _clock(row.hours_until), "expires_on": _day(row.expires_at),
    }  # fmt: skip


def retyped(typed: QueryDict) -> Fields:
    """The fields as they were left."""
    return {**typed.dict(), **{name: typed.getlist(name) for name in ("environments", "criticalities")}}


def read(typed: QueryDict, row: StandingOrder | None = None) -> dict[str, Any]:
    """What the order is to say. The last day stays the very moment it was where nobody changed it. Raises `Refused`."""
    day = typed.get("expires_on", "")
    return {
        **{name: typed.get(name, "").split() for name in WORDS},
        **{name: _count(typed, name, most) for name, most in COUNTS.items()},
        "playbook": typed.get("playbook", ""), "min_score": _score(typed.get("min_score", "")),
        "reapply": bool(typed.get("reapply")), "environments": typed.getlist("environments"),
        "criticalities": [int(one) for one in typed.getlist("criticalities") if one in {"1", "2", "3", "4"}],
        "hours_from": _time(typed.get("hours_from", "")), "hours_until": _time(typed.get("hours_until", "")),
        "expires_at": row.expires_at if row and day == _day(row.expires_at) else _end_of(day),
    }  # fmt: skip


def _joined(name: str, value: Iterable[str]) -> str:
    return ("\n" if name == "finding_types" else " ").join(value)


def _clock(value: time | None) -> str:
    return f"{value:%H:%M}" if value else ""


def _day(moment: datetime | None) -> str:
    return timezone.localtime(moment).date().isoformat() if moment else ""


def _count(typed: Mapping[str, Any], name: str, most: int) -> int:
    text = typed.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) < 9):
        raise Refused(f"{text[:20]!r} is no number.", hint="Write it with digits.")
    if int(text) > most:
        raise Refused(f"{text} is too much.", hint=f"At most {most}.")
    return int(text)


def _score(text: str) -> float:
    if not (text.isascii() and text.replace(".", "", 1).isdigit() and len(text) < 9 and float(text) <= 10):
        raise Refused(f"{text[:20]!r} is no score.", hint="GuardDuty counts from 0 to 10.")
    return float(text)


def _time(text: str) -> time | None:
    try:
        return time.fromisoformat(text) if text else None
    except ValueError as problem:
        raise Refused(f"{text[:20]!r} is no time of day.", hint="22:00") from problem


def _end_of(day: str) -> datetime:
    """When that day is over, where the reader is."""
    try:
        start = datetime.fromisoformat(day)
    except ValueError as problem:
        raise Refused(f"{day[:20]!r} is no day.", hint="2026-11-07") from problem
    return timezone.make_aware(datetime(start.year, start.month, start.day)) + timedelta(days=1, seconds=-1)  # noqa: DTZ001  made aware at once
