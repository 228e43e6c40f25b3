"""Writing a bundle: its files one after the other, hashed on the way, then the manifest of the hashes and its signatures.

A zip is stored, not compressed, with one date for everything: the same contents give the same bytes, whether they go to a file or over
the network, and an archive that compresses nothing cannot be a bomb. Sizes and counts are not limited (ZIP64).
"""

from __future__ import annotations

import hashlib
import os
import stat
import zipfile
from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from hikeshi.custody.disk import sync_folder
from hikeshi.errors import Failed

CHUNK: Final = 1024 * 1024
MANIFEST: Final = "MANIFEST.sha256"
STAMP: Final = "MANIFEST.tsr"
EARLIEST: Final = (1980, 1, 1, 0, 0, 0)
"""The date of every file of a zip: the bundle says itself when it was made."""

Told = Callable[[int], None]
"""Called with the bytes just written."""


class Part(msgspec.Struct, frozen=True):
    """One file of a bundle. `sha256` is what its bytes have to be, where that is known beforehand."""

    name: str
    open: Callable[[], BinaryIO]
    sha256: str = ""


def of_bytes(name: str, content: bytes) -> Part:
    return Part(name, lambda: BytesIO(content))


class Closing:
    """The lines of MANIFEST.sha256 as the files go by, and the files that come after it.

    `sign` gets the finished manifest and gives the parts that stand beside it: signatures, time stamp.
    """

    def __init__(self, sign: Callable[[bytes], Iterable[Part]]) -> None:
        self._lines: list[bytes] = []
        self._sign = sign
        self.sha256, self.count, self.stamped = "", 0, False

    def note(self, name: str, sha256: str) -> None:
        self._lines.append(f"{sha256}  {name}\n".encode())

    def chunks(self, part: Part) -> Iterator[bytes]:
        """The part's bytes. Raises `Failed` at their end where they are not what they have to be: nobody gets a changed item."""
        hasher = hashlib.sha256()
        with part.open() as stream:
            while chunk := stream.read(CHUNK):
                hasher.update(chunk)
                yield chunk
        if part.sha256 and hasher.hexdigest() != part.sha256:
            raise Failed(
                f"{part.name} is not as it was sealed, so the bundle was not finished.",
                hint="`hikeshi evidence verify` says more; the item can go without its bytes.",
            )
        self.note(part.name, hasher.hexdigest())

    def last(self) -> Iterator[Part]:
        """The manifest and what stands beside it, when every file has gone by. Then its SHA-256 and the count are known."""
        manifest = b"".join(self._lines)
        self.sha256, self.count = hashlib.sha256(manifest).hexdigest(), len(self._lines)
        yield of_bytes(MANIFEST, manifest)
        for part in self._sign(manifest):
            self.stamped |= part.name == STAMP
            yield part


def zipped(parts: Iterable[Part], closing: Closing) -> Iterator[bytes]:
    """The bytes of the zip, piece by piece."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:  # type: ignore[call-overload]
        for part in parts:
            with archive.open(_told(part.name), "w", force_zip64=True) as file:
                for chunk in closing.chunks(part):
                    file.write(chunk)
                    yield sink.taken()
        for part in closing.last():
            with part.open() as stream, archive.open(_told(part.name), "w", force_zip64=True) as file:
                file.write(stream.read())
            yield sink.taken()
    yield sink.taken()


def write_zip(parts: Iterable[Part], closing: Closing, target: Path, told: Told) -> None:
    """Write the zip under a name of its own, then give it its name: a zip that is there is whole. Raises `Failed`."""
    unfinished = target.with_name(f".{target.name}.part")
    try:
        with unfinished.open("wb") as file:
            for piece in zipped(parts, closing):
                file.write(piece)
                told(len(piece))
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(target)
        sync_folder(target.parent)
    except OSError as error:
        raise _failure(target, error) from error
    finally:
        unfinished.unlink(missing_ok=True)


def write_folder(parts: Iterable[Part], closing: Closing, target: Path, told: Told) -> None:
    """Write the folder under a name of its own, then give it its name.

    What an earlier try left there is read again and kept where it is right, so that a hundred gigabytes are not copied twice.
    Raises `Failed`.
    """
    unfinished = target.with_name(f".{target.name}.part")
    written = set()
    try:
        for part in parts:
            _write(part, closing, unfinished / part.name, told)
            written.add(unfinished / part.name)
        for part in closing.last():
            with part.open() as stream:
                _write_whole(unfinished / part.name, iter([stream.read()]))
            written.add(unfinished / part.name)
        for path in [one for one in unfinished.rglob("*") if not one.is_dir()]:
            if path not in written:  # of an earlier try, with other items
                path.unlink()
        unfinished.rename(target)
        sync_folder(target.parent)
    except OSError as error:
        raise _failure(target, error) from error


def _write(part: Part, closing: Closing, path: Path, told: Told) -> None:
    if part.sha256 and path.is_file() and not path.is_symlink():
        with path.open("rb") as stream:
            if hashlib.file_digest(stream, "sha256").hexdigest() == part.sha256:
                told(stream.tell())
                closing.note(part.name, part.sha256)
                return
    _write_whole(path, closing.chunks(part), told)


def _write_whole(path: Path, chunks: Iterator[bytes], told: Told = lambda _count: None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with path.open("xb") as file:
        for chunk in chunks:
            file.write(chunk)
            told(len(chunk))
        file.flush()
        os.fsync(file.fileno())
    path.chmod(0o444)


def _told(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, EARLIEST)
    info.create_system, info.external_attr = 3, (stat.S_IFREG | 0o444) << 16
    return info


def _failure(target: Path, error: OSError) -> Failed:
    return Failed(
        f"The bundle {target} cannot be written: {error.strerror or error}.",
        hint="Free space or choose another place, then export again.", permanent=False,
    )  # fmt: skip


class _Sink:
    """A file that cannot be rewound, emptied as it fills."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, piece: bytes) -> int:
        self._pieces.append(bytes(piece))
        return len(piece)

    def flush(self) -> None:
        """Nothing waits anywhere."""

    def taken(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)
