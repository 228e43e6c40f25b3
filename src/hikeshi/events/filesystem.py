"""A folder tree, such as a mounted image, as events: when each file was modified, accessed, changed and created (MACB).

Only names and times are read, never contents, and folders are listed without touching their time of access where the system lets us;
mount images read-only all the same. Symbolic links are events like any other file and are not followed; folders of other file systems
mounted below are entered only when asked for. A folder that cannot be opened is counted and the rest goes on.

Equal times of one file are one event with all its letters, as in a body file. Times are those of the kernel: nanoseconds where the
file system has them, and of the clock of the machine that wrote them. A time of zero is one that was never set. The time of creation is
there only where the platform tells it (st_birthtime): Linux does not through Python, and its metadata change time is no creation.

References:
  https://man7.org/linux/man-pages/man7/inode.7.html
  https://wiki.sleuthkit.org/index.php?title=Body_file
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import msgspec

from hikeshi.errors import Refused, Unreadable
from hikeshi.events.event import Event, event_uid

NAME = "filesystem"
VERSION = "1"

LETTERS = "macb"
"""The four times: modified, accessed, changed, born. `ts_desc` and the action hold their set as mactime prints it, as for body files."""

KINDS = {
    stat.S_IFBLK: "block device", stat.S_IFCHR: "character device", stat.S_IFDIR: "folder", stat.S_IFIFO: "pipe",
    stat.S_IFLNK: "link", stat.S_IFREG: "file", stat.S_IFSOCK: "socket",
}  # fmt: skip


def walked(folder: Path, *, across: bool = False, host: str | None = None) -> Iterator[Event | Unreadable]:
    """The events of everything below `folder`, in the order of their paths, the folder itself included.

    Paths are shown as seen from the folder, as they were on the machine the image is of; `host` is its name. `across` also enters
    other file systems mounted below. Raises Refused where `folder` is none.
    """
    if not folder.is_dir():
        raise Refused(f"{folder} is no folder.", hint="Give the folder an image is mounted on.")
    seq = 0
    for path, found in _below(os.fsencode(folder), across=across):
        if isinstance(found, OSError):
            yield Unreadable(f"it cannot be opened: {found.strerror or found}", source=str(folder), place=path)
            continue
        for event in _events(path, found, host):
            seq += 1
            event.seq, event.path = seq, str(folder)
            yield event


def _below(folder: bytes, *, across: bool) -> Iterator[tuple[str, os.stat_result | OSError]]:
    """Every path below with its status, or with the error that hides it. Without recursion: trees can be very deep."""
    waiting, device = [(folder, b"/")], os.lstat(folder).st_dev
    while waiting:
        real, shown = waiting.pop()
        try:
            status = os.lstat(real)
        except OSError as error:
            yield _text(shown), error
            continue
        yield _text(shown), status
        if not stat.S_ISDIR(status.st_mode) or not (across or status.st_dev == device):
            continue
        try:
            names = sorted(_names(real), reverse=True)
        except OSError as error:
            yield _text(shown), error
            continue
        waiting += [(os.path.join(real, name), os.path.join(shown, name)) for name in names]  # noqa: PTH118  bytes: names need not be text


def _names(folder: bytes) -> list[bytes]:
    """What is in a folder, without changing when it was last accessed where we may say so (its owner and root may)."""
    how = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
    try:
        descriptor = os.open(folder, how | os.O_NOATIME)
    except PermissionError:
        descriptor = os.open(folder, how)
    try:
        return [os.fsencode(name) for name in os.listdir(descriptor)]  # noqa: PTH208  of a descriptor
    finally:
        os.close(descriptor)


def _events(path: str, status: os.stat_result, host: str | None) -> Iterator[Event]:
    times: dict[int, list[int]] = {}
    born = getattr(status, "st_birthtime_ns", 0) or int(getattr(status, "st_birthtime", 0) * 1_000_000_000)
    for number, nanoseconds in enumerate((status.st_mtime_ns, status.st_atime_ns, status.st_ctime_ns, born)):
        if nanoseconds:
            times.setdefault(nanoseconds, []).append(number)
    kind = KINDS.get(stat.S_IFMT(status.st_mode), "file")
    about = {
        "gid": status.st_gid, "inode": status.st_ino, "kind": kind, "links": status.st_nlink,
        "mode": stat.filemode(status.st_mode),
    }  # fmt: skip
    for nanoseconds, numbers in sorted(times.items()):
        macb = "".join(letter if number in numbers else "." for number, letter in enumerate(LETTERS))
        key = f"filesystem:{host or ''}:{path}:{status.st_ino}:{nanoseconds}:{macb}"
        yield Event(
            event_uid=event_uid(key),
            dedup_key=key,
            ts=nanoseconds // 1000,
            ts_sub=nanoseconds % 1000,
            ts_precision="ns",
            ts_desc=macb,
            source_kind=NAME,
            parser_version=VERSION,
            source_variant="walk",
            raw=msgspec.json.encode(
                about | {"path": path, "time_ns": nanoseconds, "macb": macb, "size": status.st_size}
            ),
            category="file",
            action=macb,
            message=f"{macb} {path}",
            actor_id=str(status.st_uid),
            host=host,
            file_path=path,
            file_size=status.st_size,
            attrs=msgspec.json.encode(about | {"macb": macb}),
        )


def _text(path: bytes) -> str:
    """The name as text; bytes that are none are shown as escapes."""
    return path.decode("utf-8", "backslashreplace")
