"""CloudTrail objects of a few records each, made into columns together: an account that does little has tens of thousands of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec
import pyarrow as pa

from hikeshi.errors import Failed, Unreadable
from hikeshi.events.event import Event
from hikeshi.events.fast.cloudtrail import BLOCK, ODD, Plain, is_odd, of_plain, plain_call
from hikeshi.events.json_records import BROKEN, Record, records
from hikeshi.events.parser import Parser
from hikeshi.events.parsers import cloudtrail
from hikeshi.events.reading import stamped
from hikeshi.events.source import Source
from hikeshi.events.times import instant

FEW = 48 << 10
"""Bytes of a document below which columns of its own are not worth their making. Less than a head, so that all of it is there to look at."""


class Taken(NamedTuple):
    """How many records of a source were gathered, and when the first and the last of them were, in UTC microseconds."""

    records: int
    first_us: int
    last_us: int


class _Calls(msgspec.Struct, forbid_unknown_fields=True):
    Records: list[Plain]


class _Raws(msgspec.Struct, forbid_unknown_fields=True):
    Records: list[msgspec.Raw]


_plain, _raw = msgspec.json.Decoder(_Calls), msgspec.json.Decoder(_Raws)


class Gathering:
    """Plain records of many sources that wait to become columns."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Plain, Record, Source]] = []

    def wants(self, source: Source, parser: Parser) -> bool:
        """Whether it is small and surely text: then its records can be counted before they are columns."""
        head = source.head
        return parser is cloudtrail and len(head) < FEW and b"\\u" not in head and _is_text(head)

    def of(self, source: Source) -> Iterator[Taken | Event | Unreadable]:
        """How many of its records wait here, and what the parser makes of the others."""
        if cloudtrail.is_digest(source):
            return
        left: list[Record | Unreadable] = []
        times: list[int] = []
        for call, one in _calls(source):
            at = instant(call.eventTime) if call and call.eventTime else None
            if call is None or at is None or isinstance(one, Unreadable):
                left.append(one)
                continue
            self._waiting.append((call, one, source))
            times.append(at.us)
        if times:
            yield Taken(len(times), min(times), max(times))
        if left:
            yield from stamped(cloudtrail.of_records(left, source), source, cloudtrail)

    def full(self) -> Iterator[Any | Event]:
        """Batches of what waits, once it is enough."""
        if len(self._waiting) >= BLOCK:
            yield from self.rest()

    def rest(self) -> Iterator[Any | Event]:
        """Batches of all that waits."""
        waiting, self._waiting = self._waiting, []
        for at in range(0, len(waiting), BLOCK):
            yield from _made(waiting[at : at + BLOCK])


def _calls(source: Source) -> Iterator[tuple[Plain | None, Record | Unreadable]]:
    """Every record, decoded where it is plain: all at once where the whole is the list that S3 delivers."""
    try:
        calls, found = _plain.decode(source.head).Records, _raw.decode(source.head).Records
    except BROKEN:
        for one in records(source):
            yield (plain_call(one) if isinstance(one, Record) else None), one
        return
    deque(source.pieces(), 0)  # nothing is left of it: the whole is smaller than a head
    for seq, (call, data) in enumerate(zip(calls, found, strict=True), 1):
        yield (None if is_odd(call) else call), Record(data, seq, "wrapped")


def _made(waiting: list[tuple[Plain, Record, Source]]) -> Iterator[Any | Event]:
    place = {
        "path": pa.array([source.name for *_, source in waiting], pa.string()),
        "evidence_sha256": pa.array([source.sha256 for *_, source in waiting], pa.string()),
    }
    try:
        yield of_plain([(call, record) for call, record, _ in waiting], place)
    except ODD:  # who called may be no object: such a record is the parser's, which leaves it out
        for _, record, source in waiting:
            for one in stamped(cloudtrail.of_records([record], source), source, cloudtrail):
                if isinstance(one, Unreadable):  # it was counted as an event
                    raise Failed(str(one), hint="Please report it.") from one
                yield one


def _is_text(head: bytes) -> bool:
    try:
        return head.isascii() or bool(head.decode())
    except UnicodeDecodeError:
        return False
