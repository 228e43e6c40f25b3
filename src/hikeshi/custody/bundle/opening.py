"""Opening a bundle that somebody else made. Nothing in it is believed: what could harm the reader is refused, with its name and why."""

from __future__ import annotations

import stat
import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final, NoReturn, Self, cast

from hikeshi.custody.bundle.names import clashing, trouble
from hikeshi.custody.bundle.stand_alone import Bundle, folder_bundle, shown
from hikeshi.errors import Refused, Unreadable
from hikeshi.text import Text

COUNT_LIMIT: Final = 2_000_000
"""Files of a bundle."""
DIRECTORY_LIMIT: Final = 512 * 1024 * 1024
"""Bytes of a zip's directory, which is read into memory."""
END: Final = struct.Struct("<4s4H2LH")
LOCATOR: Final = struct.Struct("<4sLQL")
END64: Final = struct.Struct("<4sQ2H2L4Q")
LOCAL: Final = 30
"""Bytes of the header before each file of a zip, without its name."""
ENCRYPTED, UTF8 = 0x1, 0x800
HINT: Final = "Nothing of it was read. Ask the sender for the bundle again."


@contextmanager
def opened(path: Path) -> Iterator[Bundle]:
    """The bundle at `path`, a zip or a folder, for reading while the context lasts.

    Raises `Refused` for one that could harm whoever unpacks it, `Unreadable` for a file that is no zip.
    """
    if path.is_dir():
        bundle = folder_bundle(str(path))
        for finding in bundle.strange:
            _refuse(finding.place, Text(finding.en, finding.ja))
        _refuse_names(sorted(bundle.names))
        yield bundle
        return
    _refuse_huge(path)
    try:
        archive = zipfile.ZipFile(path)
    except UnicodeDecodeError as error:
        raise Refused(f"{path} has a name that is not UTF-8.", hint=HINT) from error
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error) as error:
        raise Unreadable(f"is not a zip that can be read: {error}", source=str(path)) from error
    with archive:
        files = [info for info in archive.infolist() if not _is_plain_folder(info)]
        _refuse_headers(files, archive.start_dir)
        names = {info.filename: info for info in files}
        yield Bundle(list(names), lambda name: _open(archive, names[name]))


def _open(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> BinaryIO:
    """Damage inside the archive is reported as what it is: bytes that cannot be read."""
    try:
        return cast("BinaryIO", _Checked(archive.open(info)))
    except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error) as error:
        raise OSError(str(error)) from error


class _Checked:
    """A file of the archive whose broken checksum is an OSError, as of any file that cannot be read."""

    def __init__(self, stream: object) -> None:
        self._stream = cast("BinaryIO", stream)

    def read(self, size: int = -1) -> bytes:
        try:
            return self._stream.read(size)
        except (zipfile.BadZipFile, EOFError) as error:
            raise OSError(str(error)) from error

    def readline(self, size: int = -1) -> bytes:
        try:
            return self._stream.readline(size)
        except (zipfile.BadZipFile, EOFError) as error:
            raise OSError(str(error)) from error

    def close(self) -> None:
        self._stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_problem: object) -> None:
        self.close()


def _refuse_huge(path: Path) -> None:
    """Look at the end of the archive before the standard library reads its directory into memory.

    PKWARE APPNOTE 4.3.14 to 4.3.16. Nothing may stand after the end: a comment can hide another archive.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            stream.seek(max(0, size - END.size - LOCATOR.size))
            tail = stream.read()
            fields = END.unpack(tail[-END.size :]) if len(tail) >= END.size else (b"",)
            if fields[0] != b"PK\5\6":
                raise Unreadable("does not end as a zip ends: it is no bundle, or it was cut off", source=str(path))
            count, directory = fields[4], fields[5]
            locator = tail[: -END.size]
            if len(locator) == LOCATOR.size and locator[:4] == b"PK\6\7":
                stream.seek(LOCATOR.unpack(locator)[2])
                found = END64.unpack(stream.read(END64.size))
                count, directory = found[7], found[8]
    except (OSError, struct.error, OverflowError) as error:
        raise Unreadable(f"cannot be read: {error}", source=str(path)) from error
    if count > COUNT_LIMIT or directory > DIRECTORY_LIMIT:
        raise Refused(f"{path} says that it has {count} files: more than a bundle may have.", hint=HINT)


def _is_plain_folder(info: zipfile.ZipInfo) -> bool:
    return info.is_dir() and not info.file_size and not trouble(info.filename.rstrip("/"))


def _refuse_headers(files: list[zipfile.ZipInfo], directory: int) -> None:
    if len(files) > COUNT_LIMIT:
        raise Refused(f"The bundle has {len(files)} files: more than it may have.", hint=HINT)
    for info in files:
        if problem := _trouble_of(info):
            _refuse(info.orig_filename, problem)
    _refuse_names([info.filename for info in files])
    end = 0
    for info in sorted(files, key=lambda one: one.header_offset):
        if info.header_offset < end:
            _refuse(
                info.filename,
                Text("shares its bytes with another file (a bomb)", "他のファイルと領域が重なっています(zip 爆弾)"),
            )
        end = info.header_offset + LOCAL + len(info.orig_filename.encode()) + info.file_size
    if end > directory:
        raise Refused("The bundle says that it has more bytes than it has.", hint=HINT)


def _trouble_of(info: zipfile.ZipInfo) -> Text | None:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in {0, stat.S_IFREG}:
        return Text("is a link or a device, not a file", "ファイルではなくリンクまたはデバイスです")
    if info.flag_bits & ENCRYPTED:
        return Text("is encrypted", "暗号化されています")
    if info.compress_type != zipfile.ZIP_STORED or info.compress_size != info.file_size:
        return Text(
            "is compressed, which no bundle of ours is; unpack it yourself and name the folder",
            "圧縮されています(本製品のバンドルは圧縮しません)。展開してからフォルダーを指定してください",
        )
    if "\0" in info.orig_filename or not (info.orig_filename.isascii() or info.flag_bits & UTF8):
        return Text("has a name that is not UTF-8", "名前が UTF-8 ではありません")
    return None


def _refuse_names(names: list[str]) -> None:
    if len(names) > COUNT_LIMIT:
        raise Refused(f"The bundle has {len(names)} files: more than it may have.", hint=HINT)
    for name in names:
        if problem := trouble(name):
            _refuse(name, problem)
    if pair := clashing(names):
        _refuse(
            pair[1],
            Text(
                f"is there twice, or some systems take it for {shown(pair[0])}",
                f"重複しているか、一部のシステムで {shown(pair[0])} と同一視されます",
            ),
        )


def _refuse(name: str, why: Text) -> NoReturn:
    raise Refused(f"{shown(name)}: {why.en}. {why.ja}。", hint=HINT)
