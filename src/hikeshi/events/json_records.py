"""JSON logs cut into records: one document, a wrapped list, an array, JSON lines, or documents one after another.

Records come out as the bytes they were, so that the raw record stays untouched and each parser decodes only the fields it has.
Where a document is damaged or cut off, the records that are whole are found by walking from one to the next.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterator
from itertools import chain
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

PIECE = 4 << 20
"""Bytes of a long document that are decoded at once."""

NEAR = 1 << 19
"""How far back from the end of a piece a place to cut it is looked for, in bytes."""

WINDOW = 4 << 20
"""How much of a damaged document is walked through at once, in bytes."""

BLANK = 64
"""How far back from the end of a document the end of its list is looked for, in bytes."""

_LIST = re.compile(
    rb'\s*(?P<wrapped>\{\s*"(Records|Events|events|Findings|findings)"\s*:\s*)?\[\s*(?=(?P<first>\{\s*"[\w@$.-]+"\s*:))'
)
_END, _END_WRAPPED = re.compile(rb"\s*\]\s*\Z"), re.compile(rb"\s*\]\s*\}\s*\Z")
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
    if by_lines(source.head):
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


def by_lines(head: bytes) -> bool:
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
    document = Document(source)
    for text in document.pieces():
        yield from document.records(text)


class Document:
    """One JSON document, read a piece at a time where it is a list of records, so that its length does not matter.

    It is cut where one record seems to end and the next to begin. The first piece begins where a record does, so a piece that is a
    list of whole values ends where a record does, and so on: decoding proves the cut. Where a piece is none, the rest is read whole.
    """

    def __init__(self, source: Source) -> None:
        begins = _LIST.match(source.head)
        self.seq = 0
        """Records read so far."""
        self.damaged = begins is None
        """Whether the document, or the piece at hand, is no list that ends as it should."""
        self.first = begins["first"] if begins else b""
        """How the first record begins, and likely the others."""
        self.mixed = False
        """Whether others are known to begin in other ways."""
        self._opening = begins[0] if begins else b""
        self._end = _END_WRAPPED if begins and begins["wrapped"] else _END
        self.variant = "wrapped" if begins and begins["wrapped"] else "array"
        self._source = source
        self._offset = len(self._opening)
        self._whole = False
        self._pieces = self._cut() if begins else iter([b""])

    def pieces(self) -> Iterator[bytes | memoryview]:
        """Texts of records with commas between them. Each is given to `records`, or decoded by the caller and counted in `seq`."""
        yield from self._pieces

    def cut(self, text: bytes | memoryview) -> list[msgspec.Raw] | None:
        """The values of a piece, or None where it is no list of values."""
        try:
            return None if self.damaged else _raws.decode(b"".join((b"[", text, b"]")))
        except BROKEN:
            return None

    def records(self, text: bytes | memoryview) -> Iterator[Record | Unreadable]:
        """The records of a piece; where it is no list of records, those of the whole rest of the document."""
        found = self.cut(text)
        return self._rest(text) if found is None else self.counted(found)

    def counted(self, found: list[msgspec.Raw]) -> Iterator[Record]:
        """The values of a piece as records, counted in `seq`."""
        before = self.seq
        self.seq += len(found)
        for seq, data in enumerate(found, before + 1):
            yield Record(data, seq, self.variant)

    def _rest(self, text: bytes | memoryview) -> Iterator[Record | Unreadable]:
        self._whole = True
        body = self._opening + text + next(self._pieces, b"") if self._opening else self._source.body()
        if body.strip():
            yield from _unwrapped(body, self._source, "", base=self._offset - len(self._opening), seq=self.seq)

    def _cut(self) -> Iterator[bytes | memoryview]:
        """Pieces without the comma behind them; after `_whole` is set, what is left as it stands."""
        pieces = self._source.pieces()
        parts, size, enough = [next(pieces, b"")[self._offset :]], 0, PIECE
        for piece in pieces:
            parts.append(piece)
            size += len(piece)
            if size < enough:
                continue
            text = b"".join(parts)
            parts, enough = [text], 2 * size
            if (cut := self._last(text)) is not None:
                yield text[: cut.start() + 1]
                if self._whole:
                    yield self._source.joined(chain([text[cut.start() + 1 :]], pieces))
                    return
                self._offset += cut.end()
                parts, size, enough = [text[cut.end() :]], len(text) - cut.end(), PIECE
            elif size > self._source.limits.document:
                break
        text = self._source.joined(parts)
        end = self._end.search(text, max(0, len(text) - BLANK))
        self.damaged = end is None
        yield memoryview(text)[: end.start()] if end else text
        if self._whole and end:
            yield end[0]

    def _last(self, text: bytes) -> re.Match[bytes] | None:
        """The last place where a record seems to begin."""
        between = re.compile(rb"\}\s*,\s*(?=" + re.escape(self.first) + b")")
        return next(iter(deque(between.finditer(text, max(0, len(text) - NEAR)), 1)), None)


def _unwrapped(
    body: bytes, source: Source, place: str, *, base: int = 0, seq: int = 0
) -> Iterator[Record | Unreadable]:
    """The records of a body that begins `base` bytes further on in its document, behind `seq` records."""
    try:
        found, variant = _whole(body)
    except BROKEN as error:
        yield from _recovered(body, source, place, str(error), base=base, seq=seq)
        return
    for number, data in enumerate(found, seq + 1):
        yield Record(data, number, variant)


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


def _recovered(
    body: bytes, source: Source, place: str, reason: str, *, base: int, seq: int
) -> Iterator[Record | Unreadable]:
    """The whole objects of a document that is damaged, cut off, or several in a row; one Unreadable for each hole."""
    walker, begins, at, before, holes = _Walker(body), _OBJECT, 0, seq, 0
    while holes < HOLES and (start := begins.search(body, at)):
        at = start.start()
        if wrapped := _WRAPPED.match(body, at):
            at, begins = wrapped.end(), _OBJECT
            continue
        try:
            end = walker.end(at)
        except BROKEN:
            yield source.unreadable(
                f"the JSON is damaged or cut off ({reason})", f"{place or 'document'}, byte {base + at:,}"
            )
            if begins is _OBJECT:
                begins = _like(start[1])
            at, holes = at + 1, holes + 1
            continue
        seq, begins = seq + 1, _OBJECT
        yield Record(body[at:end], seq, "recovered", base + at)
        at = end
    if holes == HOLES:
        yield source.unreadable(
            f"too damaged: the rest behind {HOLES:,} holes was not read", f"{place or 'document'}, byte {base + at:,}"
        )
    if seq == before and not holes:
        yield source.unreadable(f"this is no JSON that can be read ({reason})", place)


class _Walker:
    """Finds where the value that begins somewhere ends.

    Values are built on the way and take many times their bytes, so no more than a window is seen at once: a record that is longer
    than half of it may count as a hole where a document is damaged.
    """

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._scan = json.JSONDecoder()
        self._from = 0
        self._text = ""
        self._see(0)

    def end(self, at: int) -> int:
        """Raises one of BROKEN where no whole value begins at this byte."""
        if at - self._from > WINDOW // 2:
            self._see(at)
        _, end = self._scan.raw_decode(self._text, at - self._from)
        return self._from + end

    def _see(self, at: int) -> None:
        self._from = at
        self._text = self._body[at : at + WINDOW].decode(
            "latin-1"
        )  # a character a byte: JSON's signs are ASCII, offsets stay offsets


def _like(key: bytes) -> re.Pattern[bytes]:
    """Where the next record may begin: an object whose first key is the same. Otherwise every nested object would look like one."""
    return re.compile(rb'\{\s*"' + re.escape(key) + rb'"\s*:')
