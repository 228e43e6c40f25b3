"""CloudTrail objects made into columns together: an account that does little has tens of thousands of few records each."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from itertools import accumulate, chain
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from hikeshi.errors import Failed, Unreadable
from hikeshi.events.event import Event
from hikeshi.events.fast.assembling import in_place
from hikeshi.events.fast.cloudtrail import ODD, WAYS, Cut, Plain, cut, fields, is_odd, of_piece, plain_lines, told, when
from hikeshi.events.json_records import BROKEN, Document, Record
from hikeshi.events.parser import Parser
from hikeshi.events.parsers import cloudtrail
from hikeshi.events.reading import stamped
from hikeshi.events.source import Source
from hikeshi.events.times import instant

FEW = 48 << 10
"""Bytes of a document that is looked at as a whole: less than a head, so that all of it is there."""

SHORT = 1 << 20
"""Bytes of records that Python has sooner looked at than Arrow, which takes half a millisecond for any number of them."""

MANY = 40_000
"""Records that become columns at once: it takes more than a millisecond for any number of them, and what a task has is one batch mostly."""

ENOUGH = 64 << 20
"""Bytes of records that wait at most, and those of one source."""

BEGIN, FIRST, END = b'{"Records":[', b'{"eventVersion":', b"]}"
"""How S3 delivers: how the object begins, how each record does, and how the object ends."""

DELIVERED = tuple(BEGIN + way for way in WAYS)
"""How objects begin whose records may wait."""


class Taken(NamedTuple):
    """How many records of a source were gathered, and when the first and the last of them were, in UTC microseconds."""

    records: int
    first_us: int
    last_us: int


class Few(NamedTuple):
    """Records of one source that were decoded, the lines they are, where each begins there, and their positions in the source."""

    source: Source
    calls: Sequence[Plain]
    lines: bytes | bytearray
    begins: Sequence[int]
    seqs: Sequence[int]

    @classmethod
    def of(cls, text: bytes, source: Source, seq: int = 1) -> Few | None:
        """Records as S3 delivers them that are surely cut rightly, and text: then they can be counted before they are columns."""
        if b"\n" in text or not _is_text(text):
            return None
        lines, begins = cut(text, FIRST)
        try:
            calls = plain_lines(lines)
        except BROKEN:
            return None
        return cls(source, calls, lines, begins, range(seq, seq + len(calls))) if len(calls) == len(begins) else None

    def parted(self) -> tuple[Few, list[Record]]:
        """Those that have a time and are not odd, and the others as records."""
        rows = list(zip(self.calls, bytes(self.lines).split(b"\n"), self.seqs, strict=True))
        left = [Record(line, seq, "wrapped") for call, line, seq in rows if _time(call) is None]
        kept = [row for row in rows if _time(row[0]) is not None]
        calls, lines, seqs = zip(*kept, strict=True) if kept else ((), (), ())
        begins = list(accumulate((len(line) + 1 for line in lines[:-1]), initial=0))
        return Few(self.source, calls, b"\n".join(lines), begins, seqs), left


class Waiting(NamedTuple):
    """Records that are columns of their own names, and how many of them each source has, one source behind the other."""

    counts: Sequence[tuple[Source, int]]
    cut: Cut

    @classmethod
    def of(cls, few: Sequence[Few]) -> Waiting:
        """Few records of several sources."""
        ends = accumulate(len(one.lines) + 1 for one in few)
        begins = [at + begin for one, at in zip(few, [0, *ends], strict=False) for begin in one.begins]
        raw = in_place(b"\n".join([one.lines for one in few]), begins)
        seqs = pa.array(array("q", chain.from_iterable(one.seqs for one in few)), pa.int64())
        calls = list(chain.from_iterable(one.calls for one in few))
        return cls([(one.source, len(one.calls)) for one in few], Cut(told(fields(calls)), raw, seqs))

    def each(self) -> Iterator[Waiting]:
        """The same by source."""
        at = 0
        for source, count in self.counts:
            yield Waiting([(source, count)], Cut(*(values.slice(at, count) for values in self.cut)))
            at += count


class Gathering:
    """Plain records of many sources that wait to become columns."""

    def __init__(self) -> None:
        self._waiting: list[Waiting] = []
        self._few: list[Few] = []
        self._count = self._bytes = 0
        self._mixed = False
        """Whether records of the source before begin in several ways."""

    def wants(self, source: Source, parser: Parser) -> bool:
        """Whether it is small, or as S3 delivers it."""
        return parser is cloudtrail and (len(source.head) < FEW or source.head.startswith(DELIVERED))

    def of(self, source: Source) -> Iterator[Taken | Event | Unreadable | Any]:
        """How many of its records wait here, and what becomes of the others at once."""
        if len(source.head) < FEW:
            yield from self._of_short(source)
            return
        document = Document(source)
        document.mixed = self._mixed
        for text in document.pieces():
            short = len(text) < SHORT and not document.damaged
            if short and (few := Few.of(bytes(text), source, document.seq + 1)):
                document.seq += len(few.calls)
                yield from self._of_few(few)
                continue
            try:
                plain, left = Cut.of(text, document)
                span = pc.min_max(when(plain.told["eventTime"].combine_chunks())["ts"]).as_py()
            except ODD:
                yield from of_piece(text, document, source)
                continue
            document.seq += len(plain.raw) + len(left)
            self._mixed = document.mixed
            if count := len(plain.raw):
                self._take(count, len(text))
                self._waiting.append(Waiting([(source, count)], plain))
                yield Taken(count, span["min"], span["max"])
            yield from stamped(cloudtrail.of_records(left, source), source, cloudtrail)

    def _of_short(self, source: Source) -> Iterator[Taken | Event | Unreadable]:
        """The same of one that is there as a whole."""
        few = None
        if source.head.startswith(BEGIN + FIRST) and source.head.endswith(END):
            few = Few.of(source.head[len(BEGIN) : -len(END)], source)
        if few is None:
            yield from stamped(cloudtrail.events(source), source, cloudtrail)
            return
        for _ in source.pieces():  # nothing is left of it: the whole is smaller than a head
            pass
        yield from self._of_few(few)

    def _of_few(self, few: Few) -> Iterator[Taken | Event | Unreadable]:
        left: list[Record] = []
        times = [_time(call) for call in few.calls]
        if None in times:
            few, left = few.parted()
        known = [us for us in times if us is not None]
        if known:
            self._take(len(known), len(few.lines))
            self._few.append(few)
            yield Taken(len(known), min(known), max(known))
        yield from stamped(cloudtrail.of_records(left, few.source), few.source, cloudtrail)

    def _take(self, count: int, size: int) -> None:
        self._count += count
        self._bytes += size

    def full(self) -> Iterator[Any | Event]:
        """What waits as a batch, once it is enough."""
        if self._count >= MANY or self._bytes >= ENOUGH:
            yield from self.rest()

    def rest(self) -> Iterator[Any | Event]:
        """All that waits as a batch."""
        few, waiting = self._few, self._waiting
        self._few, self._waiting, self._count, self._bytes = [], [], 0, 0
        if few:
            waiting.append(Waiting.of(few))
        if waiting:
            yield from _made(waiting)


def _time(call: Plain) -> int | None:
    """The time of a plain record in UTC microseconds."""
    at = instant(call.eventTime) if call.eventTime and not is_odd(call) else None
    return at.us if at else None


def _made(waiting: Sequence[Waiting]) -> Iterator[Any | Event]:
    try:
        yield Cut.joined([one.cut for one in waiting]).columns(_place(waiting))
    except ODD:  # who called may be no object: such a record is the parser's, which leaves it out
        single = [one for several in waiting for one in several.each()]
        for one in single:
            if len(single) > 1:
                yield from _made([one])
                continue
            ((source, _),) = one.counts
            for event in stamped(cloudtrail.of_records(one.cut.records("wrapped"), source), source, cloudtrail):
                if isinstance(event, Unreadable):  # it was counted as an event
                    raise Failed(str(event), hint="Please report it.") from event
                yield event


def _place(waiting: Sequence[Waiting]) -> dict[str, Any]:
    sources, counts = zip(*chain.from_iterable(one.counts for one in waiting), strict=True)
    ends = pc.cumulative_sum(pa.array(counts, pa.int32()))
    numbers = pc.run_end_decode(pa.RunEndEncodedArray.from_arrays(ends, pa.arange(0, len(counts)).cast(pa.int32())))
    of = {"path": [source.name for source in sources], "evidence_sha256": [source.sha256 for source in sources]}
    return {name: pa.DictionaryArray.from_arrays(numbers, pa.array(values, pa.string())) for name, values in of.items()} | {
        "source_variant": cloudtrail.VARIANTS["wrapped"],
    }  # fmt: skip


def _is_text(head: bytes) -> bool:
    try:
        return head.isascii() or bool(head.decode())
    except UnicodeDecodeError:
        return False
