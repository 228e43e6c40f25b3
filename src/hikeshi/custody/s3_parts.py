"""Files in pieces for S3, and objects as streams."""

from __future__ import annotations

import base64
import hashlib
import io
import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, Final, NamedTuple

from botocore.exceptions import BotoCoreError

from hikeshi.custody.extents import CHUNK
from hikeshi.errors import Failed

PART: Final = 64 * 1024 * 1024
"""Bytes of one part of an upload; what is not larger goes in one piece. A multiple of the memory page."""
MOST_PARTS: Final = 10_000


class Part(NamedTuple):
    """A piece of a staged file; `checksum` is its SHA-256 in base64."""

    number: int
    start: int
    size: int
    digest: bytes

    @property
    def checksum(self) -> str:
        return base64.b64encode(self.digest).decode()

    @contextmanager
    def body(self, file: BinaryIO) -> Iterator[Any]:
        """The bytes, mapped and not copied: several parts are sent at a time."""
        with mmap.mmap(file.fileno(), self.size, access=mmap.ACCESS_READ, offset=self.start) as mapped:
            yield mapped

    def is_what(self, arrived: dict[str, Any], file: BinaryIO) -> bool:
        """Whether S3 says of the part it has that it is this one. Some servers state no SHA-256 of a part, and its MD5 as its ETag.

        A hint and no proof: the checksum of the whole is compared in the end.
        """
        if arrived.get("Size") != self.size:
            return False
        if stated := arrived.get("ChecksumSHA256"):
            return bool(stated == self.checksum)
        with self.body(file) as mapped:
            return bool(arrived["ETag"].strip('"') == hashlib.md5(mapped, usedforsecurity=False).hexdigest())


def parts_of(file: BinaryIO) -> list[Part]:
    """The pieces of a file: always the same ones for the same size, so that an upload can go on."""
    size = os.fstat(file.fileno()).st_size
    step = max(PART, -(-size // MOST_PARTS // mmap.PAGESIZE) * mmap.PAGESIZE)
    return [
        Part(number, start, min(step, size - start), _hashed(file, start, min(step, size - start)))
        for number, start in enumerate(range(0, size, step) or (0,), 1)
    ]


def _hashed(file: BinaryIO, start: int, size: int) -> bytes:
    hasher = hashlib.sha256()
    file.seek(start)
    while size and (chunk := file.read(min(CHUNK, size))):
        hasher.update(chunk)
        size -= len(chunk)
    return hasher.digest()


def checksum(parts: list[Part]) -> str:
    """What S3 states for the whole object: of one that came in parts, the SHA-256 of their digests."""
    if len(parts) == 1:
        return parts[0].checksum
    return base64.b64encode(hashlib.sha256(b"".join(part.digest for part in parts)).digest()).decode()


class Body(io.RawIOBase):
    """An object's bytes as they arrive; what breaks off is said in our words."""

    def __init__(self, body: Any, address: str) -> None:
        self._inner, self._address = body, address

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            piece = self._inner.read(len(buffer))
        except (BotoCoreError, OSError) as error:
            raise Failed(f"{self._address} broke off: {error}", permanent=False, hint="Try again.") from error
        buffer[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        if not self.closed:
            self._inner.close()
        super().close()
