"""Which blocks of a merged batch hold the events of a time, by its manifest alone: no part that cannot have any is opened.

The blocks are in the order of time and id, and so are the rows in them, so that the order of row ids is the order of a page.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import msgspec

from hikeshi.stores.layout import ROWS_BITS, Batch, Span
from hikeshi.stores.store import Query

FIRST = 8
"""Blocks that are asked first where some of their events are wanted: a full page is often in them."""


class Block(NamedTuple):
    """A block of a part: the times of its first and its last event in UTC microseconds, and its first and its last row."""

    part: str
    first_us: int
    last_us: int
    first: int
    last: int

    @property
    def rows(self) -> int:
        return self.last - self.first + 1


@lru_cache(maxsize=4)
def _blocks(number: int, once: tuple[str, ...], spans: tuple[Span, ...]) -> tuple[Block, ...]:
    row, found = number << ROWS_BITS, []
    for span in spans:
        found.append(Block(once[span.part], span.first_us, span.last_us, row, row + span.rows - 1))
        row += span.rows
    return tuple(found)


def blocks(batch: Batch) -> tuple[Block, ...]:
    """All of a merged batch."""
    return _blocks(batch.number, batch.once, batch.spans)


def only_time(query: Query) -> bool:
    """Whether nothing but the time decides which events are meant."""
    return query == msgspec.structs.replace(query, where={}, marks=(), search=None)


def during(batch: Batch, query: Query, *, paged: bool = False) -> Sequence[Block]:
    """The blocks that may hold events of the time of a query, `paged` those behind the place of its page and in the order it is read in."""
    start, end, found = query.start_us, query.end_us, blocks(batch)
    if paged and query.after is not None:
        at = query.after[0]
        start, end = (start, _least(end, at + 1)) if query.descending else (max(start or at, at), end)
    low = 0 if start is None else bisect_left(found, start, key=lambda one: one.last_us)
    high = len(found) if end is None else bisect_left(found, end, key=lambda one: one.first_us)
    chosen = found[low:high]
    return chosen[::-1] if paged and query.descending else chosen


def _least(one: int | None, other: int) -> int:
    return other if one is None else min(one, other)


def growing(found: Sequence[Block], first: int) -> Iterator[Sequence[Block]]:
    """All of them in their order, more each time: whoever has enough soon reads little, whoever finds little asks few times."""
    at, size = 0, first
    while at < len(found):
        yield found[at : at + size]
        at, size = at + size, size * 2


def together(found: Sequence[Block], size: int) -> Iterator[Sequence[Block]]:
    """All of them in their order, so many each time."""
    return (found[at : at + size] for at in range(0, len(found), size))


def holding(batch: Batch, rows: Sequence[int]) -> list[Block]:
    """The blocks in which rows lie, in order."""
    found = blocks(batch)
    places = sorted({bisect_right(found, row, key=lambda one: one.first) - 1 for row in rows})
    return [found[place] for place in places]


def runs(some: Sequence[Block]) -> Iterator[list[Block]]:
    """Blocks in order as lists of those that lie one behind the other, which are read together."""
    run: list[Block] = []
    for one in some:
        if run and one.first != run[-1].last + 1:
            yield run
            run = []
        run.append(one)
    if run:
        yield run


def inside(batch: Batch, start: int, end: int, width: int) -> tuple[Counter[int], list[Block]]:
    """How many events each bucket has by the blocks that lie in it wholly, and the blocks that have the others.

    Bucket n begins at `start` + n * `width` microseconds; nothing before `start` or from `end` on is counted. So a count of everything
    reads a few blocks and not all of them.
    """
    counted, edges = Counter[int](), list[Block]()
    for one in during(batch, Query(start_us=start, end_us=end)):
        bucket = (one.first_us - start) // width
        if start <= one.first_us and one.last_us < end and bucket == (one.last_us - start) // width:
            counted[bucket] += one.rows
        else:
            edges.append(one)
    return counted, edges
