"""One way to collect evidence on the responder's machine, and how each is carried out and noted. No database, no network."""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, Final, Literal

import msgspec

from hikeshi import __version__
from hikeshi.custody.acquire import record as records
from hikeshi.custody.acquire.clock import Watch
from hikeshi.custody.acquire.record import Jump, Kind, Missed, Output, Person, Reading, Record
from hikeshi.errors import HikeshiError, Refused
from hikeshi.text import Text

Tell = Callable[[int, int], None]
"""Called with how much is done and how much there is: bytes, or names, as the acquisition says."""

NAMED: Final = 5_000
"""How much of what was missed is named in the record; the count is always complete, and lists of files name all."""


class Tool(msgspec.Struct, frozen=True):
    """What did the collecting: our own code, or a program."""

    name: str = "hikeshi"
    version: str = __version__


class Acquisition(msgspec.Struct, frozen=True, kw_only=True):
    """One way to collect evidence. Its fields are its inputs; the class says what it is.

    `plan` only looks and `collect` writes into an empty folder (or, where `resumable`, into one that it has begun to fill). Both raise
    `Refused` for what must not be done and `Failed` for what did not work. `collect` puts what it could not get into the notebook
    and goes on.
    """

    name: ClassVar[str]
    kind: ClassVar[Kind]
    title: ClassVar[Text]
    method: ClassVar[str]
    resumable: ClassVar[bool] = False
    unit: ClassVar[Literal["", "bytes"]] = ""
    """What `tell` counts: names, or bytes."""

    @property
    def source(self) -> str:
        """What is collected, as the record names it."""
        raise NotImplementedError

    def goes_on_with(self, record: Record) -> bool:
        """Whether a folder with this record is one that this acquisition may go on filling."""
        return self.resumable and (record.name, record.source) == (self.name, records.written(self.source)[:500])

    def asset(self) -> str:
        """The thing it is taken from, by model and serial number, where it is not this machine as such."""
        return ""

    def tool(self) -> Tool:
        return Tool()

    def plan(self, folder: Path) -> dict[str, Any]:
        """What would be collected into `folder`, without changing anything."""
        raise NotImplementedError

    def collect(self, folder: Path, notebook: Notebook, tell: Tell) -> None:
        """Collect it. Every file that is made is given to `notebook.made`."""
        raise NotImplementedError


class Notebook:
    """What is noted while evidence is collected; at the end it is the record."""

    def __init__(self, record: Record, folder: Path) -> None:
        self.folder = folder
        self.begun = record
        self.watch = Watch()
        self.files: list[Output] = list(record.files)
        self.missing: list[Missed] = []
        self.missed_count = 0
        self.facts: dict[str, Any] = dict(record.facts)
        self.notes: list[Text] = list(record.notes)
        self.jumps: list[Jump] = list(record.jumps)
        self.partial = False

    def missed(self, what: str, why: str, *, offset: int | None = None, length: int | None = None) -> None:
        self.missed_count += 1
        self.partial = True
        if self.missed_count <= NAMED:
            self.missing.append(Missed(what=records.written(what)[:1000], why=why[:300], offset=offset, length=length))

    def note(self, en: str, ja: str) -> None:
        if (text := Text(en, ja)) not in self.notes:
            self.notes.append(text)

    def made(self, path: Path, *, sha512: str = "", sha256: str = "") -> Output:
        """A file of ours is complete: hashed as it now lies on the disk, unless it was already, and read-only from here on."""
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            self._protect(descriptor)
            found = Output(
                path=path.relative_to(self.folder).as_posix(), size=os.fstat(descriptor).st_size, sha512=sha512,
                sha256=sha256 or hashlib.file_digest(file, "sha256").hexdigest(),
            )  # fmt: skip
        self.files = [file for file in self.files if file.path != found.path] + [found]
        return found

    def _protect(self, descriptor: int) -> None:
        try:
            os.fchmod(descriptor, 0o444)
        except OSError:
            self.note(
                "The target's file system cannot make files read-only.",
                "保存先のファイルシステムではファイルを読み取り専用にできません。",
            )

    def look_at_the_clock(self) -> None:
        """To be called every now and then: a clock that is set while we collect is noted."""
        if by := self.watch.jumped():
            self.jumps.append(Jump(seen_at=datetime.now(UTC), by_us=by))
            self.note(
                f"The clock of this machine was set by {by / 1e6:+.3f} s while evidence was collected.",
                f"取得中にこのマシンの時計が {by / 1e6:+.3f} 秒変更されました。",
            )

    def save(self) -> None:
        """What is noted so far, on the disk: it outlives us."""
        records.write(self.record("running"), self.folder, final=False)

    def record(self, outcome: records.Outcome) -> Record:
        self.look_at_the_clock()
        if outcome == "complete" and self.partial:
            outcome = "partial"
        return msgspec.structs.replace(
            self.begun, outcome=outcome, files=tuple(self.files), missed=tuple(self.missing), facts=self.facts,
            missed_count=self.missed_count, notes=tuple(self.notes), jumps=tuple(self.jumps),
            ended_at=None if outcome == "running" else datetime.now(UTC),
        )  # fmt: skip


