"""Files and folders copied with everything the file system knows of them, leaving the source as it was.

The copies lie under `files/`, by their whole path, with their times, owners, modes, extended attributes, ACLs, hard links, links and
holes. What a copy cannot keep (when it was changed and born, set-uid bits, capabilities) stands in `manifest.jsonl`, one line for
each name (`listing.py`). Access times of the source are left alone where its owner or root copies (O_NOATIME); where they were not, the
record says how many.

Every name is opened from its folder's descriptor and never followed: whoever still writes there cannot lead us elsewhere. Other file
systems below are not entered, and are named.
"""

from __future__ import annotations

import base64
import contextlib
import ctypes
import errno
import hashlib
import os
import stat
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final

import msgspec
from msgspec import Meta

from hikeshi.custody.acquire.acquisition import Acquisition, Notebook, Tell
from hikeshi.custody.acquire.birth import birth
from hikeshi.custody.acquire.listing import Entry, Kind, Listing, entry
from hikeshi.custody.acquire.record import written
from hikeshi.custody.disk import FULL
from hikeshi.errors import Failed, Refused
from hikeshi.text import Text

CHUNK: Final = 1024 * 1024
SECTOR: Final = 4096
"""Bytes left out around a fault of the disk."""
HOLE: Final = 64 * 1024
ZEROS: Final = bytes(HOLE)
DEEP: Final = 200
"""Folders within folders that are entered; what lies deeper is named and not copied."""
ENDLESS: Final = 64 * CHUNK
"""Bytes read of a file that says it is empty and is not, as files of the kernel do."""
LOOK: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
KEPT: Final = ("user.", "system.posix_acl_")
"""Extended attributes that a copy gets; those that give rights are only listed."""


class Copy(Acquisition, frozen=True, kw_only=True):
    """Files and folders with all their times, owners and attributes, and a bodyfile of them."""

    name: ClassVar[str] = "copy"
    kind: ClassVar = "file"
    title: ClassVar[Text] = Text("Copy of files", "ファイルの複製")
    method: ClassVar[str] = "logical copy: content, times, owners, modes, extended attributes, links and holes"

    paths: Annotated[tuple[Path, ...], Meta(description="Files and folders.")]

    @property
    def source(self) -> str:
        return ", ".join(os.fspath(path) for path in roots(self.paths))

    def plan(self, folder: Path) -> dict[str, Any]:
        """Raises `Refused` where a path is not there, or the copies would lie in what is copied."""
        found = roots(self.paths)
        missing = [path for path in found if not os.path.lexists(path)]
        if missing or not found:
            raise Refused(
                f"There is nothing at {missing[0]}." if missing else "No file was named.", hint="Check the path."
            )
        refuse_inside(folder, found)
        return {"source": self.source, "out": os.fspath(folder)}

    def collect(self, folder: Path, notebook: Notebook, tell: Tell) -> None:
        with Listing(folder) as listing:
            copying = Copying(folder / "files", notebook, listing, tell)
            for path in roots(self.paths):
                copying.take(path)
        finish(copying, notebook, listing)


def finish(copying: Copying, notebook: Notebook, listing: Listing) -> None:
    """The counts into the record, the lists hashed."""
    notebook.facts["counts"] = dict(sorted(copying.counts.items()))
    if count := copying.counts["access times changed"]:
        notebook.note(
            f"The access times of {count} names in the source were changed by reading: we were neither root nor their owner.",
            f"読み取りにより取得元の {count} 件のアクセス時刻が変わりました(root でも所有者でもないため)。",
        )
    if count := copying.counts["changed while read"]:
        notebook.note(
            f"{count} files were written to while they were read.", f"読み取り中に {count} 件が変更されました。"
        )
    if count := copying.counts["attributes not restored"]:
        notebook.note(
            f"{count} copies could not be given all attributes; {listing.paths[0].name} has them.",
            f"{count} 件の複製には属性をすべて復元できませんでした({listing.paths[0].name} に記録)。",
        )
    for path in listing.paths:
        notebook.made(path)


def roots(paths: tuple[Path, ...]) -> tuple[Path, ...]:
    """The paths, whole; what lies in another of them is copied with that one."""
    found = dict.fromkeys(Path(os.path.abspath(path)) for path in paths)  # noqa: PTH100 - resolve() would follow
    return tuple(path for path in found if not any(above in found for above in path.parents))


def refuse_inside(folder: Path, paths: tuple[Path, ...]) -> None:
    target = folder.resolve()
    for path in paths:
        if target.is_relative_to(path.resolve()):
            raise Refused(
                f"{folder} lies in {path}, which is copied.", hint="Name a folder elsewhere, best on another disk."
            )


