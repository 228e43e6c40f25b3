"""Writing large files while somebody else hashes what is written.

Where the file system allows it, bytes go straight to the disk and not through the page cache: that costs a third of the processor,
leaves the memory to others, and the final fsync has nothing left to push.
"""

from __future__ import annotations

import errno
import fcntl
import mmap
import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Final, Self

from hikeshi.custody.extents import BLOCK

PIECE: Final = 1024 * 1024
"""Bytes written at a time."""
RING: Final = 6
"""Pieces of memory: some being written, one being hashed, one being read into."""
WRITERS: Final = 3
SYNC_EVERY: Final = 64 * PIECE
RINGS: Final[deque[list[memoryview]]] = deque(maxlen=4)
"""Memory of files that are written already, for the next ones: new pages cost as much as hashing some of them."""


class Writing:
    """Writes pieces into one file, several at a time. Raises what the operating system says, at the latest at the end."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._ring = _ring()
        self._unused = list(self._ring)
        self._pending: deque[tuple[Future[None], memoryview]] = deque()
        self._pool = ThreadPoolExecutor(WRITERS)
        self._direct = _straight(target)
        self._syncing: Future[None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=True, cancel_futures=kind is not None)
        RINGS.append(self._ring)
        if self._direct:
            _set_flag(self._target, os.O_DIRECT, on=False)
        if kind is None:
            self.drain()

    def buffer(self) -> memoryview:
        """Memory for the next piece, once a piece of it is free. It belongs to the caller until the next call."""
        if self._unused:
            self._free = self._unused.pop()
        else:
            done, self._free = self._pending.popleft()
            done.result()
        return self._free

    def write(self, at: int, count: int) -> None:
        """Write the first `count` bytes of the memory given last. The caller may go on reading it, not writing to it."""
        self._pending.append((self._pool.submit(self._write, self._free, at, count), self._free))
        if not self._direct and at // SYNC_EVERY != (at + count) // SYNC_EVERY:
            if self._syncing:
                self._syncing.result()  # an error of an earlier sync is raised: the kernel reports it only once
            self._syncing = self._pool.submit(os.fdatasync, self._target)

    def drain(self) -> None:
        """Wait until all that was given is written."""
        for done, _memory in self._pending:
            done.result()
        if self._syncing:
            self._syncing.result()

    def _write(self, memory: memoryview, at: int, count: int) -> None:
        if not (self._direct and self._write_straight(memory, at, count)):
            _write_all(self._target, memory[:count], at)

    def _write_straight(self, memory: memoryview, at: int, count: int) -> bool:
        """Whole blocks only: the odd end of a file is written with zeros behind it, which are then cut off."""
        padded = -(-count // BLOCK) * BLOCK
        memory[count:padded] = bytes(padded - count)
        try:
            _write_all(self._target, memory[:padded], at)
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            self._direct = False  # this disk wants more than whole blocks
            _set_flag(self._target, os.O_DIRECT, on=False)
            return False
        if padded != count:
            os.ftruncate(self._target, at + count)
        return True


def _ring() -> list[memoryview]:
    """Pieces of memory that begin at a page, as writing straight to the disk asks."""
    try:
        return RINGS.pop()
    except IndexError:
        memory = mmap.mmap(-1, RING * PIECE)
        memory.madvise(mmap.MADV_HUGEPAGE)
        return [memoryview(memory)[at : at + PIECE] for at in range(0, RING * PIECE, PIECE)]


def _straight(target: int) -> bool:
    try:
        _set_flag(target, os.O_DIRECT, on=True)
    except OSError:
        return False
    return True


def _set_flag(descriptor: int, flag: int, *, on: bool) -> None:
    flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
    fcntl.fcntl(descriptor, fcntl.F_SETFL, flags | flag if on else flags & ~flag)


def _write_all(target: int, content: memoryview, at: int) -> None:
    written = 0
    while written < len(content):
        written += os.pwrite(target, content[written:], at + written)
