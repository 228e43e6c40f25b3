"""Building a store: which sources are new, who reads them, and what came of it."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import chain, count
from math import inf
from pathlib import Path
from typing import NamedTuple

from hikeshi.errors import Unreadable
from hikeshi.events.assumed import Assumption, about, applied, check, mapped_by
from hikeshi.events.event import SCHEMA_VERSION
from hikeshi.events.parsers import PARSERS
from hikeshi.events.source import Limits
from hikeshi.events.walking import walk
from hikeshi.stores.layout import Batch, Layout, alive
from hikeshi.stores.readers import Readers
from hikeshi.stores.store import Place, Progress, SourceRow
from hikeshi.stores.tasks import Done, Known, Task, perform

LITTLE = 4 << 20
"""Below so many bytes of files (packed logs hold ten times as much), starting processes takes longer than reading."""

TOGETHER, BATCHES = 4 << 20, 64
"""Bytes of files that become one batch; more, so that what is read at once becomes so many batches. One larger file is a batch of its own."""

MOST = 1024
"""Files in one batch at most."""

SHARES, LEAST = 4, 1 << 20
"""Towards the end a batch is this part of what is left, and not smaller than so many bytes: so that all processes end at the same time."""

SHORT = 64 << 10
"""Bytes that most files do not have: they are read in one go."""

RUN = 32
"""Files that a thread takes at once to hash."""


class File(NamedTuple):
    path: str
    size: int
    sha256: str
    name: str = ""
    assumed: tuple[Assumption, ...] = ()
    written_ns: int = 0
    """When it was last written, as it was hashed."""
    stored: bool = False
    """Whether the store has events of it, which have to give way."""


class Built(NamedTuple):
    """What one build did; what the store holds is in its manifests."""

    built: int
    unchanged: int
    not_recognised: tuple[str, ...]
    closed: tuple[Place, ...]
    seconds: float


def build(
    layout: Layout,
    paths: Iterable[str | Path],
    *,
    workers: int | None = None,
    progress: Progress | None = None,
    sha256_of: Mapping[str, str] | None = None,
    limits: Limits | None = None,
    names: Mapping[str, str] | None = None,
    assumed: Sequence[Assumption] = (),
    meanwhile: Callable[[], object] | None = None,
) -> Built:
    """Read what is new among the paths into the folder. The caller holds the lock.

    Files are hashed while those before them are read. `meanwhile` is called while processes that read are started, if any are.
    """
    began = time.perf_counter()
    layout.sweep()
    workers = workers or len(os.sched_getaffinity(0))
    batches = layout.batches()
    given = _Given(paths, names or {}, assumed)
    first = 1 + max((batch.number for batch in batches), default=0)
    with _hashing(given.paths, sha256_of or {}, workers) as hashed:
        new = given.new(fresh(given.files(hashed), batches))
        tasks = _tasks(layout, new, limits or Limits(), first, given.left)
        done = list(_performed(tasks, given, workers, progress, meanwhile))
    layout.forget()
    return Built(
        built=sum(one.built for one in done),
        unchanged=given.unchanged,
        not_recognised=tuple(sorted(path for one in done for path in one.not_recognised)),
        closed=(*given.closed, *(place for one in done for place in one.closed)),
        seconds=time.perf_counter() - began,
    )


class _Given:
    """What a build was given, and what is known of it by now: files are hashed while others are read."""

    def __init__(self, paths: Iterable[str | Path], names: Mapping[str, str], assumed: Sequence[Assumption]) -> None:
        found = list(walk(paths))
        self.paths = [path for path in found if isinstance(path, Path)]
        self.closed = [Place.of(trouble) for trouble in found if isinstance(trouble, Unreadable)]
        self._names, self._assumed = names, assumed
        _check(map(str, self.paths), names, assumed)
        self._closed = self._opened = self._bytes = self._new = self._new_bytes = 0

    def files(self, hashed: Iterable[File | Place]) -> Iterator[File]:
        """Those that could be opened, with what people call them and know of them."""
        for one in hashed:
            if isinstance(one, Place):
                self.closed.append(one)
                self._closed += 1
            else:
                self._opened += 1
                self._bytes += one.size
                yield _told(one, self._names, self._assumed)

    def new(self, files: Iterable[File]) -> Iterator[File]:
        """The same files, counted."""
        for file in files:
            self._new += 1
            self._new_bytes += file.size
            yield file

    @property
    def total(self) -> int:
        return len(self.paths) - self._closed

    @property
    def unchanged(self) -> int:
        return self._opened - self._new

    @property
    def unknown(self) -> int:
        """Files that were not looked at."""
        return self.total - self._opened

    @property
    def expected(self) -> float:
        """Bytes to be read, if those files are like the others."""
        return self._new_bytes / max(1, self._opened) * self.total

    def left(self) -> float:
        """Bytes of files that were not looked at, if they are like the others. Not known where little was looked at."""
        return inf if self._bytes < LITTLE else self._bytes / self._opened * self.unknown


@contextmanager
def _hashing(paths: Sequence[Path], known: Mapping[str, str], workers: int) -> Iterator[Iterator[File | Place]]:
    """Each file with its SHA-256, in their order, as far as the threads are; they end with the block."""
    runs = [paths[at : at + RUN] for at in range(0, len(paths), RUN)]
    with ThreadPoolExecutor(workers) as threads:
        try:
            yield chain.from_iterable(threads.map(lambda run: [_file(path, known) for path in run], runs))
        finally:
            threads.shutdown(wait=False, cancel_futures=True)


def _file(path: Path, known: Mapping[str, str]) -> File | Place:
    name = str(path)
    try:
        if (sha256 := known.get(name)) is None:
            return _hashed(name)
        status = path.stat()
        return File(name, status.st_size, sha256, written_ns=status.st_mtime_ns)
    except OSError as error:
        return Place(name, "", f"it cannot be opened: {error.strerror}")


def _hashed(path: str) -> File:
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)  # file objects take a fifth of the time, and there are very many
    try:
        status = os.fstat(file)
        first = os.read(file, SHORT)
        digest = hashlib.sha256(first)
        while len(first) == SHORT and (more := os.read(file, 1 << 20)):
            digest.update(more)
    finally:
        os.close(file)
    return File(path, status.st_size, digest.hexdigest(), written_ns=status.st_mtime_ns)


def told(files: list[File], names: Mapping[str, str], assumed: Sequence[Assumption]) -> list[File]:
    """The files with what people call them and know of them. Raises Refused where they know something of none."""
    _check((file.path for file in files), names, assumed)
    return [_told(file, names, assumed) for file in files]


def _check(paths: Iterable[str], names: Mapping[str, str], assumed: Sequence[Assumption]) -> None:
    if assumed:
        check(assumed, [names.get(path, path) for path in paths], PARSERS)


def _told(file: File, names: Mapping[str, str], assumed: Sequence[Assumption]) -> File:
    if not names and not assumed:
        return file
    name = names.get(file.path, "")
    return file._replace(name=name, assumed=about(assumed, name or file.path))


def fresh(files: Iterable[File], batches: Sequence[Batch]) -> Iterator[File]:
    """The files that have to be read, each content once."""
    stored, current, seen = alive(batches), _current(batches), set[str]()
    for file in files:
        if file.sha256 in seen:
            continue
        seen.add(file.sha256)
        row = current.get(file.sha256)
        if row is None or row.assumed != applied(file.assumed, row.parser):
            yield file._replace(stored=file.sha256 in stored)


def _current(batches: Sequence[Batch]) -> dict[str, SourceRow]:
    """The sources that would become the same events again, if the same is known of them."""
    schema = {batch.number: batch.schema_version for batch in batches}
    return {
        sha256: row
        for sha256, (number, row) in alive(batches).items()
        if schema[number] == SCHEMA_VERSION and (not row.parser or row.parser_version == _version(row))
    }


def _version(row: SourceRow) -> str:
    """The version of what would read the source now; empty where there is nothing that would."""
    parser = PARSERS.get(row.parser) or mapped_by(row.assumed)
    return parser.VERSION if parser else ""


def _tasks(
    layout: Layout, files: Iterable[File], limits: Limits, first: int, left: Callable[[], float] = lambda: inf
) -> Iterator[Task]:
    """The files in batches, in their order. `left` says how many bytes there are behind the last of them."""
    numbers, size, before = count(first), 0, 0
    together: list[File] = []
    for file in files:
        more, behind = size + file.size, left()
        most = TOGETHER if behind == inf else max(TOGETHER, (before + more + behind) / BATCHES)
        if together and (more > min(most, max(LEAST, (more + behind) / SHARES)) or len(together) >= MOST):
            yield _task(layout, next(numbers), together, limits)
            together, before, more = [], before + size, file.size
        together.append(file)
        size = more
    if together:
        yield _task(layout, next(numbers), together, limits)


def _task(layout: Layout, number: int, files: Sequence[File], limits: Limits) -> Task:
    known = {file.path: Known(file.name, file.assumed, file.written_ns, file.stored) for file in files}
    return Task(str(layout.folder), number, tuple((file.path, file.sha256) for file in files), limits, known)


def _performed(
    tasks: Iterator[Task],
    given: _Given,
    workers: int,
    progress: Progress | None,
    meanwhile: Callable[[], object] | None,
) -> Iterator[Done]:
    done = 0
    for task, one in _read(tasks, given, workers, meanwhile):
        done += len(task.files)
        if progress:
            progress(given.unchanged + done, given.total)
        yield one


def _read(
    tasks: Iterator[Task], given: _Given, workers: int, meanwhile: Callable[[], object] | None
) -> Iterator[tuple[Task, Done]]:
    """Little is read in this process."""
    ahead: list[Task] = []
    for task in tasks if workers > 1 else ():
        ahead.append(task)
        if (len(ahead) > 1 or given.unknown) and given.expected >= LITTLE:
            with Readers(min(workers, len(ahead) + 1 + given.unknown)) as readers:
                if meanwhile:
                    meanwhile()
                yield from readers.answers(chain(ahead, tasks))
            return
    for task in chain(ahead, tasks):
        yield task, perform(task)
