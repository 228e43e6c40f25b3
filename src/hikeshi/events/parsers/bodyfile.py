"""Bodyfiles: file times of an image as The Sleuth Kit, mactime and many collectors write them.

`MD5|name|inode|mode|UID|GID|size|atime|mtime|ctime|crtime`, seconds since 1970 (newer tools write a fraction). Equal times of one
file are one event: `ts_desc` and the action hold their set as mactime prints it (`m.c.` is modified and changed, `...b` born). 0 and
-1 mean that a time is unknown; files without any known time have no place in a timeline, and the note of the source counts them. A
name may hold bars: the fields are counted from the end. Whether the times were UTC before somebody wrote them down, the file does not
say: FAT has local times. Two machines made from one image have equal lines, so an event is never folded with one of another file.

References:
  https://wiki.sleuthkit.org/index.php?title=Body_file
  https://wiki.sleuthkit.org/index.php?title=Mactime
  https://www.sleuthkit.org/sleuthkit/man/fls.html
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from hikeshi.errors import Unreadable
from hikeshi.events.event import Event
from hikeshi.events.shape import most
from hikeshi.events.source import Line, Source

NAME = "bodyfile"
VERSION = "1"

LETTERS = "amcb"
"""Accessed, modified, changed, born: the order of the fields."""
PRINTED = "macb"
"""The order people write them in."""

_time = re.compile(r"(-?\d{1,12})(?:\.(\d{1,9}))?").fullmatch
_digest = re.compile(r"(?:[0-9A-Fa-f]{32}|[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64}|\d?)").fullmatch
_shape = re.compile(
    rb"(?:[0-9A-Fa-f]{32,64}|\d*)\|.*\|[^|]*\|[^|]*\|[^|]*\|[^|]*\|\d*(?:\|-?\d{0,12}(?:\.\d+)?){4}\r?$|#"
)
_first = re.compile(rb"(?m)^(?:[0-9A-Fa-f]{32,64}|\d*)\|.*(?:\|-?\d{0,12}(?:\.\d+)?){5}\r?$")


class Entry(NamedTuple):
    """One line, its four times taken out."""

    digest: str
    name: str
    inode: str
    mode: str
    uid: str
    gid: str
    size: str


def recognises(head: bytes) -> bool:
    return most(head, _shape) and _first.search(head) is not None


def events(source: Source) -> Iterator[Event | Unreadable]:
    """For each file one event for each distinct time."""
    for line in source.lines():
        text = line.data.decode("utf-8", "backslashreplace")
        if not text.strip() or text.startswith("#"):
            continue
        read = _read(text)
        if read is None:
            yield source.unreadable("this is no line of a bodyfile", f"line {line.number:,}")
            continue
        entry, times = read
        source.undated += not times
        yield from _events(entry, times, line, source.sha256)
    if source.undated:
        source.note = f"{source.undated:,} files have no known time and are not in the timeline."


def _read(text: str) -> tuple[Entry, dict[str, str]] | None:
    """The line, and for each distinct time that is known the letters of what it is the time of."""
    parts = text.rsplit("|", 9)
    if len(parts) != 10:
        return None
    digest, bar, name = parts[0].partition("|")
    size = parts[5]
    if not bar or not _digest(digest) or len(size) > 18 or (size and not (size.isascii() and size.isdigit())):
        return None
    found: dict[str, str] = {}
    for letter, field in zip(LETTERS, parts[6:], strict=True):
        if field in UNKNOWN:
            continue
        if _seconds(field) is None:
            return None
        found[field] = found.get(field, "") + letter
    return Entry(digest, name, *parts[1:6]), found


UNKNOWN = frozenset({"", "0", "-1", "0.0", "0.000000000"})


@functools.lru_cache(maxsize=8192)  # the times of one file are often equal, and those of its neighbours
def _seconds(text: str) -> tuple[int, int | None, str] | None:
    """UTC microseconds, the nanoseconds below, and how fine the time is."""
    found = _time(text)
    if found is None:
        return None
    whole, fraction = found.groups("")
    nanoseconds = int(whole) * 1_000_000_000 + int(fraction.ljust(9, "0")) * (-1 if text[0] == "-" else 1)
    us, below = divmod(nanoseconds, 1000)
    return us, below or None, "ns" if len(fraction) > 6 else "us" if fraction else "s"


@functools.cache  # sixteen
def _macb(letters: str) -> str:
    return "".join(letter if letter in letters else "." for letter in PRINTED)


def _events(entry: Entry, times: dict[str, str], line: Line, sha256: str) -> Iterator[Event]:
    digest, name, inode, mode, uid, gid, size = entry
    path, rest = _named(name)
    attrs = msgspec.json.encode({"inode": inode, "mode": mode, "gid": gid, **rest})
    for text, letters in times.items():
        at = _seconds(text)
        if at is None:
            continue
        macb = _macb(letters)
        yield Event(
            dedup_key=f"{sha256}:{line.offset}:{macb}",
            ts=at[0],
            ts_sub=at[1],
            ts_precision=at[2],
            ts_desc=macb,
            ts_raw=text,
            seq=line.number,
            offset=line.offset,
            raw=line.data,
            category="file",
            service="filesystem",
            action=macb,
            message=f"{macb} {name}",
            actor_id=uid or None,
            file_path=path,
            file_size=int(size) if size else None,
            hash_md5=digest.lower() if len(digest) == 32 else None,
            hash_sha1=digest.lower() if len(digest) == 40 else None,
            hash_sha256=digest.lower() if len(digest) == 64 else None,
            resource_type="file",
            attrs=attrs,
        )


def _named(name: str) -> tuple[str, dict[str, str]]:
    """The path alone, and what tools write behind it."""
    rest: dict[str, str] = {}
    if name.endswith(")"):
        for mark in (" (deleted)", " (deleted-realloc)", " ($FILE_NAME)"):
            if name.endswith(mark):
                name = name.removesuffix(mark)
                rest["state" if "deleted" in mark else "attribute"] = mark[2:-1]
    path, arrow, target = name.partition(" -> ")
    if arrow:
        rest["link"] = target
    return path, rest
