"""A part of a store once more, with later times and other ids: what benchmarks of large stores are made of, in seconds instead of an hour.

Everything but times and ids is copied as it lies in the file, packed, and only the footer, which says where each column lies, is written
anew. The footer is Thrift's compact protocol (https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md) with the
fields of https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

MOVED = ("ts", "ts_end", "row_id", "event_uid")
"""Columns that are written anew."""

MAGIC = b"PAR1"
STOP, TRUE, FALSE, BYTE, DOUBLE, BINARY, LIST, STRUCT = 0, 1, 2, 3, 7, 8, 9, 12
"""Types of the compact protocol; those between are whole numbers."""

ROW_GROUPS, COLUMNS, OFFSET, META = 4, 1, 2, 3
DATA, INDEX, DICTIONARY, PACKED, PATH, FILE_OFFSET, INDEXES = 9, 10, 11, 7, 3, 5, (4, 5, 6, 7)
"""Numbers of the fields that are read or changed here."""

Struct = dict[int, tuple[int, Any]]
"""By number of a field: its type and its value."""


def again(part: Path, new: Path, *, later_us: int, rows: int, number: int) -> None:
    """Copy `part` with times later by so many microseconds, row ids higher by `rows`, and ids of events that are those of copy `number`."""
    moved = new.with_name(new.name + ".moved")
    _move(part, moved, later_us, rows, number)
    footer = _footer(part)
    with part.open("rb") as old, moved.open("rb") as changed, new.open("wb", buffering=0) as out:
        out.write(MAGIC)
        for group, other in zip(_groups(footer), _groups(_footer(moved)), strict=True):
            fresh = {_name(column): column for column in other[COLUMNS][1][1]}
            columns = group[COLUMNS][1][1]
            for at, column in enumerate(columns):
                if found := fresh.get(_name(column)):
                    columns[at] = _laid(found, changed, out)
                else:
                    _laid(column, old, out)
            group.pop(FILE_OFFSET, None)
        told = _struct(footer)
        out.write(told + len(told).to_bytes(4, "little") + MAGIC)
    moved.unlink()


def salt(number: int) -> Any:
    """What the ids of a copy differ by. Their first half stays, and with it the order of events of the same time."""
    return np.array([0, number << 32], np.uint64)


def _move(part: Path, moved: Path, later_us: int, rows: int, number: int) -> None:
    """A file with the columns that change, in the same groups of rows."""
    with pq.ParquetFile(part) as old:
        schema = pa.schema([old.schema_arrow.field(name) for name in MOVED])
        with pq.ParquetWriter(moved, schema, compression="zstd", compression_level=1, use_dictionary=False, write_statistics=True) as out:  # fmt: skip
            for at in range(old.num_row_groups):
                table = old.read_row_group(at, columns=list(MOVED))
                uids = np.frombuffer(table["event_uid"].combine_chunks().buffers()[1], np.uint64).reshape(-1, 2)
                mixed = pa.FixedSizeBinaryArray.from_buffers(
                    pa.binary(16), len(uids), [None, pa.py_buffer((uids ^ salt(number)).tobytes())]
                )
                times = [pc.add(table[name], later_us) for name in ("ts", "ts_end")]
                group = pa.table([*times, pc.add(table["row_id"], rows), mixed], schema=schema)
                out.write_table(group, row_group_size=group.num_rows)


def _laid(column: Struct, source: Any, out: Any) -> Struct:
    """Copy the pages of a column, and say in its description where they are now."""
    meta = column[META][1]
    first = min(meta[field][1] for field in (DATA, DICTIONARY) if field in meta)
    step = out.tell() - first
    copied = 0
    while copied < meta[PACKED][1]:
        copied += os.sendfile(out.fileno(), source.fileno(), first + copied, meta[PACKED][1] - copied)
    for field in (DATA, INDEX, DICTIONARY):
        if field in meta:
            meta[field] = (meta[field][0], meta[field][1] + step)
    column[OFFSET] = (column[OFFSET][0], 0)
    for field in INDEXES:
        column.pop(field, None)
    return column


def _name(column: Struct) -> bytes:
    return b".".join(column[META][1][PATH][1][1])


def _groups(footer: Struct) -> list[Struct]:
    found: list[Struct] = footer[ROW_GROUPS][1][1]
    return found


def _footer(path: Path) -> Struct:
    content = memoryview(path.read_bytes())
    size = int.from_bytes(content[-8:-4], "little")
    return _Reader(content[-8 - size : -8]).fields()


class _Reader:
    """Values of the compact protocol, one after the other."""

    def __init__(self, content: memoryview) -> None:
        self._content = content
        self._at = 0

    def value(self, kind: int) -> Any:
        if kind in {TRUE, FALSE}:
            return kind == TRUE
        if kind == BYTE:
            return self._byte()
        if kind == DOUBLE:
            return self._take(8)
        if kind == BINARY:
            return self._take(self._varint())
        if kind == LIST:
            return self._list()
        if kind == STRUCT:
            return self.fields()
        number = self._varint()
        return (number >> 1) ^ -(number & 1)

    def _list(self) -> tuple[int, list[Any]]:
        head = self._byte()
        size = head >> 4
        size = self._varint() if size == 15 else size
        kind = head & 15
        return kind, [self._byte() == TRUE if kind in {TRUE, FALSE} else self.value(kind) for _ in range(size)]

    def fields(self) -> Struct:
        found, number = Struct(), 0
        while head := self._byte():
            number = number + (head >> 4) if head >> 4 else self.value(4)
            found[number] = (head & 15, self.value(head & 15))
        return found

    def _byte(self) -> int:
        self._at += 1
        return self._content[self._at - 1]

    def _take(self, size: int) -> bytes:
        self._at += size
        return bytes(self._content[self._at - size : self._at])

    def _varint(self) -> int:
        number = shift = 0
        while True:
            byte = self._byte()
            number |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return number


def _struct(fields: Struct) -> bytes:
    written, before = bytearray(), 0
    for number, (kind, value) in sorted(fields.items()):
        told, step = (TRUE if value else FALSE) if kind in {TRUE, FALSE} else kind, number - before
        written += bytes([step << 4 | told]) if 0 < step < 16 else bytes([told]) + _varint(number << 1)
        before = number
        if told not in {TRUE, FALSE}:
            written += _written(kind, value)
    return bytes(written) + b"\0"


def _written(kind: int, value: Any) -> bytes:
    if kind == BYTE:
        return bytes([value])
    if kind == DOUBLE:
        return bytes(value)
    if kind == BINARY:
        return _varint(len(value)) + bytes(value)
    if kind == STRUCT:
        return _struct(value)
    if kind == LIST:
        inner, members = value
        head = (
            bytes([len(members) << 4 | inner]) if len(members) < 15 else bytes([0xF0 | inner]) + _varint(len(members))
        )
        if inner in {TRUE, FALSE}:
            return head + bytes(TRUE if member else FALSE for member in members)
        return head + b"".join(_written(inner, member) for member in members)
    return _varint((value << 1) ^ (value >> 63))


def _varint(number: int) -> bytes:
    written = bytearray()
    while number > 127:
        written.append(number & 127 | 128)
        number >>= 7
    written.append(number)
    return bytes(written)