def perform(
    what: Acquisition, folder: Path, *, person: Person, clock: Reading, command: str, tell: Tell = lambda _a, _b: None
) -> tuple[Record, str]:
    """Collect into `folder`, which is made; the record and its SHA-256.

    Raises what `collect` raises, after a record that says `interrupted` was written; the folder stays as it is.
    """
    what.plan(folder)
    new = _begin(what, person, clock, command)
    notebook = Notebook(_open_folder(folder, what) or new, folder)
    notebook.save()
    try:
        with _stopped_cleanly():
            what.collect(folder, notebook, tell)
    except (HikeshiError, OSError, KeyboardInterrupt) as problem:
        said = str(problem) or "stopped by the operator"
        notebook.note(f"Interrupted: {said}"[:2000], f"中断: {said}"[:2000])
        with contextlib.suppress(OSError):  # on a full disk the earlier record stays, which says `running`
            records.write(notebook.record("interrupted"), folder, final=False)
        raise
    record = notebook.record("complete")
    return record, records.write(record, folder, final=True)


@contextlib.contextmanager
def _stopped_cleanly() -> Iterator[None]:
    """A lost connection and a polite kill end us like Ctrl-C: with everything so far kept and noted."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in (signal.SIGHUP, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, how in before.items():
            signal.signal(number, how)


def _open_folder(folder: Path, what: Acquisition) -> Record | None:
    """Make the folder; where it is one that this acquisition has begun to fill, the record so far."""
    try:
        folder.mkdir(mode=0o700)
    except FileNotFoundError as error:
        raise Refused(f"{folder.parent} is not there.", hint="Make it, or name another folder.") from error
    except FileExistsError:
        if not folder.is_dir():
            raise Refused(f"{folder} is not a folder.", hint="Name a new folder.") from None
        if any(folder.iterdir()):
            return _resumed(folder, what)
    return None


def _resumed(folder: Path, what: Acquisition) -> Record:
    if not what.resumable or not (folder / records.NAME).exists():
        raise Refused(f"{folder} is not empty.", hint="Name a new folder: nothing is ever written over.")
    record = records.read(folder)
    if record.outcome not in {"running", "interrupted"} or not what.goes_on_with(record):
        raise Refused(f"{folder} holds {record.name} of {record.source}, {record.outcome}.", hint="Name a new folder.")
    note = Text(f"Interrupted and taken up again from {what.source}.", f"中断後に {what.source} から再開しました。")
    return msgspec.structs.replace(record, notes=(*record.notes, note))


def _begin(what: Acquisition, person: Person, clock: Reading, command: str) -> Record:
    tool = what.tool()
    source = records.written(what.source)
    record = Record(
        name=what.name, kind=what.kind, title=f"{what.title.en}: {source}"[:300], source=source[:500],
        system=", ".join(filter(None, (what.asset(), this_system())))[:300], method=what.method, tool=tool.name[:100], tool_version=tool.version[:100],
        command=records.written(command)[:20_000], person=person, began_at=datetime.now(UTC), clock=clock,
    )  # fmt: skip
    return records.checked(record)


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def this_system() -> str:
    """The machine that collects: its name, its machine id where it has one, and its kernel."""
    try:
        identity = Path("/etc/machine-id").read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        identity = "no machine-id"
    return f"{socket.gethostname()} ({identity}), {platform.system()} {platform.release()}, uid {os.geteuid()}"[:300]
