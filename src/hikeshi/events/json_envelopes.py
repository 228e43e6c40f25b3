"""JSON records taken out of what they were delivered in.

CloudWatch Logs wrap every record as text in a `message`, alone or several under `logEvents`, and write the time before it in exports
to S3. Other envelopes hold lists of their own: each parser opens those it knows with `opened`.

References:
  https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/S3ExportTasks.html
  https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilteredLogEvent.html
  https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

import msgspec

from hikeshi.errors import Unreadable
from hikeshi.events.event import Event
from hikeshi.events.json_records import BROKEN, Record, records
from hikeshi.events.source import Source

Piece = tuple[bytes, str]
"""The bytes of a record, and the name of the shape it came in."""

_EXPORTED = re.compile(rb"\s*\d{4}-\d\d-\d\dT[\d:.]+Z[ \t]+(?=\{)")
_MARKS = (b'"message"', b'"logEvents"')


class _Message(msgspec.Struct):
    message: str
    timestamp: int | str


class _Envelope(msgspec.Struct):
    logEvents: list[_Message]  # noqa: N815  as documented


_message = msgspec.json.Decoder(_Message)
_envelope = msgspec.json.Decoder(_Envelope)


def made(
    source: Source, found: Iterable[Record | Unreadable], event: Callable[[Record], Event]
) -> Iterator[Event | Unreadable]:
    """The event of each record. Where `event` raises one of `BROKEN`, the record is yielded as Unreadable with its number."""
    for record in found:
        if isinstance(record, Unreadable):
            yield record
            continue
        try:
            yield event(record)
        except BROKEN as error:
            yield source.unreadable(str(error), f"record {record.seq:,}")


def opened(
    found: Iterable[Record | Unreadable], pieces: Callable[[bytes, str], list[Piece]]
) -> Iterator[Record | Unreadable]:
    """The records that `pieces` finds in each record, counted from 1. A record that holds none stands for itself."""
    seq = 0
    for record in found:
        if isinstance(record, Unreadable):
            yield record
            continue
        data = bytes(record.data)
        inside = pieces(data, record.variant) or [(data, record.variant)]
        for piece, variant in inside:
            seq += 1
            yield Record(piece, seq, variant, record.offset if len(inside) == 1 else None)


def messages(source: Source) -> Iterator[Record | Unreadable]:
    """Every record of a JSON log, also where it went through CloudWatch Logs: then its variant is cloudwatch."""
    return _exported(source) if _EXPORTED.match(source.head) else opened(records(source), _texts)


def _exported(source: Source) -> Iterator[Record | Unreadable]:
    for line in source.lines():
        if begin := _EXPORTED.match(line.data):
            yield Record(line.data[begin.end() :], line.number, "cloudwatch", line.offset + begin.end())
        elif line.data.strip():
            yield source.unreadable("this line has no time with an object behind it", f"line {line.number:,}")


def _texts(data: bytes, variant: str) -> list[Piece]:
    if not any(mark in data for mark in _MARKS):
        return [(data, variant)]
    try:
        found = _envelope.decode(data).logEvents if _MARKS[1] in data else [_message.decode(data)]
    except BROKEN:
        return [(data, variant)]
    if not all(one.message.lstrip().startswith("{") for one in found):
        return [(data, variant)]
    return [(one.message.encode("utf-8", "surrogatepass"), "cloudwatch") for one in found]
