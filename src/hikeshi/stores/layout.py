"""What lies in a timeline's folder, and what makes it true.

    batches/000001.json            manifest: the sources read together and the parts they became. A part without one does not exist.
    parts/000001-0000.parquet      events in order of time, as delivered, duplicates included
                                   without columns that are empty, and values that others tell (derived.py)
    parts/000009-once-0000.parquet after merging: each event once, in order of time across all sources; -later-: its other deliveries
    folds/<batches>.parquet        which rows are the same event; made from the parts and thrown away freely
    digests.json, integrity.json   what CloudTrail's digests prove of the sources, see integrity.py
    attempts.json                  what the rules of `lookups.py` hit; thrown away freely
    kept/<batches>-action.json     answers about everything, see kept.py; thrown away freely
    gaps.json                      where something is missing, see gaps.py; thrown away freely
    lock                           held while somebody builds

Everything is written beside its place and renamed, so that a kill leaves what was there before and at most some files nobody reads.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from types import MappingProxyType

import msgspec

from hikeshi.errors import Failed, Refused
from hikeshi.events.event import SCHEMA_VERSION
from hikeshi.stores.store import SourceRow

ROWS_BITS = 40
"""A row's id is the number of its batch, and behind it so many bits for its place there."""

KEPT, LARGE = 4, 32 << 20
"""Of how many stores the manifests are kept in memory, and up to how many bytes of them for each."""

TRIES = 50
"""How often manifests are listed until nothing changed meanwhile."""

MANY = 128
"""Parts that were not merged yet, above which merging pays."""

State = tuple[tuple[str, int, int, int], ...]
"""Of each manifest its name, and what tells its file from any other: inode, nanoseconds of writing, bytes."""


class Span(msgspec.Struct, frozen=True, array_like=True):
    """A block of a part: the times of its first and its last event in UTC microseconds, how many it has, and the part by number."""

    first_us: int
    last_us: int
    rows: int
    part: int


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """The manifest of sources that were read together, or merged (merging.py)."""

    number: int
    parts: tuple[str, ...]
    sources: tuple[SourceRow, ...]
    schema_version: int = SCHEMA_VERSION
    once: tuple[str, ...] = ()
    """Of a merged batch: those of its parts that hold each event once, in order of time, with its `dup_count`."""
    spans: tuple[Span, ...] = ()
    """The blocks of these parts, in order of time."""
    apart: tuple[Span, ...] = ()
    """Of a batch that was read: the blocks of parts in none of which an event is there twice (twice.py)."""
    empty: tuple[str, ...] = ()
    """Columns in which these parts have no value."""


