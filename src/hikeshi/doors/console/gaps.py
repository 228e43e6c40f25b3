"""Where a timeline lacks something: hatched on the chart, and listed under it in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from hikeshi.doors.console.search import Search, at
from hikeshi.stores.duck import DuckStore
from hikeshi.stores.gaps import KINDS, Gap, gaps
from hikeshi.text import Text

WIDTH, NARROWEST = 1140.0, 3.0
"""The width of the chart, and of a gap that would be too narrow to be seen."""

LISTED, DRAWN = 100, 200


@dataclass(frozen=True)
class Drawn:
    """A gap as the page shows it: its box in the chart, its words, and the address that looks at it."""

    x: float
    width: float
    label: str
    link: str
    kind: Text
    gap: Gap
    start: datetime
    end: datetime


def gaps_in(store: DuckStore, search: Search, buckets: list[tuple[int, int, int]]) -> dict[str, Any]:
    """The gaps in the span of the bars, the first of them in words; `drawn` are the longest."""
    if not buckets:
        return {"count": 0, "drawn": [], "listed": []}
    first, last = buckets[0][0], buckets[-1][1]
    within = [gap for gap in gaps(store) if gap.start_us < last and gap.end_us >= first]
    found = [_drawn(gap, first, last, search) for gap in within]
    longest = sorted(found, key=lambda one: one.width, reverse=True)[:DRAWN]
    return {"count": len(found), "drawn": longest, "listed": found[:LISTED]}


def _drawn(gap: Gap, first: int, last: int, search: Search) -> Drawn:
    scale = WIDTH / max(1, last - first)
    start, end = timezone.localtime(at(gap.start_us)), timezone.localtime(at(max(gap.end_us, gap.start_us + 1)))
    x = max(0.0, (gap.start_us - first) * scale)
    width = max(NARROWEST, min(WIDTH, (gap.end_us - first) * scale) - x)
    return Drawn(
        x=round(min(x, WIDTH - NARROWEST), 1), width=round(width, 1), gap=gap, kind=KINDS[gap.kind], start=start, end=end,
        label=f"{gap.source_kind} {gap.stream} {start:%Y-%m-%d %H:%M:%S} – {end:%m-%d %H:%M:%S %Z}",
        link=search.link(start=start.isoformat(), end=end.isoformat(), after=""),
    )  # fmt: skip
