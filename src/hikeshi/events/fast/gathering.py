"""CloudTrail objects made into columns together: an account that does little has tens of thousands of few records each."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from hikeshi.errors import Failed, Unreadable
from hikeshi.events.event import Event
from hikeshi.events.fast.cloudtrail import BLOCK, ODD, Cut, Plain, has_odd, is_odd, of_cut, of_piece, when
from hikeshi.events.json_records import Document, Record
from hikeshi.events.parser import Parser
from hikeshi.events.parsers import cloudtrail
from hikeshi.events.reading import stamped
from hikeshi.events.source import Source
from hikeshi.events.times import instant

FEW = 48 << 10
"""Bytes of a document that is looked at as a whole: less than a head, so that all of it is there."""

MUCH = 3 << 20
"""Bytes of records whose columns are worth their making: it takes more than a millisecond for any number of them."""

ENOUGH = 8 << 20
"""Bytes of records that wait at most, and those of one source."""

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
        self._count = self._bytes = 0

    def wants(self, source: Source, parser: Parser) -> bool:
        """Whether it is small, or as S3 delivers it."""
        return parser is cloudtrail and (len(source.head) < FEW or source.head.startswith(BEGIN + FIRST))

    def of(self, source: Source) -> Iterator[Taken | Event | Unreadable | Any]:
        """How many of its records wait here, and what becomes of the others at once."""
        if len(source.head) < FEW:
            yield from self._of_few(source)
            return
        document = Document(source)
        for text in document.pieces():
            cut = None if document.damaged or len(text) > MUCH else _cut(text, document.seq + 1)
            try:
                if cut is None:
                    raise pa.ArrowInvalid("it does not wait")
                plain, left = cut.parted(is_odd, document.variant) if has_odd(cut.calls) else (cut, [])
                span = pc.min_max(when(plain.calls)["ts"]).as_py()
            except ODD:
                yield from of_piece(text, document, source)
                continue
            document.seq += len(cut.calls)
            yield from self._take(source, plain, span["min"], span["max"])
            yield from stamped(cloudtrail.of_records(left, source), source, cloudtrail)

    def _of_few(self, source: Source) -> Iterator[Taken | Event | Unreadable]:
        """The same of one that is there as a whole: for few records Python is sooner done than Arrow."""
        cut = None
        if source.head.startswith(BEGIN + FIRST) and source.head.endswith(END):
            cut = _cut(source.head[len(BEGIN) : -len(END)], 1)
        if cut is None:
            yield from stamped(cloudtrail.events(source), source, cloudtrail)
            return
        for _ in source.pieces():  # nothing is left of it: the whole is smaller than a head
            pass
        left: list[Record] = []
        times = [_time(call) for call in cut.calls]
        if None in times:
            cut, left = cut.parted(lambda call: _time(call) is None, "wrapped")
        known = [us for us in times if us is not None]
        yield from self._take(source, cut, min(known, default=0), max(known, default=0))
        yield from stamped(cloudtrail.of_records(left, source), source, cloudtrail)

    def _take(self, source: Source, cut: Cut, first_us: int, last_us: int) -> Iterator[Taken]:
        if cut.calls:
            self._waiting.append((source, cut))
            self._count += len(cut.calls)
            self._bytes += len(cut.lines)
            yield Taken(len(cut.calls), first_us, last_us)

    def full(self) -> Iterator[Any | Event]:
        """What waits as a batch, once it is enough."""
        if self._count >= BLOCK or self._bytes >= ENOUGH:
            yield from self.rest()

    def rest(self) -> Iterator[Any | Event]:
        """All that waits as a batch."""
        waiting, self._waiting = self._waiting, []
        self._count = self._bytes = 0
        if waiting:
            yield from _made(waiting)


def _cut(text: bytes, seq: int) -> Cut | None:
    """Records as S3 delivers them that are surely cut rightly, and text: then they can be counted before they are columns."""
    try:
        cut = Cut.of(text, FIRST, seq)
    except ODD:
        return None
    return cut if cut.is_sure() and _is_text(text) else None


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
            if len(waiting) > 1:
                yield from _made([(source, cut)])
                continue
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
