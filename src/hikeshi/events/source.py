"""One opened log: its content in the pieces a parser asks for, within limits.

What cannot be read is noted in `troubles` as an `Unreadable`; nothing is raised, and what came before is handed out.
"""

from __future__ import annotations

import hashlib
import io
import tempfile
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import IO

import msgspec

from hikeshi.errors import Unreadable
from hikeshi.events.unpacking import unpack

CHUNK = 1 << 20
HEAD = 64 * 1024
"""How much of a file a parser sees to recognise it, in bytes."""

SPOOLED = 32 << 20
"""Bytes of an unpacked copy that are held in memory before it goes to disk."""


class Limits(msgspec.Struct, frozen=True):
    """Bounds against bombs, in bytes of unpacked content: of one file, of one line, of one JSON document."""

    file: int = 8 << 30
    line: int = 64 << 20
    document: int = 128 << 20


class Line(msgspec.Struct, frozen=True, gc=False):
    """One line without its end: its number from 1 and its first byte in the unpacked content."""

    number: int
    offset: int
    data: bytes


class Source:
    """One log being read, once and from the beginning. `name` is its path; `note` is what people should know about the whole file."""

    def __init__(
        self, name: str, stream: IO[bytes], *, limits: Limits | None = None, sha256: str = "", part: str = ""
    ) -> None:
        self.name = name
        self.part = part
        """Which part of the evidence file this is, where it is not the whole."""
        self._stream = stream
        self.limits = limits or Limits()
        self.troubles: list[Unreadable] = []
        self.note = ""
        self.undated = 0
        """Records without any time: read, and in no timeline."""
        self._known_sha256 = sha256
        self._pieces: Iterator[bytes] = self._bounded(unpack(stream, name))
        self._kept = b""
        while len(self._kept) < HEAD and (piece := next(self._pieces, b"")):
            self._kept += piece

    @classmethod
    def of(cls, content: bytes, *, name: str = "memory", limits: Limits | None = None) -> Source:
        """A log held in memory."""
        return cls(name, io.BytesIO(content), limits=limits, sha256=hashlib.sha256(content).hexdigest())

    @property
    def head(self) -> bytes:
        """The first bytes of the content, to recognise it by. Only before it is read."""
        return self._kept[:HEAD]

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the file as it lies there, packed or not. Read on first use where it is not known already."""
        if self._known_sha256:
            return self._known_sha256
        with Path(self.name).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def unreadable(self, reason: str, place: str = "", *, hint: str = "") -> Unreadable:
        """The value that says what could not be read, and where."""
        return Unreadable(reason, source=self.name, place=place, hint=hint)

    def ahead(self, most: int) -> list[bytes] | None:
        """The whole content, which is all the same read from the beginning afterwards. None where it is longer than `most` bytes."""
        held, size = [self._kept], len(self._kept)
        while size <= most and (piece := next(self._pieces, b"")):
            held.append(piece)
            size += len(piece)
        self._pieces = chain(held[1:], self._pieces)
        return held if size <= most else None

    def pieces(self) -> Iterator[bytes]:
        """The content in the pieces it is unpacked in, the first at least as long as `head`, up to the limit or the first damage."""
        first, self._kept = self._kept, b""
        if first:
            yield first
        yield from self._pieces

    def chunks(self) -> Iterator[bytes]:
        """The content in pieces of about a mebibyte."""
        pieces, size = [], 0
        for piece in self.pieces():
            pieces.append(piece)
            size += len(piece)
            if size >= CHUNK:
                yield b"".join(pieces)
                pieces, size = [], 0
        if size:
            yield b"".join(pieces)

    def seekable(self) -> IO[bytes]:
        """The whole content as a file to move about in, instead of reading it from the beginning.

        It is the file itself where nothing is packed, else an unpacked copy (on disk where it is large), up to the limit of a file.
        """
        if self._stream.seekable():
            here = self._stream.seek(0, io.SEEK_CUR)
            self._stream.seek(0)
            if self._stream.read(len(self.head)) == self.head:
                self._stream.seek(0)
                return self._stream
            self._stream.seek(here)
        copy: IO[bytes] = tempfile.SpooledTemporaryFile(SPOOLED)  # noqa: SIM115  it lives as long as the caller reads
        for piece in self.chunks():
            copy.write(piece)
        copy.seek(0)
        return copy

    def body(self) -> bytes:
        """The whole content, up to the limit of one document."""
        return self.joined(self.chunks())

    def joined(self, parts: Iterable[bytes]) -> bytes:
        """The parts of a document together, up to the limit of one document."""
        pieces: list[bytes] = []
        left = self.limits.document
        for piece in parts:
            pieces.append(piece[:left])
            left -= len(piece)
            if left < 0:
                self._over("document", self.limits.document)
                break
        return b"".join(pieces)

    def lines(self, chunks: Iterable[bytes] | None = None, *, number: int = 0, offset: int = 0) -> Iterator[Line]:
        """Every line. One over the limit is noted and passed over, and reading goes on behind it.

        Who has read the beginning already gives the content that is left, how many lines and how many bytes stand before it.
        """
        rest, passed = b"", 0
        for piece in self.chunks() if chunks is None else chunks:
            *whole, last = piece.split(b"\n")
            for end in whole:
                number += 1
                line, length = rest + end, passed + len(rest) + len(end)
                if passed or len(line) > self.limits.line:
                    self._over("line", self.limits.line, f"line {number:,}")
                else:
                    yield Line(number, offset, line.removesuffix(b"\r"))
                offset += length + 1
                rest, passed = b"", 0
            rest += last
            if len(rest) > self.limits.line:
                rest, passed = b"", passed + len(rest)
        if passed or len(rest) > self.limits.line:
            self._over("line", self.limits.line, f"line {number + 1:,}")
        elif rest:
            yield Line(number + 1, offset, rest.removesuffix(b"\r"))

    def _bounded(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        left = self.limits.file
        try:
            for piece in pieces:
                yield piece[:left]
                left -= len(piece)
                if left < 0:
                    self._over("file", self.limits.file)
                    return
        except Unreadable as trouble:
            self.troubles.append(trouble)

    def _over(self, what: str, limit: int, place: str = "") -> None:
        self.troubles.append(
            self.unreadable(
                f"this {what} is longer than the limit of {limit:,} bytes",
                place,
                hint="Raise the limit if you trust it.",
            )
        )
