"""Logs of lines in blocks that are made into columns at once."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

from hikeshi.events.source import Line, Source

SIZE = 2 << 20
"""Bytes of lines in a block."""

SMALL = 512
"""Lines below which a block with anything odd in it is the parser's; a larger one is halved."""


class Block(NamedTuple):
    """Whole lines without the end of the last one, how many lines and how many bytes stand before them."""

    text: bytes
    number: int
    offset: int

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
        yield Block(text[:end], number, offset)
        number, offset = number + text.count(b"\n"), offset + end + 1
        parts, held = [text[end + 1 :]], len(text) - end - 1
    if text := b"".join(parts):
        yield Block(text.removesuffix(b"\n"), number, offset)
