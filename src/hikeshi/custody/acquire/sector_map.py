"""Which parts of a device were read: a map in the form of GNU ddrescue's mapfile, so that its tools read ours and we read theirs.

A map covers the source without a gap. The status of a part: `?` not tried yet, `*` its block could not be read as a whole, `/` nor could
its smaller blocks, `-` a sector that cannot be read, `+` read. What the kernel said of a bad part stands in a comment, which
ddrescue leaves alone: `# error 0x00117000 0x00000200 5 EIO`.

Reference: https://www.gnu.org/software/ddrescue/manual/ddrescue_manual.html#Mapfile-structure
"""

from __future__ import annotations

import bisect
import errno
import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal, NamedTuple, get_args

from hikeshi import __version__
from hikeshi.custody.disk import sync_folder
from hikeshi.errors import Unreadable

Status = Literal["?", "*", "/", "-", "+"]
STATUSES: Final = frozenset(get_args(Status))
LIMIT: Final = 64 * 1024 * 1024
"""Bytes of a map that we are willing to read."""


class Part(NamedTuple):
    """Bytes `start` to `end` (not included) of the source. `error` is the errno of a part that could not be read, 0 for none."""

    start: int
    end: int
    status: Status
    error: int = 0

    @property
    def length(self) -> int:
        return self.end - self.start


class SectorMap:
    """The parts of a source of `size` bytes, in order, neighbours never alike."""

    def __init__(self, size: int, parts: Iterable[Part] = ()) -> None:
        self.size = size
        self.parts = list(parts) or ([Part(0, size, "?")] if size else [])

    def mark(self, start: int, end: int, status: Status, error: int = 0) -> None:
        """Say what became of `start` to `end`."""
        if start >= end:
            return
        first = bisect.bisect_right(self.parts, start, key=lambda part: part.end)
        last = bisect.bisect_left(self.parts, end, key=lambda part: part.start)
        before, after = self.parts[first], self.parts[last - 1]
        new = [
            before._replace(end=start), Part(start, end, status, error), after._replace(start=end),
        ]  # fmt: skip
        low, high = max(first - 1, 0), min(last + 1, len(self.parts))
        around = [*self.parts[low:first], *new, *self.parts[last:high]]
        self.parts[low:high] = _joined(part for part in around if part.length)

    def of(self, status: Status) -> list[Part]:
        return [part for part in self.parts if part.status == status]

    def bytes_of(self, *statuses: Status) -> int:
        return sum(part.length for part in self.parts if part.status in statuses)

    def text(self, command: str, started: datetime) -> str:
        """The mapfile."""
        unread = self.bytes_of("?", "*", "/")
        at = next((part.start for part in self.parts if part.status in "?*/"), self.size)
        lines = [
            f"# Mapfile. Created by Hikeshi version {__version__}",
            f"# Command line: {_one_line(command)}",
            f"# Start time:   {started.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
            f"# Current time: {datetime.now(UTC):%Y-%m-%d %H:%M:%S}",
            "# Times are UTC.",
            *(
                f"# error 0x{part.start:08X} 0x{part.length:08X} {part.error} {errno.errorcode.get(part.error, '')}"
                for part in self.parts
                if part.error
            ),
            "# current_pos  current_status  current_pass",
            f"0x{at:08X}     {'?' if unread else '+'}               1",
            "#      pos        size  status",
            *(f"0x{part.start:08X}  0x{part.length:08X}  {part.status}" for part in self.parts),
        ]
        return "\n".join(lines) + "\n"

    def write(self, path: Path, command: str, started: datetime) -> None:
        """Whole or not at all, and on the disk when this returns."""
        part = path.with_name(f".{path.name}.part")
        with part.open("w", encoding="ascii", errors="backslashreplace") as file:
            file.write(self.text(command, started))
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        sync_folder(path.parent)


def read(path: Path) -> SectorMap:
    """A map written by us or by ddrescue. Raises `Unreadable` naming the line."""
    try:
        with path.open("r", encoding="ascii", errors="backslashreplace") as file:
            text = file.read(LIMIT + 1)
    except OSError as error:
        raise Unreadable(f"cannot be opened: {error.strerror}", source=str(path)) from error
    if len(text) > LIMIT:
        raise Unreadable(f"is larger than {LIMIT} bytes", source=str(path))
    parts = list(_parts(text, str(path)))
    return SectorMap(parts[-1].end if parts else 0, parts)


def _parts(text: str, source: str) -> Iterator[Part]:
    errors: dict[int, int] = {}
    at, state_seen = 0, False
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if line.startswith("# error ") and len(words) >= 5:
            errors[_number(words[2], source, number)] = _number(words[4], source, number)
        if not words or line.startswith("#"):
            continue
        if not state_seen:  # the line with the current position
            state_seen = True
            continue
        if len(words) != 3 or words[2] not in STATUSES:
            raise Unreadable("this is no line of a mapfile", source=source, place=f"line {number}")
        start, length = (_number(word, source, number) for word in words[:2])
        if start != at or length < 1:
            raise Unreadable(f"expected the part at 0x{at:X}", source=source, place=f"line {number}")
        at = start + length
        status: Status = words[2]  # type: ignore[assignment]  # it is in STATUSES
        yield Part(start, at, status, errors.get(start, 0))


def _number(word: str, source: str, line: int) -> int:
    try:
        return int(word, 0)
    except ValueError:
        raise Unreadable(f"{word[:40]!r} is no number", source=source, place=f"line {line}") from None


def _joined(parts: Iterable[Part]) -> list[Part]:
    found: list[Part] = []
    for part in parts:
        if found and found[-1].status == part.status and found[-1].error == part.error:
            found[-1] = found[-1]._replace(end=part.end)
        else:
            found.append(part)
    return found


def _one_line(text: str) -> str:
    return " ".join(text.split())
