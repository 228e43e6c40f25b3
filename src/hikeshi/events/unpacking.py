"""Undoing compression while reading, and keeping what can be read of a damaged or cut-off file.

The packing is recognised by content, not by name: gzip (RFC 1952), Zstandard (RFC 8878), bzip2. Readers that hand out whole buffers
lose the last one of a cut-off file, so the decompressors are driven piece by piece. Little is fed at a time, because a few bytes can
stand for gigabytes: one piece unpacks to 100 MB at most.
"""

from __future__ import annotations

import bz2
import re
from collections.abc import Callable, Iterator
from typing import IO, Any, NamedTuple, Protocol, cast

import zstandard
from isal import isal_zlib

from hikeshi.errors import Unreadable

READ = 1 << 20
"""How much of a file is read at a time, in bytes."""

FIRST = 64 << 10
"""The same at the beginning: most logs are smaller, and memory for so little need not be asked of the system."""

DAMAGED = (OSError, ValueError, EOFError, cast("type[Exception]", isal_zlib.error), zstandard.ZstdError)


class Unpacker(Protocol):
    """What zlib, bz2 and zstandard have in common."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: Any, /) -> bytes: ...


class Packing(NamedTuple):
    name: str
    magic: re.Pattern[bytes]
    unpacker: Callable[[], Unpacker]
    feed: int
    """Bytes handed to the unpacker at once."""


PACKINGS: tuple[Packing, ...] = (
    Packing("bzip2", re.compile(rb"BZh[1-9](1AY&SY|\x17rE8P\x90)"), bz2.BZ2Decompressor, 1 << 10),
    Packing("gzip", re.compile(rb"\x1f\x8b\x08"), lambda: isal_zlib.decompressobj(31), 1 << 16),  # 31: gzip framing
    Packing("zstd", re.compile(rb"\x28\xb5\x2f\xfd"), lambda: zstandard.ZstdDecompressor().decompressobj(), 1 << 10),
)


def unpack(raw: IO[bytes], name: str) -> Iterator[bytes]:
    """The unpacked content in pieces. Raises Unreadable, after the last good piece, where the data is damaged or cut off."""
    try:
        first = raw.read(FIRST)
        packing = next((packing for packing in PACKINGS if packing.magic.match(first)), None)
        if packing is not None:
            yield from _unpacked(raw, first, packing, name)
            return
        while first:
            yield first
            first = raw.read(FIRST)
    except OSError as error:
        raise Unreadable(f"it could not be read to the end: {error.strerror or error}", source=name) from error


def _unpacked(raw: IO[bytes], first: bytes, packing: Packing, name: str) -> Iterator[bytes]:
    unpacker, taken = packing.unpacker(), 0
    for fed in _feeds(raw, first, packing.feed):
        data = fed
        while data:
            if unpacker.eof:
                if not packing.magic.match(data) and data.strip(b"\0"):
                    raise Unreadable(
                        f"other bytes follow the {packing.name} data", source=name, place=f"byte {taken:,}"
                    )
                if not data.strip(b"\0"):
                    break
                unpacker = packing.unpacker()
            try:
                out = unpacker.decompress(data)
            except DAMAGED as error:
                raise _damaged(f"the {packing.name} data is damaged: {error}", taken, name) from error
            if out:
                yield out
            left = unpacker.unused_data if unpacker.eof else b""
            taken += len(data) - len(left)
            data = left
    if not unpacker.eof:
        raise _damaged(f"the {packing.name} data is cut off", taken, name)


def _damaged(reason: str, taken: int, name: str) -> Unreadable:
    return Unreadable(
        reason,
        source=name,
        place=f"byte {taken:,} of the packed file",
        hint="What came before was read. Fetch the file again if the original still exists.",
    )


def _feeds(raw: IO[bytes], first: bytes, size: int) -> Iterator[bytes]:
    piece = first
    while piece:
        for start in range(0, len(piece), size):
            yield piece[start : start + size]
        piece = raw.read(READ if len(piece) >= FIRST else FIRST)
