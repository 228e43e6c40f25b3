"""JSON logs cut into records: one document, a wrapped list, an array, JSON lines, or documents one after another.

Records come out as the bytes they were, so that the raw record stays untouched and each parser decodes only the fields it has.
Where a document is damaged or cut off, the records that are whole are found by walking from one to the next.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from hikeshi.errors import Unreadable
from hikeshi.events.source import Source

BROKEN = (msgspec.DecodeError, ValueError, RecursionError)
"""What decoders raise at bytes that are no JSON: also wrong UTF-8, numbers too long, nesting too deep."""

LISTS = ("Records", "Events", "events", "Findings", "findings")
"""Keys under which deliveries and API answers hold their list of records."""

HOLES = 100
"""After so many holes a document is given up: each costs a look at everything nested there."""

_WRAPPED = re.compile(rb'\s*\{\s*"(Records|Events|events|Findings|findings)"\s*:\s*\[')
_OBJECT = re.compile(rb'\{\s*"((?:[^"\\]|\\.)*)"\s*:')
_raws = msgspec.json.Decoder(list[msgspec.Raw])
_any = msgspec.json.Decoder(msgspec.Raw)


class _Wrapper(msgspec.Struct):
    Records: list[msgspec.Raw] | None = None
    Events: list[msgspec.Raw] | None = None
    events: list[msgspec.Raw] | None = None
    Findings: list[msgspec.Raw] | None = None
    findings: list[msgspec.Raw] | None = None

    def records(self) -> list[msgspec.Raw]:
        return self.Records or self.Events or self.events or self.Findings or self.findings or []


_wrapper = msgspec.json.Decoder(_Wrapper)


class Record(NamedTuple):
    """One record: its bytes, its position from 1, and how it was wrapped (wrapped, array, lines or single)."""

    data: bytes | msgspec.Raw
    seq: int
    variant: str
    offset: int | None = None


def records(source: Source) -> Iterator[Record | Unreadable]:
    """Every record of the source, in the order of the file. What is no JSON is yielded as Unreadable with its place."""
    if _by_lines(source.head):
        yield from _numbered(_of_lines(source))
    else:
        yield from _of_document(source)


def _numbered(found: Iterator[Record | Unreadable]) -> Iterator[Record | Unreadable]:
    seq = 0
    for record in found:
        if isinstance(record, Unreadable):
            yield record
        else:
            seq += 1
            yield record if record.seq == seq else record._replace(seq=seq)


def _by_lines(head: bytes) -> bool:
    """Whether the first line is a whole value and more than the line of a single minified document."""
    first, newline, more = head.lstrip().partition(b"\n")
    return bool(newline and more.strip()) and _is_json(first)


def _is_json(data: bytes) -> bool:
    try:
        _any.decode(data)
    except BROKEN:
        return False
    return True


def _of_lines(source: Source) -> Iterator[Record | Unreadable]:
    for line in source.lines():
        if not line.data.strip():
            continue
        if not line.data.lstrip().startswith((b"{", b"[")):
            yield source.unreadable("this line is no JSON object", f"line {line.number:,}")
        elif _WRAPPED.match(line.data) or line.data.lstrip().startswith(b"["):
            yield from _unwrapped(line.data, source, f"line {line.number:,}")
        else:
            yield Record(line.data, line.number, "lines", line.offset)


def _of_document(source: Source) -> Iterator[Record | Unreadable]:
    body = source.body()
    if body.strip():
        yield from _unwrapped(body, source, "")


def _unwrapped(body: bytes, source: Source, place: str) -> Iterator[Record | Unreadable]:
    try:
        found, variant = _whole(body)
    except BROKEN as error:
        yield from _recovered(body, source, place, str(error))
        return
    for seq, data in enumerate(found, 1):
        yield Record(data, seq, variant)


def _whole(body: bytes) -> tuple[list[msgspec.Raw], str]:
    if body.lstrip().startswith(b"["):
        return _raws.decode(body), "array"
    try:
        wrapper = _wrapper.decode(body)
    except msgspec.ValidationError:  # one of these keys, but no list: a record's own field
        wrapper = _Wrapper()
    if wrapper.records() or _WRAPPED.match(body):
        return wrapper.records(), "wrapped"
    return [_any.decode(body)], "single"


def _recovered(body: bytes, source: Source, place: str, reason: str) -> Iterator[Record | Unreadable]:
    """The whole objects of a document that is damaged, cut off, or several in a row; one Unreadable for each hole."""
    text = body.decode("latin-1")  # one character a byte: JSON's structure is ASCII, and offsets stay offsets
    scan, begins, at, seq, holes = json.JSONDecoder(), _OBJECT, 0, 0, 0
    while holes < HOLES and (start := begins.search(body, at)):
        at = start.start()
        if wrapped := _WRAPPED.match(body, at):
            at, begins = wrapped.end(), _OBJECT
            continue
        try:
            _, end = scan.raw_decode(text, at)
        except BROKEN:
            yield source.unreadable(f"the JSON is damaged or cut off ({reason})", f"{place or 'document'}, byte {at:,}")
            if begins is _OBJECT:
                begins = _like(start[1])
            at, holes = at + 1, holes + 1
            continue
        seq, begins = seq + 1, _OBJECT
        yield Record(body[at:end], seq, "recovered", at)
        at = end
    if holes == HOLES:
        yield source.unreadable(
            f"too damaged: the rest behind {HOLES:,} holes was not read", f"{place or 'document'}, byte {at:,}"
        )
    if not seq and not holes:
        yield source.unreadable(f"this is no JSON that can be read ({reason})", place)


def _like(key: bytes) -> re.Pattern[bytes]:
    """Where the next record may begin: an object whose first key is the same. Otherwise every nested object would look like one."""
    return re.compile(rb'\{\s*"' + re.escape(key) + rb'"\s*:')
