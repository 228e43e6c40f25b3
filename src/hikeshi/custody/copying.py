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
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import BinaryIO, Final, Literal, Protocol

import msgspec
from blake3 import blake3

from hikeshi.errors import Refused, Unreadable

CHUNK: Final = 1024 * 1024
SEND: Final = 4 * CHUNK
"""Bytes the kernel copies per call, without passing through us."""
SYNC_EVERY: Final = 64 * CHUNK
END: Final = -1

Source = BinaryIO | io.FileIO
Also = Literal["sha512", "blake3"]
"""Hashes that may be taken beside SHA-256."""


class _Hasher(Protocol):
    def update(self, data: bytes | memoryview, /) -> object: ...
    def hexdigest(self) -> str: ...


class Digests(msgspec.Struct, frozen=True, kw_only=True):
    """What identifies bytes: SHA-256 in hex and the size in bytes; SHA-512 and BLAKE3 where they were asked for."""

    sha256: str
    size: int
    sha512: str = ""
    blake3: str = ""


class Hashing:
    """Hashes bytes as they pass: always with SHA-256, and with what `also` names."""

    def __init__(self, also: Iterable[Also] = ()) -> None:
        self._size = 0
        self._hashers: dict[str, _Hasher] = {"sha256": hashlib.sha256()}
        self._hashers |= {name: hashlib.sha512() if name == "sha512" else blake3() for name in also}

    def update(self, content: bytes | memoryview) -> None:
        self._size += len(content)
        for hasher in self._hashers.values():
            hasher.update(content)

    def digests(self) -> Digests:
        return Digests(size=self._size, **{name: hasher.hexdigest() for name, hasher in self._hashers.items()})


def copy_hashed(stream: Source, target: int, limit: int | None, also: Iterable[Also] = ()) -> Digests:
    """Copy `stream` to the empty file behind the descriptor `target`, and hash it.

    Raises `Unreadable` when the stream breaks, `Refused` beyond `limit` bytes, OSError when the target cannot take more. The caller
    has to fsync the target: most of it is on the disk already then.
    """
    hashing = Hashing(also)
    small = _small(stream)
    if small is not None:
        refuse_if_too_large(len(small), limit)
        _write_all(target, small)
        hashing.update(small)
        return hashing.digests()
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
            _hash_behind(target, arrived, hashing)
        finally:
            stop.set()
        copied.result()
    return hashing.digests()


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
    while chunk := read_chunk(stream):
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


def _hash_behind(target: int, arrived: queue.SimpleQueue[int], hashing: Hashing) -> None:
    """Hash the target as far as it has arrived, until it has arrived whole."""
    view, at = memoryview(bytearray(CHUNK)), 0
    while (total := arrived.get()) != END:
        while at < total:
            count = os.preadv(target, [view[: total - at]], at)
            hashing.update(view[:count])
            at += count


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
    while chunk := read_chunk(stream):
        view = memoryview(chunk)
        while view:
            view = view[os.write(target, view) :]
        total += len(chunk)
        yield total


def _syncing(pieces: Iterator[int], target: int) -> Generator[int, None, None]:
    """Push what has arrived to the disk every now and then, beside the copying."""
    synced = 0
    syncing: Future[None] | None = None
    with ThreadPoolExecutor(1) as syncer:
        for total in pieces:
            yield total
            if total - synced >= SYNC_EVERY and (syncing is None or syncing.done()):
                synced, syncing = total, _checked(syncing, syncer.submit(os.fdatasync, target))
        if syncing:
            syncing.result()


def _checked(before: Future[None] | None, after: Future[None]) -> Future[None]:
    """An error of an earlier sync is raised, not forgotten: the kernel reports it only once."""
    if before:
        before.result()
    return after


def read_chunk(stream: Source) -> bytes:
    """The next bytes, at most CHUNK; none at the end. Raises `Unreadable` when the stream breaks."""
    try:
        return stream.read(CHUNK)
    except OSError as error:
        source = str(getattr(stream, "name", "the stream"))
        raise Unreadable(f"cannot be read: {error.strerror}", source=source) from error
