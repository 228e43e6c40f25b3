"""Events over time as bars, drawn with SVG attributes only."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from django.utils import timezone

from hikeshi.desk.timelines.models import Mark
from hikeshi.doors.console.gaps import gaps_in
from hikeshi.doors.console.search import Search, at
from hikeshi.stores.duck import DuckStore

WIDTH, HEIGHT, BUCKETS = 1140.0, 96.0, 76
"""Bars are drawn in a field of 1140 by 96."""


@dataclass(frozen=True)
class Bar:
    """One bar: its box, the plum part of it, what it counts, and the address that looks inside."""

    x: float
    width: float
    y: float
    height: float
    plum_y: float
    plum: float
    count: int
    marked: int
    label: str
    link: str


def histogram(store: DuckStore, search: Search, marks: list[Mark]) -> dict[str, Any]:
    """The bars of this search with the attacker's share, the time axis, and the highest count."""
    query = search.query(paged=False)
    buckets = store.histogram(query, BUCKETS)
    shares = _marked(store, search, marks, buckets)
    highest = max((count for _start, _end, count in buckets), default=0)
    bars = [
        _bar(place, bucket, shares[place], highest, search, len(buckets))
        for place, bucket in enumerate(buckets)
        if bucket[2]
    ]
    return {
        "bars": bars,
        "highest": highest,
        "ticks": _ticks(buckets),
        "marked": sum(shares),
        "gaps": gaps_in(store, search, buckets),
    }


def _marked(store: DuckStore, search: Search, marks: list[Mark], buckets: list[tuple[int, int, int]]) -> list[int]:
    """How many events of each bucket bear at least one mark of the attacker."""
    shares = [0] * len(buckets)
    pairs = [(mark.field, mark.value) for mark in marks if mark.kind == "attacker"]
    if not buckets or not pairs:
        return shares
    first, last = buckets[0][0], buckets[-1][1]
    narrowed = replace(search, start_us=first, end_us=last).query(paged=False, marks=pairs)
    for start, _end, count in store.histogram(narrowed, BUCKETS):
        place = (start - first) * len(buckets) // max(1, last - first)
        if 0 <= place < len(buckets):
            shares[place] = min(buckets[place][2], shares[place] + count)
    return shares


def _bar(place: int, bucket: tuple[int, int, int], marked: int, highest: int, search: Search, of: int) -> Bar:
    start, end, count = bucket
    step = WIDTH / of
    height = max(2.0, HEIGHT * count / highest)
    plum = height * marked / count
    first, last = timezone.localtime(at(start)), timezone.localtime(at(end))
    return Bar(
        x=round(place * step, 1), width=round(max(1.0, step - 1.5), 1), y=round(HEIGHT - height, 1), height=round(height, 1),
        plum_y=round(HEIGHT - plum, 1), plum=round(plum, 1), count=count, marked=marked, label=f"{first:%Y-%m-%d %H:%M:%S} – {last:%H:%M:%S %Z}",
        link=search.link(start=first.isoformat(), end=last.isoformat(), after=""),
    )  # fmt: skip


def _ticks(buckets: list[tuple[int, int, int]]) -> list[tuple[float, str]]:
    """Five moments under the bars."""
    if not buckets:
        return []
    moments = [timezone.localtime(at(start)) for start, _end, _count in buckets]
    wide = (moments[-1] - moments[0]).days >= 2
    places = [round(share * (len(buckets) - 1) / 5) for share in range(5)]
    kept = [places[0], *[later for earlier, later in pairwise(places) if later != earlier]]
    return [
        (round(place * WIDTH / len(buckets), 1), f"{moments[place]:{'%m-%d %H:%M' if wide else '%H:%M:%S'}}")
        for place in kept
    ]
