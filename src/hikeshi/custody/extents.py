"""Where a file has data and where it has holes: read so that a hole costs no reading, and written so that it stays a hole."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Callable, Iterator
from typing import BinaryIO, Final

from hikeshi.errors import Unreadable

BLOCK: Final = 4096
"""Bytes that disks write at a time. Holes are taken in whole blocks, so that what is written begins at one."""

CHUNK: Final = 1024 * 1024
STEP: Final = 128 * 1024
"""Bytes that are read and hashed at a time: they fit into a processor's cache."""

Source = BinaryIO | io.FileIO
Piece = tuple[int, memoryview | None]
"""Where a piece begins, counted from the start, and its bytes. Without bytes it is a hole up to there."""


def pieces(
    stream: Source, at: int, buffer: Callable[[], memoryview], passing: Callable[[memoryview], None] | None = None
) -> Iterator[Piece]:
    """What a stream holds from `at` on, in order. `buffer` gives the memory that the next piece is read into.

    `passing` is called with each step of a piece right after it was read, while it is in the processor's cache.

    A piece fills its buffer unless the file or its data ends there; bytes that somebody appends behind the end are not waited for.
    Raises `Unreadable` when the stream breaks.
    """
    file = stream.fileno() if isinstance(stream, io.FileIO) and stream.seekable() and not stream.tell() else None
    end: int | None = at if file is not None else None
    while True:
        if file is not None and at == end:
            start, end = data_after(file, at)
            if start > at:
                at = start
                yield at, None
            os.lseek(file, at, os.SEEK_SET)
        view = buffer()[: None if end is None else end - at]
        count = _fill(stream, view, passing)
        if count:
            yield at, view[:count]
        if count < len(view):
            return
        at += count


def read_small(stream: Source) -> bytes | None:
    """The whole of a file that fits in one chunk: threads would cost more than they save. None, and nothing read, otherwise."""
    if isinstance(stream, io.BytesIO):
        return bytes(stream.getbuffer()[stream.tell() :]) if len(stream.getbuffer()) <= CHUNK else None
    if (
        not isinstance(stream, io.FileIO)
        or os.fstat(stream.fileno()).st_size >= CHUNK
        or not stream.seekable()
        or stream.tell()
    ):
        return None
    content = b""
    while chunk := read_chunk(stream):
        content += chunk
        if len(content) > CHUNK:  # it has grown meanwhile
            stream.seek(0)
            return None
    return content


def data_after(file: int, at: int) -> tuple[int, int | None]:
    """Where data begins at or after `at`, and where it ends; None where that is not known and only reading tells."""
    try:
        start = os.lseek(file, at, os.SEEK_DATA)
    except OSError as error:
        # Nothing but a hole up to the end, or a file system that does not know of holes.
        return (max(at, os.fstat(file).st_size), None) if error.errno == errno.ENXIO else (at, None)
    end = os.lseek(file, start, os.SEEK_HOLE)
    return max(at, start // BLOCK * BLOCK), -(-end // BLOCK) * BLOCK


def allocated(status: os.stat_result) -> int:
    """The bytes that a copy which keeps the holes needs."""
    return min(status.st_size, status.st_blocks * 512)


def read_chunk(stream: Source, size: int = CHUNK) -> bytes:
    """The next bytes, at most `size`; none at the end. Raises `Unreadable` when the stream breaks."""
    try:
        return stream.read(size)
    except OSError as error:
        raise _broken(stream, error) from error


def _fill(stream: Source, view: memoryview, passing: Callable[[memoryview], None] | None) -> int:
    """Read until the memory is full or the stream ends."""
    count = 0
    while count < len(view):
        step = view[count:]
        if isinstance(stream, io.FileIO):
            step = step[:STEP]
            try:
                got = stream.readinto(step) or 0
            except OSError as error:
                raise _broken(stream, error) from error
        else:
            chunk = read_chunk(stream, len(step))
            got = len(chunk)
            step[:got] = chunk
        if not got:
            break
        if passing:
            passing(step[:got])
        count += got
    return count


def _broken(stream: Source, error: OSError) -> Unreadable:
    place = f"byte {stream.tell()}" if isinstance(stream, io.FileIO) and stream.seekable() else ""
    hint = (
        "`hikeshi evidence acquire` goes on behind what cannot be read, and lists it."
        if error.errno == errno.EIO
        else ""
    )
    source = str(getattr(stream, "name", "the stream"))
    return Unreadable(f"cannot be read: {error.strerror}", source=source, place=place, hint=hint)
