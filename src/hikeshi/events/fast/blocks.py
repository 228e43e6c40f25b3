"""Logs of lines in blocks that are made into columns at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from itertools import chain
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from hikeshi.events.fast.assembling import cut_at_ends, lines_of
from hikeshi.events.source import Line, Source

SIZE = 2 << 20
"""Bytes of lines in a block."""

PIECE = 512 << 10
"""Bytes of lines that are looked through at once for their ends, so that the memory for them is used again."""

SMALL = 512
"""Lines below which a block with anything odd in it is the parser's; a larger one is halved."""


class Block(msgspec.Struct, frozen=True, dict=True):
    """Whole lines without the end of the last one, how many lines and how many bytes stand before them."""

    text: bytes
    number: int
    offset: int

    @cached_property
    def rows(self) -> Any:
        """The lines as an array of text. Raises ArrowInvalid where they are not UTF-8."""
        return lines_of(self.text)

    @cached_property
    def lengths(self) -> Any:
        """How many bytes each line has."""
        if "rows" in self.__dict__:
            return pc.binary_length(self.rows)
        return pa.concat_arrays([pc.binary_length(cut_at_ends(piece)) for piece in self._pieces()])

    def _pieces(self) -> Iterator[bytes]:
        at, end = 0, len(self.text)
        while end - at > PIECE and (last := self.text.rfind(b"\n", at, at + PIECE)) >= 0:
            yield self.text[at:last]
            at = last + 1
        yield self.text[at:]

    def behind(self, first: bytes) -> Block:
        """The block without its first line."""
        rest = Block(self.text[len(first) + 1 :], self.number + 1, self.offset + len(first) + 1)
        rest.__dict__["lengths"] = self.lengths[1:]
        return rest

    def some(self, place: Mapping[str, Any], at: Iterable[int]) -> list[Line]:
        """Lines by their place in the block, from 0; `place` as of `placed` (assembling.py)."""
        found = []
        for n in at:
            begin = place["offset"][n].as_py() - self.offset
            line = self.text[begin : begin + self.lengths[n].as_py()]
            found.append(Line(place["seq"][n].as_py(), begin + self.offset, line.removesuffix(b"\r")))
        return found

    def halves(self) -> tuple[Block, Block]:
        """The block as two, or an empty one and itself where it is one line."""
        at = self.text.find(b"\n", len(self.text) // 2) + 1 or self.text.find(b"\n") + 1
        left = self.text[: max(0, at - 1)]
        lines = left.count(b"\n") + 1 if at else 0
        return Block(left, self.number, self.offset), Block(self.text[at:], self.number + lines, self.offset + at)

    def lines(self, source: Source) -> Iterator[Line]:
        """The same line by line."""
        return source.lines([self.text], number=self.number, offset=self.offset)


def blocks(source: Source, size: int) -> Iterator[Block | Iterator[Line]]:
    """The content in blocks; from a line on that is longer than one, what is left line by line."""
    pieces, number, offset = source.pieces(), 0, 0
    parts: list[bytes] = []
    held = 0
    for piece in pieces:
        parts.append(piece)
        held += len(piece)
        if held < size:
            continue
        text = b"".join(parts)
        end = text.rfind(b"\n")
        if end < 0:
            yield source.lines(chain([text], pieces), number=number, offset=offset)
            return
        block = Block(text[:end], number, offset)
        yield block
        number, offset = number + len(block.lengths), offset + end + 1
        parts, held = [text[end + 1 :]], len(text) - end - 1
    if text := b"".join(parts):
        yield Block(text.removesuffix(b"\n"), number, offset)
