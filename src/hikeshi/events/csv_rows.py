"""Logs of comma-separated values cut into rows (RFC 4180), with the bytes of each row kept.

Lines inside quotes belong to one row. A quote that is opened and not closed within so many lines belongs to its own line only, so that
one slip does not swallow the rest of a file.

References:
  https://www.rfc-editor.org/rfc/rfc4180
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from hikeshi.errors import Unreadable
from hikeshi.events.event import text_of
from hikeshi.events.source import Line, Source

MOST = 500
"""Lines of one row."""

csv.field_size_limit(64 << 20)  # the limit of a line; the library's own is smaller than records that exist

_REST = re.compile(rb'[^"]*+(?:""[^"]*+)*+"(?!")')
"""A quoted field behind its first quote."""


class Row(NamedTuple):
    """One row: its values, its bytes, its position from 1 (the row of names is 1), its first line and its first byte."""

    values: list[str]
    data: bytes
    seq: int
    line: int
    offset: int


def rows(source: Source, separator: str = ",") -> Iterator[Row | Unreadable]:
    """Every row that is not empty. The first has the names of the columns, where the log has any."""
    seq = 0
    for line, data in _joined(source, separator.encode()):
        if data is None:
            yield source.unreadable("a quote is opened here and not closed", f"line {line.number:,}")
        elif data.strip():
            seq += 1
            try:
                yield Row(split(text_of(data), separator), data, seq, line.number, line.offset)
            except csv.Error as error:
                yield source.unreadable(f"the row cannot be split: {error}", f"line {line.number:,}")


def split(text: str, separator: str = ",") -> list[str]:
    """The values of one row. Raises csv.Error."""
    if '"' not in text:
        return text.removeprefix("\ufeff").split(separator)
    return next(csv.reader([text.removeprefix("\ufeff")], delimiter=separator))


def first_row(head: bytes, separator: str = ",") -> list[str]:
    """The names of the columns, or what stands in their place. Never raises."""
    try:
        return split(text_of(head.lstrip().partition(b"\n")[0].removesuffix(b"\r")), separator)
    except csv.Error:
        return []


def _joined(source: Source, separator: bytes) -> Iterator[tuple[Line, bytes | None]]:
    """The first line of each row with its bytes, or None where a quote stays open."""
    lines, again = source.lines(), deque[Line]()
    quoted = separator + b'"'
    while (line := again.popleft() if again else next(lines, None)) is not None:
        if b'"' not in line.data or not _open(line.data, quoted, inside=False):
            yield line, line.data
            continue
        held, inside = [line], True
        while inside and len(held) < MOST and (more := again.popleft() if again else next(lines, None)) is not None:
            held.append(more)
            inside = _open(more.data, quoted, inside=True)
        if inside:
            yield line, None
            again.extendleft(reversed(held[1:]))
        else:
            yield line, b"\n".join(one.data for one in held)


def _open(data: bytes, quoted: bytes, *, inside: bool) -> bool:
    """Whether a quoted field is still open at the end."""
    at = 0 if inside else -1
    if not inside and data.removeprefix(b"\xef\xbb\xbf").startswith(b'"'):
        at = data.index(b'"') + 1
    while True:
        if at >= 0:
            rest = _REST.match(data, at)
            if rest is None:
                return True
            at = rest.end()
        at = data.find(quoted, max(at, 0))
        if at < 0:
            return False
        at += len(quoted)