class Copying:
    """Copies names below `folder`, counting what became of each."""

    def __init__(self, folder: Path, notebook: Notebook, listing: Listing, tell: Tell) -> None:
        self.folder, self.notebook, self.listing, self.tell = folder, notebook, listing, tell
        self.counts: Counter[str] = Counter()
        self.seen: dict[tuple[int, int], Entry | None] = {}
        """The files that were copied, by device and inode; what was written of those that have more than one name."""
        self.known: set[tuple[int, int]] = set()
        """Every name that was tried, by device and inode: whether it could be read or not."""
        self.found = 0
        self.device = 0

    def take(self, path: Path) -> None:
        """Copy a file, or a folder with everything below. What cannot be copied is noted, not raised."""
        target = self.folder / path.relative_to("/")
        place = target.parent if path.name else target  # of "/" itself, the folder of all copies
        with contextlib.ExitStack() as closing:
            try:
                above = opened(closing, os.fspath(path.parent), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
                place.mkdir(parents=True, exist_ok=True)
                below = opened(closing, os.fspath(place), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
                name = path.name or "."
                self.device = os.stat(name, dir_fd=above, follow_symlinks=False).st_dev
                self.found += 1
            except OSError as error:
                self._missed(os.fspath(path), error)
                return
            self._name(above, below, name, os.fspath(path), 0)
            _flush(below)

    def _name(self, above: int, below: int, name: str, path: str, depth: int) -> None:
        """One name in the open folder `above`, into the open folder `below`."""
        self.counts["names"] += 1
        if self.counts["names"] % 100 == 0:
            self.notebook.look_at_the_clock()
        self.tell(self.counts["names"], self.found)
        try:
            status = os.stat(name, dir_fd=above, follow_symlinks=False)
            self.known.add((status.st_dev, status.st_ino))
            line = entry(path, kind_of(status), status, birth(name, above))
            if line.kind == "folder":
                self._folder(above, below, name, path, line, status, depth)
            elif line.kind == "file":
                self._file(above, below, name, line, status)
            else:
                self._other(above, below, name, line, status)
        except OSError as error:
            self._missed(path, error)

    def _missed(self, path: str, error: OSError) -> None:
        if error.errno in FULL:
            raise Failed(
                f"{self.folder} cannot take more ({error.strerror}).", permanent=False,
                hint="Make room and begin again in a new folder.",
            ) from error  # fmt: skip
        why = error.strerror or str(error)
        self.counts["missed"] += 1
        self.notebook.missed(written(path), why)
        self.listing.add(Entry(path=written(path), kind="unreadable", note=why))

    # --- folders

    def _folder(
        self, above: int, below: int, name: str, path: str, line: Entry, status: os.stat_result, depth: int
    ) -> None:  # fmt: skip
        if status.st_dev != self.device or depth == DEEP:
            raise OSError(0, "another file system: not entered" if depth < DEEP else f"deeper than {DEEP} folders")
        with contextlib.ExitStack() as closing:
            source = look(closing, name, above, os.O_DIRECTORY)
            line = _with_xattrs(line, source)
            if name == ".":
                target = below
            else:
                with contextlib.suppress(FileExistsError):  # made on the way to something named before
                    os.mkdir(name, 0o700, dir_fd=below)
                target = opened(closing, name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, below)
            names = sorted(os.listdir(source))  # noqa: PTH208 - of a descriptor
            self.found += len(names)
            for one in names:
                self._name(source, target, one, os.path.join(path, one), depth + 1)  # noqa: PTH118 - names may be many
            self._atime(os.fstat(source), status)
            self._restore(target, status, line)
        self.counts["folders"] += 1
        self.listing.add(line)

    # --- files

    def _file(self, above: int, below: int, name: str, line: Entry, status: os.stat_result) -> None:
        first = self.seen.get((status.st_dev, status.st_ino))
        if first and self._link(first, below, name):
            self.counts["hard links"] += 1
            self.listing.add(
                msgspec.structs.replace(line, sha256=first.sha256, same_as=first.path, xattrs=first.xattrs)
            )
            return
        with contextlib.ExitStack() as closing:
            source = look(closing, name, above, 0)
            before = os.fstat(source)
            if not stat.S_ISREG(before.st_mode) or before.st_ino != status.st_ino:
                raise OSError(errno.ESTALE, "it was replaced while we looked at it")
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            target = os.open(name, flags, 0o600, dir_fd=below)
            closing.callback(os.close, target)
            line = self._content(source, target, before, _with_xattrs(line, source))
            self._atime(os.fstat(source), before)
            self._restore(target, before, line)
        self.counts["files"] += 1
        self.counts["bytes"] += before.st_size
        self.seen[status.st_dev, status.st_ino] = line if status.st_nlink > 1 else None
        self.listing.add(line)

    def _content(self, source: int, target: int, before: os.stat_result, line: Entry) -> Entry:
        digest, at = hashlib.sha256(), 0
        for piece in self._pieces(source, before.st_size, line.path):
            digest.update(piece)
            _write(target, memoryview(piece), at)
            at += len(piece)
        os.ftruncate(target, at)
        after = os.fstat(source)
        told = msgspec.structs.replace(line, sha256=digest.hexdigest(), size=at)
        if (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns):
            return told
        self.counts["changed while read"] += 1
        return msgspec.structs.replace(
            told, note=f"changed while it was read: {before.st_size} bytes before, {after.st_size} after"
        )

    def _pieces(self, source: int, size: int, path: str) -> Iterator[bytes]:
        """What the file held when it was opened: a log that grows while we read would never end."""
        at, end = 0, size or ENDLESS
        while at < end:
            piece = self._piece(source, at, min(CHUNK, end - at), path)
            if not piece:
                return
            yield piece
            at += len(piece)

    def _piece(self, source: int, at: int, length: int, path: str) -> bytes:
        """Zeros for what the disk does not give, noted."""
        try:
            return os.pread(source, length, at)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            if length > SECTOR:
                return b"".join(
                    self._piece(source, at + step, min(SECTOR, length - step), path)
                    for step in range(0, length, SECTOR)
                )
            self.notebook.missed(path, f"EIO ({error.strerror}): zeros in the copy", offset=at, length=length)
            self.counts["bad blocks"] += 1
            return bytes(length)

    def _link(self, first: Entry, below: int, name: str) -> bool:
        """A second name for what was copied already, where the target can have one."""
        path = os.fsdecode(bytes.fromhex(first.path_hex)) if first.path_hex else first.path
        try:
            os.link(os.path.join(self.folder, path.lstrip("/")), name, dst_dir_fd=below, follow_symlinks=False)  # noqa: PTH118 - as above
        except OSError:
            return False
        return True

    # --- links, pipes, sockets, devices

    def _other(self, above: int, below: int, name: str, line: Entry, status: os.stat_result) -> None:
        if line.kind == "symlink":
            target = os.readlink(name, dir_fd=above)
            os.symlink(target, name, dir_fd=below)
            os.utime(name, ns=(status.st_atime_ns, status.st_mtime_ns), dir_fd=below, follow_symlinks=False)
            self._atime(os.stat(name, dir_fd=above, follow_symlinks=False), status)
            line = msgspec.structs.replace(line, target=written(target))
        else:
            line = msgspec.structs.replace(line, note="listed only: it has no content to copy")
        self.counts["links" if line.kind == "symlink" else "special"] += 1
        self.listing.add(line)

    # --- what all share

    def _atime(self, after: os.stat_result, before: os.stat_result) -> None:
        self.counts["access times changed"] += after.st_atime_ns != before.st_atime_ns

    def _restore(self, target: int, status: os.stat_result, line: Entry) -> None:
        """Owner, attributes, mode and times, in this order: each of the first three would undo a later one."""
        whole = True
        if os.geteuid() == 0:
            whole &= _tried(lambda: os.fchown(target, status.st_uid, status.st_gid))
        for name, value in _values(line).items():
            if name.startswith(KEPT):
                whole &= _tried(lambda name=name, value=value: os.setxattr(target, name, value))
        # Never set-uid: a copy of an attacker's shell must not give anybody rights here. Readable, or it cannot be sealed.
        readable = 0o500 if stat.S_ISDIR(status.st_mode) else 0o400
        whole &= _tried(lambda: os.fchmod(target, status.st_mode & 0o777 | readable))
        whole &= _tried(lambda: os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns)))
        self.counts["attributes not restored"] += not whole