class Layout:
    """The folder of one store."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.parts = folder / "parts"
        self.manifests = folder / "batches"
        self.folds = folder / "folds"

    def make(self) -> None:
        for folder in (self.parts, self.manifests, self.folds):
            folder.mkdir(parents=True, exist_ok=True)

    def part(self, batch: int, number: int) -> Path:
        return self.parts / f"{batch:06d}-{number:04d}.parquet"

    def manifest(self, number: int) -> Path:
        return self.manifests / f"{number:06d}.json"

    def batches(self) -> list[Batch]:
        """Every committed batch, oldest first, as of now or of the beginning of the question. Raises as `now`."""
        known = _held.get().get(self.manifests.absolute())
        return self.now() if known is None else list(known)

    def now(self) -> list[Batch]:
        """Every committed batch. Raises Failed where a manifest was damaged after it was written."""
        for left in reversed(range(TRIES)):
            try:
                paths, state = self._listed()
                batches = _read.of(self.manifests.absolute(), state, lambda: [_batch(path) for path in paths])  # noqa: B023  called at once
            except FileNotFoundError:
                if not left:
                    raise
            else:  # a folder that is changed while it is listed may show neither what was removed nor what came for it
                if self._listed()[0] == paths:
                    return batches
        raise Failed(f"The timeline in {self.folder} changes all the time.", permanent=False, hint="Ask again.")

    def _listed(self) -> tuple[list[Path], State]:
        paths = sorted(self.manifests.glob("*.json"))
        found = [(path, path.stat()) for path in paths]
        return paths, tuple((path.name, stat.st_ino, stat.st_mtime_ns, stat.st_size) for path, stat in found)

    @contextmanager
    def held(self) -> Iterator[list[Batch] | None]:
        """`batches` stays what it is now, for this thread. None where it is held already."""
        folder = self.manifests.absolute()
        if folder in _held.get():
            yield None
            return
        batches = self.now()
        token = _held.set({**_held.get(), folder: batches})
        try:
            yield batches
        finally:
            _held.reset(token)

    def commit(self, batch: Batch) -> None:
        """From here on the batch counts."""
        replace(self.manifest(batch.number), msgspec.json.format(msgspec.json.encode(batch), indent=1))

    def remove(self, batch: Batch) -> None:
        self.manifest(batch.number).unlink()

    def forget(self) -> None:
        """Remove batches of which every source was read again, or merged, into a later one."""
        batches = self.batches()
        holding = {number for number, _ in alive(batches).values()}
        for batch in batches:
            if batch.number not in holding:
                self.remove(batch)
        self.sweep()

    def sweep(self) -> None:
        """Remove what no manifest names: leftovers of a build that was killed."""
        named = {part for batch in self.batches() for part in batch.parts}
        for path in [*self.parts.iterdir(), *self.manifests.glob("*.new"), *self.folds.glob("*.new")]:
            if path.name not in named:
                path.unlink(missing_ok=True)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Only one build at a time. The lock ends with the process, however that ends."""
        self.make()
        with (self.folder / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise Refused(
                    f"The timeline in {self.folder} is being built by somebody else.",
                    hint="Wait until that build is done.",
                ) from error
            yield


_held: ContextVar[Mapping[Path, Sequence[Batch]]] = ContextVar("_held", default=MappingProxyType({}))
"""By the folder of manifests: the batches that a question has from its beginning to its end."""


class _Read:
    """The manifests of stores that were asked last, as long as their files are the same ones: a page asks thirty questions."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[Path, tuple[State, list[Batch]]] = {}

    def of(self, folder: Path, state: State, read: Callable[[], list[Batch]]) -> list[Batch]:
        with self._lock:
            before, batches = self._kept.pop(folder, ((), []))
        if before != state:
            batches = read()
        if sum(size for *_, size in state) <= LARGE:
            with self._lock:
                self._kept[folder] = (state, batches)
                for surplus in list(self._kept)[:-KEPT]:
                    del self._kept[surplus]
        return list(batches)


_read = _Read()


def _batch(path: Path) -> Batch:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Batch)
    except msgspec.DecodeError as error:
        raise Failed(
            f"The manifest {path} is damaged: {error}.", hint="Delete it and build again from the sealed logs."
        ) from error


def alive(batches: Sequence[Batch]) -> dict[str, tuple[int, SourceRow]]:
    """Which batch holds a source, by its SHA-256. Where a source was read again, the later batch has it."""
    return {row.sha256: (batch.number, row) for batch in batches for row in batch.sources}


def merged(batches: Sequence[Batch]) -> Batch | None:
    """The one batch that holds everything, each event once; None where something was added since, or nothing was ever merged."""
    return batches[0] if len(batches) == 1 and batches[0].once else None


def pays(batches: Sequence[Batch]) -> bool:
    """Whether so much was added since the last merging (merging.py) that another is worth its time."""
    if any(batch.schema_version != SCHEMA_VERSION for batch in batches):
        return False  # a source that could not be read again keeps its old columns
    return sum(len(batch.parts) for batch in batches if not batch.once) > MANY


def fingerprint(batches: Sequence[Batch]) -> str:
    """One name for exactly these batches."""
    return hashlib.sha256(repr([(batch.number, batch.parts) for batch in batches]).encode()).hexdigest()[:16]


def replace(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all."""
    new = path.with_name(path.name + ".new")
    with new.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
