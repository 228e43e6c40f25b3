"""What is written about every copied name: one line of JSON with everything the file system knows, and one line of a bodyfile.

The bodyfile is what mactime and `events parse` read: https://wiki.sleuthkit.org/index.php?title=Body_file
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Final, Literal, Self

import msgspec

from hikeshi.custody.acquire.birth import Birth
from hikeshi.custody.acquire.record import written

Kind = Literal["file", "folder", "symlink", "special", "unreadable"]
MANIFEST: Final = "manifest.jsonl"
BODYFILE: Final = "bodyfile"
LETTERS: Final = {"-": "r", "s": "h"}
"""The letters of The Sleuth Kit for kinds of names, where they differ from those of ls."""


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One name. Times are seconds since 1970 in UTC with nine decimals, as text: JSON numbers would lose the nanoseconds.

    A path that is not UTF-8 is shown with escapes, and `path_hex` holds its bytes. `same_as` is the copied name with the same
    bytes and the same inode. `xattrs` are in base64: ACLs and capabilities are among them.
    """

    path: str
    kind: Kind
    mode: str = ""
    uid: int | None = None
    gid: int | None = None
    inode: int | None = None
    device: str = ""
    links: int | None = None
    size: int | None = None
    blocks: int | None = None
    accessed: str = ""
    modified: str = ""
    changed: str = ""
    born: str = ""
    attributes: tuple[str, ...] = ()
    xattrs: Mapping[str, str] = {}
    target: str = ""
    sha256: str = ""
    same_as: str = ""
    note: str = ""
    path_hex: str = ""


def entry(path: str, kind: Kind, status: os.stat_result, born: Birth) -> Entry:
    shown = written(path)
    return Entry(
        path=shown, kind=kind, mode=f"{status.st_mode:06o}", uid=status.st_uid, gid=status.st_gid, inode=status.st_ino,
        device=f"{os.major(status.st_dev)}:{os.minor(status.st_dev)}", links=status.st_nlink, size=status.st_size,
        blocks=status.st_blocks, accessed=seconds(status.st_atime_ns), modified=seconds(status.st_mtime_ns),
        changed=seconds(status.st_ctime_ns), born="" if born.ns is None else seconds(born.ns), attributes=born.attributes,
        path_hex=os.fsencode(path).hex() if shown != path else "",
    )  # fmt: skip


def seconds(ns: int) -> str:
    whole, rest = divmod(abs(ns), 1_000_000_000)
    return f"{'-' if ns < 0 else ''}{whole}.{rest:09d}"


def body_line(entry: Entry) -> str:
    """`digest|name|inode|mode|uid|gid|size|atime|mtime|ctime|crtime`, 0 for what is unknown."""
    mode = stat.filemode(int(entry.mode, 8))
    name = _on_one_line(f"{entry.path} -> {entry.target}" if entry.target else entry.path)
    letter = LETTERS.get(mode[0], mode[0])
    fields = (
        entry.sha256 or "0", name, entry.inode, f"{letter}/{letter}{mode[1:]}", entry.uid, entry.gid, entry.size,
        entry.accessed, entry.modified, entry.changed, entry.born or "0",
    )  # fmt: skip
    return "|".join(str(field) for field in fields) + "\n"


def _on_one_line(name: str) -> str:
    """A file name may hold a line end, and would write lines of its own into our list; mactime drops a line with a bar too many."""
    return "".join(char if char.isprintable() and char != "|" else _escaped(char) for char in name)


def _escaped(char: str) -> str:
    return "\\x7c" if char == "|" else char.encode("unicode_escape").decode()


class Listing:
    """Both lists, written while the copying goes on. Use with `with`."""

    def __init__(self, folder: Path) -> None:
        self.paths = (folder / MANIFEST, folder / BODYFILE)
        self.closing = contextlib.ExitStack()

    def __enter__(self) -> Self:
        self.manifest, self.bodyfile = (self._open(path) for path in self.paths)
        return self

    def __exit__(self, *problem: object) -> None:
        self.closing.close()

    def _open(self, path: Path) -> IO[bytes]:
        return self.closing.enter_context(path.open("xb"))

    def add(self, entry: Entry) -> None:
        self.manifest.write(msgspec.json.encode(entry) + b"\n")
        if entry.mode:
            self.bodyfile.write(body_line(entry).encode())
