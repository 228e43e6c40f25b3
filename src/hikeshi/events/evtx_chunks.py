"""Windows event log files cut into their chunks, and each chunk into records.

A chunk of 64 KiB holds all the strings and templates its records need, so that each is read on its own, as if it were a whole small
file. Nothing larger is ever in memory, packed logs need no second copy, and damage in one chunk costs no other.

The records of a chunk are counted by walking its record headers; every record that the library does not give back is an
`Unreadable` with its record id.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from evtx import PyEvtxParser

from hikeshi.errors import Unreadable
from hikeshi.events.source import Source

FILE_MAGIC = b"ElfFile\0"
CHUNK_MAGIC = b"ElfChnk\0"
RECORD_MAGIC = b"**\0\0"
FILE_HEADER = 4096
CHUNK = 65536
FIRST_RECORD = 512
"""Where records begin in a chunk, in bytes."""

TABLES = slice(128, FIRST_RECORD)
"""Where a chunk lists its strings and templates. The library finds them without, and a list that leads back to itself would hold it for ever."""

SMALLEST = 28
"""Bytes of a record without content."""

MOST = CHUNK // SMALLEST
"""More records do not fit into a chunk: a header that says so is damaged."""

NO_CHECKSUM = 4
"""Flag of a chunk that was written without one."""

_HEADER = FILE_MAGIC + struct.pack("<QQQIHHHH", 0, 0, 1, 128, 1, 3, FILE_HEADER, 1)
WHOLE = _HEADER.ljust(FILE_HEADER, b"\0")
"""The header of a file with one chunk, put before each."""


class Written(NamedTuple):
    """One record: `json` is what the library made of the binary XML, `filetime` when it was written (100 ns since 1601)."""

    number: int
    json: str
    binary: bytes
    filetime: int
    offset: int


class _Place(NamedTuple):
    at: int
    size: int
    filetime: int


def written(source: Source) -> Iterator[Written | Unreadable]:
    """Every record of the source in the order of the file, then of each chunk what is lost. Notes checksums that do not match."""
    doubtful = 0
    for number, at, chunk in _chunks(source):
        if not chunk.startswith(CHUNK_MAGIC):
            yield source.unreadable("this chunk does not begin like one", f"chunk {number:,}, byte {at:,}")
            continue
        doubtful += not _checks(chunk)
        yield from _of_chunk(source, number, at, chunk)
    if doubtful:
        source.note = f"{doubtful:,} chunks do not match their checksums: changed, or not closed when copied"


def _chunks(source: Source) -> Iterator[tuple[int, int, bytes]]:
    """Number, first byte and content of each chunk; those never used (all zero) are left out."""
    claimed, at, rest = 0, 0, b""
    for piece in source.chunks():
        rest += piece
        if not at and rest.startswith(FILE_MAGIC):
            if len(rest) < FILE_HEADER:
                continue
            claimed, at, rest = int.from_bytes(rest[42:44], "little"), FILE_HEADER, rest[FILE_HEADER:]
        while len(rest) >= CHUNK:
            if _used(rest[:CHUNK], at // CHUNK, claimed):
                yield at // CHUNK, at, rest[:CHUNK]
            at, rest = at + CHUNK, rest[CHUNK:]
    if rest.strip(b"\0") and not rest.startswith(FILE_MAGIC):
        yield at // CHUNK, at, rest


def _used(chunk: bytes, number: int, claimed: int) -> bool:
    return number < claimed or chunk.count(0) < CHUNK


def _checks(chunk: bytes) -> bool:
    """Whether the chunk matches its own checksums, or has none."""
    if len(chunk) < FIRST_RECORD or chunk[120] & NO_CHECKSUM:
        return len(chunk) >= FIRST_RECORD
    free, records = struct.unpack_from("<II", chunk, 48)
    header = int.from_bytes(chunk[124:128], "little")
    return (
        zlib.crc32(chunk[FIRST_RECORD:free]) == records and zlib.crc32(chunk[:120] + chunk[128:FIRST_RECORD]) == header
    )


def _of_chunk(source: Source, number: int, start: int, chunk: bytes) -> Iterator[Written | Unreadable]:
    walk = _Walk(chunk)
    waiting, reasons = dict(walk.places), list[str]()
    whole = WHOLE + bytes(walk.bridged).ljust(CHUNK, b"\0")
    found = iter(PyEvtxParser(io.BytesIO(whole), number_of_threads=1).records_json())
    while len(reasons) <= MOST:
        try:
            record = next(found)
        except StopIteration:
            break
        except (RuntimeError, OSError, ValueError) as error:
            reasons.append(str(error))
            continue
        place = waiting.pop(record["event_record_id"], None) if record else None
        if record and place:
            at, size, filetime = place
            yield Written(record["event_record_id"], record["data"], chunk[at : at + size], filetime, start + at)
    own = {identity: text for text in reasons for identity in waiting if f"record number {identity}:" in text}
    for identity in sorted([*waiting, *walk.lost()]):
        reason = own.get(identity, "the chunk is damaged or cut off where this record was")
        yield source.unreadable(reason, f"record id {identity:,} in chunk {number:,}")
    if reasons and not waiting and not walk.lost():
        yield source.unreadable(reasons[-1], f"chunk {number:,}, byte {start:,}")


class _Walk:
    """From one record header to the next. Holes are bridged by the header of a record that is none, so that the library goes on."""

    def __init__(self, chunk: bytes) -> None:
        self.bridged = bytearray(chunk)
        self.bridged[TABLES] = bytes(len(self.bridged[TABLES]))
        self.places: dict[int, _Place] = {}
        self.whole = True
        self.first, self.last, self.free = 1, 0, 0
        if len(chunk) >= FIRST_RECORD:
            self.first, self.last = struct.unpack_from("<QQ", chunk, 24)
            self.free = min(int.from_bytes(chunk[48:52], "little"), CHUNK)
        at, end = FIRST_RECORD, min(self.free, len(chunk))
        while at < end:
            place, identity = _place(chunk, at, end)
            if place is None:
                self.whole = False
                at = self._bridge(at, end)
            else:
                self.places[identity] = place
                at += place.size
        self.whole = self.whole and at >= self.free

    def lost(self) -> list[int]:
        """The ids that the chunk's header names and that are not there, where not every byte was a record."""
        if self.whole or not 0 <= self.last - self.first < MOST:
            return []
        return [identity for identity in range(self.first, self.last + 1) if identity not in self.places]

    def _bridge(self, hole: int, end: int) -> int:
        """Where the next whole record begins, or the end."""
        at = hole + 4
        while (at := self.bridged.find(RECORD_MAGIC, at, end)) >= 0:
            place, identity = _place(self.bridged, at, end)
            if place and self.first <= identity <= self.last and identity not in self.places and at - hole >= SMALLEST:
                struct.pack_into("<4sIQQ", self.bridged, hole, RECORD_MAGIC, at - hole, 0, 0)
                return at
            at += 4
        return end


def _place(chunk: bytes | bytearray, at: int, end: int) -> tuple[_Place | None, int]:
    """The record at this byte, whose size stands before and behind it, and its id."""
    if at + SMALLEST > end or chunk[at : at + 4] != RECORD_MAGIC:
        return None, 0
    size, identity, filetime = struct.unpack_from("<IQQ", chunk, at + 4)
    if size < SMALLEST or at + size > end or chunk[at + size - 4 : at + size] != chunk[at + 4 : at + 8]:
        return None, 0
    return _Place(at, size, filetime), identity
