"""CloudTrail objects of a few records each, made into columns together: an account that does little has tens of thousands of them."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, NamedTuple

import pyarrow as pa

from hikeshi.errors import Failed, Unreadable
from hikeshi.events.event import Event
from hikeshi.events.fast.cloudtrail import BLOCK, ODD, Cut, Plain, is_odd, of_cut
from hikeshi.events.json_records import Record
from hikeshi.events.parser import Parser
from hikeshi.events.parsers import cloudtrail
from hikeshi.events.reading import stamped
from hikeshi.events.source import Source
from hikeshi.events.times import instant

FEW = 48 << 10
"""Bytes of a document below which columns of its own are not worth their making. Less than a head, so that all of it is there to look at."""

BEGIN, FIRST, END = b'{"Records":[', b'{"eventVersion":', b"]}"
"""How S3 delivers: how the object begins, how each record does, and how the object ends."""


class Taken(NamedTuple):
    """How many records of a source were gathered, and when the first and the last of them were, in UTC microseconds."""

    records: int
    first_us: int
    last_us: int


class Gathering:
    """Plain records of many sources that wait to become columns."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Source, Cut]] = []
        self._count = 0

    def wants(self, source: Source, parser: Parser) -> bool:
        """Whether it is small and surely text: then its records can be counted before they are columns."""
        head = source.head
        return parser is cloudtrail and len(head) < FEW and not (b"\\" in head and b"\\u" in head) and _is_text(head)

    def of(self, source: Source) -> Iterator[Taken | Event | Unreadable]:
        """How many of its records wait here, and what the parser makes of the others."""
        cut = _cut(source.head)
        if cut is None:
            yield from stamped(cloudtrail.events(source), source, cloudtrail)
            return
        for _ in source.pieces():  # nothing is left of it: the whole is smaller than a head
            pass
        left: list[Record] = []
        times = [_time(call) for call in cut.calls]
        if None in times:
            cut, left = cut.parted(lambda call: _time(call) is None, "wrapped")
        if cut.calls:
            self._waiting.append((source, cut))
            self._count += len(cut.calls)
            known = [us for us in times if us is not None]
            yield Taken(len(known), min(known), max(known))
        yield from stamped(cloudtrail.of_records(left, source), source, cloudtrail)

    def full(self) -> Iterator[Any | Event]:
        """What waits as a batch, once it is enough."""
        if self._count >= BLOCK:
            yield from self.rest()

    def rest(self) -> Iterator[Any | Event]:
        """All that waits as a batch."""
        waiting, self._waiting, self._count = self._waiting, [], 0
        if waiting:
            yield from _made(waiting)


def _cut(head: bytes) -> Cut | None:
    """The records of an object as S3 delivers it; None of any other."""
    if not head.startswith(BEGIN + FIRST) or not head.endswith(END):
        return None
    try:
        cut = Cut.of(head[len(BEGIN) : -len(END)], FIRST, 1)
    except ODD:
        return None
    return cut if cut.is_sure() else None


def _time(call: Plain) -> int | None:
    """The time of a plain record in UTC microseconds."""
    at = instant(call.eventTime) if call.eventTime and not is_odd(call) else None
    return at.us if at else None


def _made(waiting: Sequence[tuple[Source, Cut]]) -> Iterator[Any | Event]:
    calls = [call for _, cut in waiting for call in cut.calls]
    lines = b"\n".join([cut.lines for _, cut in waiting])
    try:
        yield of_cut(Cut(calls, lines, ()), _place(waiting))
    except ODD:  # who called may be no object: such a record is the parser's, which leaves it out
        for source, cut in waiting:
            for one in stamped(cloudtrail.of_records(cut.records("wrapped"), source), source, cloudtrail):
                if isinstance(one, Unreadable):  # it was counted as an event
                    raise Failed(str(one), hint="Please report it.") from one
                yield one


def _place(waiting: Sequence[tuple[Source, Cut]]) -> dict[str, Any]:
    numbers = pa.array(array("i", (number for number, (_, cut) in enumerate(waiting) for _ in cut.seqs)), pa.int32())
    of = {"path": [source.name for source, _ in waiting], "evidence_sha256": [source.sha256 for source, _ in waiting]}
    return {name: pa.DictionaryArray.from_arrays(numbers, pa.array(values, pa.string())) for name, values in of.items()} | {
        "seq": pa.array(array("q", chain.from_iterable(cut.seqs for _, cut in waiting)), pa.int64()),
        "source_variant": cloudtrail.VARIANTS["wrapped"],
    }  # fmt: skip


def _is_text(head: bytes) -> bool:
    try:
        return head.isascii() or bool(head.decode())
    except UnicodeDecodeError:
        return False