def kind_of(status: os.stat_result) -> Kind:
    for test, kind in KINDS:
        if test(status.st_mode):
            return kind
    return "special"


KINDS: Final[tuple[tuple[Any, Kind], ...]] = (
    (stat.S_ISREG, "file"), (stat.S_ISDIR, "folder"), (stat.S_ISLNK, "symlink"),
)  # fmt: skip


def look(closing: contextlib.ExitStack, name: str, above: int | None, flags: int) -> int:
    """Open for reading; only the owner and root may do so without leaving a trace."""
    try:
        return opened(closing, name, LOOK | os.O_NOATIME | flags, above)
    except PermissionError:
        return opened(closing, name, LOOK | flags, above)


def opened(closing: contextlib.ExitStack, name: str, flags: int, folder: int | None = None) -> int:
    descriptor = os.open(name, flags, dir_fd=folder)
    closing.callback(os.close, descriptor)
    return descriptor


def _with_xattrs(line: Entry, descriptor: int) -> Entry:
    found: dict[str, bytes] = {}
    with contextlib.suppress(OSError):  # a file system without them
        for name in os.listxattr(descriptor):
            found[name] = os.getxattr(descriptor, name)
    return msgspec.structs.replace(line, xattrs={written(name): _base64(value) for name, value in found.items()})


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _values(line: Entry) -> dict[str, bytes]:
    return {name: base64.b64decode(value) for name, value in line.xattrs.items()}


def _write(target: int, view: memoryview, offset: int) -> None:
    """Zeros are left out: the copy of a sparse file is sparse."""
    for start in range(0, len(view), HOLE):
        piece = view[start : start + HOLE]
        if not piece[0] and piece.tobytes() == ZEROS[: len(piece)]:
            continue
        at = offset + start
        while piece:
            count = os.pwrite(target, piece, at)
            piece, at = piece[count:], at + count


def _tried(act: Any) -> bool:
    try:
        act()
    except OSError:
        return False
    return True


def _flush(descriptor: int) -> None:
    """Everything of the target's file system onto its disk; the source's is left alone."""
    ctypes.CDLL(None).syncfs(descriptor)
