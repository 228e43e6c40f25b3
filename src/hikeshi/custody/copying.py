"""Copying evidence at the speed of hashing it.

Three things run at once, each outside the interpreter's lock: one thread copies, this one follows it and hashes what has arrived in
the target, and one pushes the bytes to the disk, so that the final fsync has little left to do. The hash is of the bytes that
were written, read back from the target: a source that changes under our hands cannot make the two differ.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import queue
import threading
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import BinaryIO, Final

from hikeshi.errors import Refused, Unreadable

CHUNK: Final = 1024 * 1024
SEND: Final = 4 * CHUNK
"""Bytes the kernel copies per call, without passing through us."""
SYNC_EVERY: Final = 64 * CHUNK
END: Final = -1

Source = BinaryIO | io.FileIO


def copy_hashed(stream: Source, target: int, limit: int | None) -> tuple[str, int]:
    """Copy `stream` to the empty file behind the descriptor `target`; the SHA-256 in hex and the size in bytes.

    Everything is on the disk when this returns. Raises `Unreadable` when the stream breaks, `Refused` beyond `limit` bytes, OSError
    when the target cannot take more.
    """
    small = _small(stream)
    if small is not None:
        refuse_if_too_large(len(small), limit)
        _write_all(target, small)
        os.fsync(target)
        return hashlib.sha256(small).hexdigest(), len(small)
    arrived: queue.SimpleQueue[int] = queue.SimpleQueue()
    stop = threading.Event()

    def copy() -> None:
        try:
            with contextlib.closing(_syncing(_pieces(stream, target), target)) as totals:
                for total in totals:
                    refuse_if_too_large(total, limit)
                    arrived.put(total)
                    if stop.is_set():
                        return
        finally:
            arrived.put(END)

    with ThreadPoolExecutor(1) as copier:
        copied = copier.submit(copy)
        try:
            digest, size = _hash_behind(target, arrived)
        finally:
            stop.set()
        copied.result()
    return digest, size


def _small(stream: Source) -> bytes | None:
    """The whole of a file that fits in one chunk: threads would cost more than they save. None, and nothing read, otherwise."""
    if (
        not isinstance(stream, io.FileIO)
        or os.fstat(stream.fileno()).st_size >= CHUNK
        or not stream.seekable()
        or stream.tell()
    ):
        return None
    content = b""
    while chunk := _read(stream):
        content += chunk
        if len(content) > CHUNK:  # it has grown meanwhile
            stream.seek(0)
            return None
    return content


def _write_all(target: int, content: bytes) -> None:
    written = 0
    while written < len(content):
        written += os.pwrite(target, content[written:], written)


def refuse_if_too_large(size: int, limit: int | None) -> None:
    if limit is not None and size > limit:
        raise Refused(f"There are more than the {limit} bytes allowed.", hint="Raise the limit or seal a part of it.")


def _hash_behind(target: int, arrived: queue.SimpleQueue[int]) -> tuple[str, int]:
    """Hash the target as far as it has arrived, until it has arrived whole."""
    hasher, view, at = hashlib.sha256(), memoryview(bytearray(CHUNK)), 0
    while (total := arrived.get()) != END:
        while at < total:
            count = os.preadv(target, [view[: total - at]], at)
            hasher.update(view[:count])
            at += count
    return hasher.hexdigest(), at


def _pieces(stream: Source, target: int) -> Iterator[int]:
    """Copy piece by piece, giving the bytes copied so far."""
    total = 0
    if isinstance(stream, io.FileIO) and stream.seekable():
        start = stream.tell()
        # Whatever stops the kernel, the plain way goes on from there and says whether the source or the target is at fault.
        with contextlib.suppress(OSError):
            while count := os.sendfile(target, stream.fileno(), start + total, SEND):
                total += count
                yield total
        stream.seek(start + total)
    while chunk := _read(stream):
        view = memoryview(chunk)
        while view:
            view = view[os.write(target, view) :]
        total += len(chunk)
        yield total


def _syncing(pieces: Iterator[int], target: int) -> Generator[int, None, None]:
    """Push what has arrived to the disk every now and then, beside the copying, and everything at the end."""
    synced = 0
    syncing: Future[None] | None = None
    with ThreadPoolExecutor(1) as syncer:
        for total in pieces:
            yield total
            if total - synced >= SYNC_EVERY and (syncing is None or syncing.done()):
                synced, syncing = total, _checked(syncing, syncer.submit(os.fdatasync, target))
        _checked(syncing, syncer.submit(os.fsync, target)).result()


def _checked(before: Future[None] | None, after: Future[None]) -> Future[None]:
    """An error of an earlier sync is raised, not forgotten: the kernel reports it only once."""
    if before:
        before.result()
    return after


def _read(stream: Source) -> bytes:
    try:
        return stream.read(CHUNK)
    except OSError as error:
        source = str(getattr(stream, "name", "the stream"))
        raise Unreadable(f"cannot be read: {error.strerror}", source=source) from error
