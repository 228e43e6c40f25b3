"""Hashes of bytes as they pass: SHA-256 always, SHA-512 and BLAKE3 where they are asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Literal, Protocol, get_args

import msgspec
from blake3 import blake3

from hikeshi.custody.extents import STEP, Source, pieces, read_small
from hikeshi.errors import Refused

Told = Callable[[int], None]
"""Called with the bytes done so far."""
Also = Literal["sha512", "blake3"]
"""Hashes that may be taken beside SHA-256."""

APART: Final = 64 * 1024
"""Bytes from which on a second hash is worth a thread of its own."""
ZEROS: Final = memoryview(bytes(STEP))


class Digests(msgspec.Struct, frozen=True, kw_only=True):
    """What identifies bytes: SHA-256 in hex and the size in bytes; SHA-512 and BLAKE3 where they were asked for."""

    sha256: str
    size: int
    sha512: str = ""
    blake3: str = ""


class _Hasher(Protocol):
    def update(self, data: bytes | memoryview, /) -> object: ...
    def hexdigest(self) -> str: ...


class Hashing:
    """Hashes bytes as they pass, in one go with every hash asked for, each in a thread of its own."""

    def __init__(self, also: Iterable[Also] = ()) -> None:
        self.size = 0
        self._sha256 = hashlib.sha256()
        self._others: dict[str, _Hasher] = {name: hashlib.sha512() if name == "sha512" else blake3() for name in also}
        self._pool = ThreadPoolExecutor(len(self._others)) if self._others else None  # threads start with the first use

    @property
    def sha256(self) -> str:
        """The SHA-256 of what has passed so far."""
        return self._sha256.hexdigest()

    def update(self, content: bytes | memoryview) -> None:
        """Hash these bytes; they may change again when this returns."""
        self.size += len(content)
        if self._pool is None or len(content) < APART:
            for hasher in (self._sha256, *self._others.values()):
                hasher.update(content)
            return
        apart = [self._pool.submit(hasher.update, content) for hasher in self._others.values()]
        self._sha256.update(content)
        for other in apart:
            other.result()

    def zeros(self, count: int) -> None:
        """Hash so many zero bytes: what a hole reads as."""
        while count:
            piece = ZEROS[:count]
            self.update(piece)
            count -= len(piece)

    def digests(self) -> Digests:
        if self._pool:
            self._pool.shutdown()
        others = {name: hasher.hexdigest() for name, hasher in self._others.items()}
        return Digests(sha256=self.sha256, size=self.size, **others)


def hash_stream(
    stream: Source, also: Iterable[Also] = (), *, limit: int | None = None, told: Told | None = None
) -> Hashing:
    """Hash what a stream holds, at most `limit` bytes of it, without reading its holes. Raises `Unreadable` when it breaks."""
    hashing = Hashing(also)
    if limit is None and (small := read_small(stream)) is not None:
        hashing.update(small)
        return hashing
    memory = memoryview(bytearray(STEP))
    for at, view in pieces(stream, 0, lambda: memory):
        left = None if limit is None else limit - hashing.size
        if view is None:
            hashing.zeros(at - hashing.size if left is None else min(at - hashing.size, left))
        else:
            hashing.update(view[:left])
        if told:
            told(hashing.size)
        if hashing.size == limit:
            break
    return hashing


def named(names: Iterable[str]) -> tuple[Also, ...]:
    """Names of further hashes as people write them. Raises `Refused` for one that we do not take."""
    known: tuple[Also, ...] = get_args(Also)
    asked = [name.strip().lower().replace("-", "") for name in names]
    unknown = [name for name in asked if name not in ("", "sha256", *known)]
    if unknown:
        raise Refused(
            f"{unknown[0][:40]!r} is not a hash that is taken beside SHA-256.", hint=f"There are: {', '.join(known)}."
        )
    return tuple(name for name in known if name in asked)
