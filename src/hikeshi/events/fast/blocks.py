"""Logs of lines in blocks that are made into columns at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from itertools import chain
from typing import Any

import msgspec

from hikeshi.events.fast.assembling import lines_of, placed
from hikeshi.events.source import Line, Source

SIZE = 2 << 20
"""Bytes of lines in a block."""

SMALL = 512
"""Lines below which a block with anything odd in it is the parser's; a larger one is halved."""


class Block(msgspec.Struct, dict=True):
    """Whole lines without the end of the last one, how many lines and how many bytes stand before them."""

    text: bytes
    number: int
    offset: int

    @cached_property
    def rows(self) -> Any:
        """The lines as an array of text. Raises ArrowInvalid where they are not UTF-8."""
        return lines_of(self.text)

    @cached_property
    def count(self) -> int:
        """How many lines there are. Who knows it says so: to count them takes as long as to cut them."""
        return len(self.rows) if "rows" in self.__dict__ else self.text.count(b"\n") + 1

    @property
    def first(self) -> bytes:
        """The first line."""
        end = self.text.find(b"\n")
        return self.text if end < 0 else self.text[:end]

    def behind(self, first: bytes) -> Block:
        """The block without its first line."""
        return Block(self.text[len(first) + 1 :], self.number + 1, self.offset + len(first) + 1)

    def some(self, at: Iterable[int]) -> list[Line]:
        """Lines by their place in the block, from 0."""
        begins = placed(self)["offset"]
        return [
            Line(self.number + 1 + n, begins[n].as_py(), self.rows[n].as_py().encode().removesuffix(b"\r")) for n in at
        ]

    def halves(self) -> tuple[Block, Block]:
        """The block as two, or an empty one and itself where it is one line."""
        at = self.text.find(b"\n", len(self.text) // 2) + 1 or self.text.find(b"\n") + 1
        left = self.text[: max(0, at - 1)]
        lines = left.count(b"\n") + 1 if at else 0
        return Block(left, self.number, self.offset), Block(self.text[at:], self.number + lines, self.offset + at)

    def lines(self, source: Source) -> Iterator[Line]:
        """The same line by line."""
        return source.lines([self.text], number=self.number, offset=self.offset)


def blocks(
    source: Source, size: int, *, headed: Callable[[bytes], bool] | None = None
) -> Iterator[Block | Iterator[Line]]:
    """The content in blocks; from a line on that is longer than one, what is left line by line.

    A first line of which `headed` holds is a block of its own. What is in a block is copied only once.
    """
    pieces, number, offset = filter(None, source.pieces()), 0, 0  # the last one is empty where a limit ends it
    parts: list[bytes] = []
    held = 0
    for piece in pieces:
        if headed and not (parts or number) and headed(piece) and (end := piece.find(b"\n")) >= 0:
            yield Block(piece[:end], 0, 0)
            number, offset, piece = 1, end + 1, piece[end + 1 :]  # noqa: PLW2901  the header is no part of it
        parts.append(piece)
        held += len(piece)
        if held < size:
            continue
        if piece.rfind(b"\n") < 0:
            parts = [b"".join(parts)]
        end = parts[-1].rfind(b"\n")
        if end < 0:
            yield source.lines(chain(parts, pieces), number=number, offset=offset)
            return
        rest = parts[-1][end + 1 :]
        parts[-1] = parts[-1][:end]
        block = Block(b"".join(parts), number, offset)
        yield block
        number, offset = number + block.count, offset + len(block.text) + 1
        parts, held = [rest], len(rest)
    if held:
        parts[-1] = parts[-1].removesuffix(b"\n")
        yield Block(b"".join(parts), number, offset)
