"""Zip archives as a packing: each member is a log of its own, read in place. Nothing is extracted to a disk.

A member's name is only shown, with whatever a terminal would obey written out; `..` and `/` in it lead nowhere. Bounds: the directory
of an archive, how many members, how much they unpack to together, and how much one may grow. An archive in an archive is refused, for
that is how small files become endless; compressed logs in an archive (a .gz in a .zip) are read.

References:
  https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
"""

from __future__ import annotations

import io
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING

from hikeshi.errors import Unreadable
from hikeshi.events.source import Source

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MAGIC = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
MEMBERS = 100_000
"""Members that are read of one archive."""

DIRECTORY = 64 << 20
"""Bytes of an archive's directory: it is held in memory."""

RATIO = 400
"""How many times its packed size a member may grow ..."""

FREE = 64 << 20
"""... beyond so many bytes. Below, growing does no harm, and logs that were never filled are mostly zeros."""

NAME = 300
"""Letters of a member's name that are shown."""

INSIDE = re.compile(rb"PK\x03\x04|PK\x05\x06|7z\xbc\xaf\x27\x1c|Rar!\x1a\x07|.{257}ustar", re.DOTALL)
"""How archives begin: zip, 7z, rar, tar."""

DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    struct.error,
    OverflowError,
)
"""What the library raises at archives that are damaged or packed in ways it does not know."""

_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
_END = b"PK\x05\x06"


def is_archive(head: bytes) -> bool:
    """Whether content that begins so is a zip archive."""
    return head.startswith(MAGIC)


def members(source: Source) -> Iterator[Source | Unreadable]:
    """Each member as a source of its own, to be read before the next is asked for. What cannot be read is named."""
    file = source.seekable()
    try:
        size = _directory_size(file)
        if size > DIRECTORY:
            yield source.unreadable(f"the directory of the archive is longer than {DIRECTORY:,} bytes", hint=UNPACK)
            return
        archive = zipfile.ZipFile(file)
    except (*DAMAGED, OSError) as error:
        yield source.unreadable(
            f"the archive has no directory that can be read: {error}",
            hint="It may be cut off; fetch it again if the original exists.",
        )
        return
    with archive:
        yield from _each(source, archive)


UNPACK = "Unpack it yourself if you trust it, and give the files."


def _each(source: Source, archive: zipfile.ZipFile) -> Iterator[Source | Unreadable]:
    budget = _Budget(source.limits.file)
    for number, info in enumerate(archive.infolist(), 1):
        if number > MEMBERS:
            yield source.unreadable(
                f"the archive has more than {MEMBERS:,} members: the rest was not read", hint=UNPACK
            )
            return
        if budget.left <= 0:
            yield source.unreadable(
                f"the archive unpacks to more than {source.limits.file:,} bytes: the rest was not read",
                f"member {number:,}", hint="Raise the limit if you trust it.",
            )  # fmt: skip
            return
        if not info.is_dir():
            yield _member(source, archive, info, number, budget)


def _member(
    source: Source, archive: zipfile.ZipFile, info: zipfile.ZipInfo, number: int, budget: _Budget
) -> Source | Unreadable:
    name = shown(info.filename)
    if info.flag_bits & 1:
        return source.unreadable("this member is encrypted", name, hint=UNPACK)
    if stat.S_ISLNK(info.external_attr >> 16):
        return source.unreadable("this member is a symbolic link; links are not followed", name)
    try:
        stream = _Member(archive.open(info), info.compress_size, budget)
    except (*DAMAGED, OSError) as error:
        return source.unreadable(f"this member cannot be read: {error}", name)
    inner = Source(
        f"{source.name}!{name}",
        io.BufferedReader(stream),
        limits=source.limits,
        sha256=source.sha256,
        part=f"/{number}",
    )
    if INSIDE.match(inner.head):
        return source.unreadable("an archive inside an archive is not read", name, hint=UNPACK)
    return inner


def shown(name: str) -> str:
    """The name with control characters and what turns the direction of writing written out, not longer than `NAME`."""
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", name[:NAME]) + ("..." if len(name) > NAME else "")


class _Budget:
    """How many bytes the members of an archive may still unpack to."""

    def __init__(self, left: int) -> None:
        self.left = left


class _Member(io.RawIOBase):
    """A member as a stream that stops, with an OSError, at damage and at growth without bounds."""

    def __init__(self, stream: IO[bytes], packed: int, budget: _Budget) -> None:
        self._stream = stream
        self._most = FREE + RATIO * packed
        self._budget = budget
        self._read = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer)
        try:
            data = self._stream.read(min(len(view), 1 << 20))
        except DAMAGED as error:
            raise OSError(f"the archive is damaged ({error})") from error
        self._read += len(data)
        self._budget.left -= len(data)
        if self._read > self._most:
            raise OSError(f"this member grows to more than {RATIO} times its size. {UNPACK}")
        if self._budget.left < 0:
            raise OSError(
                "the members of the archive are together longer than the limit. Raise the limit if you trust it."
            )
        view[: len(data)] = data
        return len(data)


def _directory_size(file: IO[bytes]) -> int:
    """Bytes that the archive says its directory has: what the library would hold in memory. Zero where it does not say."""
    size = file.seek(0, io.SEEK_END)
    begin = file.seek(max(0, size - 65_557))
    tail = file.read(65_557)
    at = tail.rfind(_END)
    if at < 0 or at + 22 > len(tail):
        return 0
    found = int(struct.unpack_from("<I", tail, at + 12)[0])
    if at >= 20 and tail[at - 20 : at - 16] == b"PK\x06\x07":  # zip64: the real numbers stand further in front
        file.seek(min(struct.unpack_from("<Q", tail, at - 12)[0], begin + at))
        large = file.read(56)
        if len(large) == 56 and large.startswith(b"PK\x06\x06"):
            found = max(found if found != 0xFFFFFFFF else 0, struct.unpack_from("<Q", large, 40)[0])
    file.seek(0)
    return found
