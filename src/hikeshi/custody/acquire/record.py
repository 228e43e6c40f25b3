"""The acquisition record: who collected what, with what, when and by which clock. It lies beside what was collected.

One JSON file, `acquisition.json`, in the folder of the acquisition. It is written when the collection begins (`running`) and again
when it ends, so that a machine that dies in between leaves a record that says so. Times are UTC, offsets and uncertainties are
microseconds, sizes and offsets in a device are bytes. Fields follow ISO/IEC 27037 section 6 and RFC 3227 section 4.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec

from hikeshi.custody.disk import sync_folder
from hikeshi.errors import Refused, Unreadable
from hikeshi.text import Text

NAME: Final = "acquisition.json"
LIMIT: Final = 16 * 1024 * 1024
"""Bytes of a record that we are willing to read; a disk with a hundred thousand bad ranges stays below."""

Outcome = Literal["running", "complete", "partial", "interrupted"]
"""partial: something that was asked for could not be had, and is in `missed`; interrupted: it ended before its time."""

Kind = Literal["disk", "file", "logs", "network", "state"]
Hex = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]*$", max_length=128)]
Short = Annotated[str, msgspec.Meta(max_length=100)]
Name = Annotated[str, msgspec.Meta(max_length=150)]
Line = Annotated[str, msgspec.Meta(max_length=300)]
Path_ = Annotated[str, msgspec.Meta(max_length=4096)]
Words = Annotated[str, msgspec.Meta(max_length=20_000)]


class Struct(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What all parts of a record have in common: never changed, and nothing in them that we do not know."""


class Reading(Struct, frozen=True, kw_only=True):
    """What is known of our clock. `offset_us` is our clock minus the true time; None: not measured, and `note` says why."""

    source: Short = ""
    offset_us: int | None = None
    uncertainty_us: int | None = None
    note: Words = ""


class Jump(Struct, frozen=True, kw_only=True):
    """The wall clock was set while evidence was collected: by how much, seen against a clock that cannot be set."""

    seen_at: datetime
    by_us: int


class Output(Struct, frozen=True, kw_only=True):
    """One file that was made. `path` is relative to the folder of the record."""

    path: Path_
    size: int
    sha256: Hex
    sha512: Hex = ""


class Missed(Struct, frozen=True, kw_only=True):
    """What could not be had. `offset` and `length` (bytes) where it is a part of a device or file."""

    what: Path_
    why: Line
    offset: int | None = None
    length: int | None = None


class Person(Struct, frozen=True, kw_only=True):
    """Who collects, and on what ground."""

    collector: Name
    witness: Name = ""
    authority: Line = ""
    location: Line = ""
    description: Words = ""


class Record(Struct, frozen=True, kw_only=True):
    """One acquisition, from its beginning to its end."""

    format: Literal["hikeshi-acquisition-1"] = "hikeshi-acquisition-1"
    name: Short
    kind: Kind
    title: Line
    source: Annotated[str, msgspec.Meta(max_length=500)]
    system: Line
    method: Line
    tool: Short
    tool_version: Short
    command: Words
    person: Person
    began_at: datetime
    ended_at: datetime | None = None
    clock: Reading
    jumps: tuple[Jump, ...] = ()
    outcome: Outcome = "running"
    files: tuple[Output, ...] = ()
    missed: tuple[Missed, ...] = ()
    missed_count: int = 0
    facts: dict[str, Any] = {}
    notes: tuple[Text, ...] = ()

    @property
    def fields(self) -> dict[str, Any]:
        """What it says of the item it becomes, under the names of the item's fields."""
        return {
            **msgspec.structs.asdict(self.person), "system": self.system, "method": self.method, "tool": self.tool,
            "tool_version": self.tool_version, "command": self.command, "began_at": self.began_at,
            "ended_at": self.ended_at, "clock_source": self.clock.source, "clock_offset_us": self.clock.offset_us,
        }  # fmt: skip


def written(name: str) -> str:
    """A name of a file as UTF-8: bytes that are none are shown as escapes."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def checked(record: Record) -> Record:
    """The record, if it can be read again. Raises `Refused` naming the field that is too long or no text."""
    try:
        return parse(msgspec.json.encode(record), source="what you said")
    except (Unreadable, UnicodeEncodeError) as error:
        raise Refused(
            f"This cannot be recorded: {error}", hint="Nothing was collected. Say it shorter, in plain text."
        ) from error


def write(record: Record, folder: Path, *, final: bool) -> str:
    """Write it into the folder, whole or not at all; its SHA-256 in hex. A `final` one can only be read from then on."""
    content = msgspec.json.format(msgspec.json.encode(record, order="sorted"), indent=1) + b"\n"
    part = folder / f".{NAME}.part"
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        if final:
            with contextlib.suppress(OSError):  # a stick with FAT knows no modes
                os.fchmod(descriptor, 0o444)
        os.fsync(descriptor)
    part.replace(folder / NAME)
    sync_folder(folder)
    return hashlib.sha256(content).hexdigest()


def read(folder: Path) -> Record:
    """The record in a folder. Raises `Unreadable` where there is none, or none that we understand."""
    path = folder / NAME
    try:
        with path.open("rb") as file:
            return parse(file.read(LIMIT + 1), source=str(path))
    except OSError as error:
        raise Unreadable(f"cannot be opened: {error.strerror}", source=str(path)) from error


def parse(content: bytes, *, source: str) -> Record:
    """A record from its JSON. Raises `Unreadable` naming the field."""
    if len(content) > LIMIT:
        raise Unreadable(f"is larger than {LIMIT} bytes", source=source, hint="An acquisition record is not that long.")
    try:
        record = msgspec.json.decode(content, type=Record)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise Unreadable(f"is no acquisition record: {error}", source=source) from error
    times = (record.began_at, record.ended_at or record.began_at, *(jump.seen_at for jump in record.jumps))
    if any(time.utcoffset() is None for time in times):
        raise Unreadable("has a time without a zone", source=source, hint="Write 2026-11-07T02:31:00Z.")
    return record
