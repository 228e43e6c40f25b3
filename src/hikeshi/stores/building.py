"""Building a store: which sources are new, who reads them, and what came of it."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from itertools import count
from pathlib import Path
from typing import NamedTuple

from hikeshi.errors import Failed, Unreadable
from hikeshi.events.assumed import Assumption, about, applied, check, mapped_by
from hikeshi.events.event import SCHEMA_VERSION
from hikeshi.events.parsers import PARSERS
from hikeshi.events.source import Limits
from hikeshi.events.walking import walk
from hikeshi.stores.layout import Batch, Layout, alive
from hikeshi.stores.settling import settle
from hikeshi.stores.store import Place, Progress, SourceRow
from hikeshi.stores.tasks import Done, Known, Task, perform

LITTLE = 4 << 20
"""Below so many bytes of files (packed logs hold ten times as much), starting processes takes longer than reading."""

TOGETHER = 4 << 20
"""Bytes of files that become one batch; one larger file is a batch of its own."""

MOST = 1024
"""Files in one batch at most."""


SHORT = 64 << 10
"""Bytes that most files do not have: they are read in one go."""

RUN = 64
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
) -> Built:
    """Read what is new among the paths into the folder. The caller holds the lock."""
    began = time.perf_counter()
    layout.sweep()
    workers = workers or len(os.sched_getaffinity(0))
    files, closed = _files(paths, sha256_of or {}, workers)
    files = told(files, names or {}, assumed)
    batches = layout.batches()
    new = fresh(files, batches)
    unchanged = len(files) - len(new)
    tasks = list(_tasks(layout, new, limits or Limits(), 1 + max((batch.number for batch in batches), default=0)))
    done = list(_performed(tasks, new, workers, progress, unchanged))
    layout.forget()
    return Built(
        built=sum(one.built for one in done),
        unchanged=unchanged,
        not_recognised=tuple(sorted(path for one in done for path in one.not_recognised)),
        closed=(*closed, *(place for one in done for place in one.closed)),
        seconds=time.perf_counter() - began,
    )


def _files(paths: Iterable[str | Path], known: Mapping[str, str], workers: int) -> tuple[list[File], list[Place]]:
    found = list(walk(paths))
    closed = [Place.of(trouble) for trouble in found if isinstance(trouble, Unreadable)]
    asked = [path for path in found if isinstance(path, Path)]
    runs = [asked[at : at + RUN] for at in range(0, len(asked), RUN)]
    with ThreadPoolExecutor(workers) as threads:
        hashed = threads.map(lambda run: [_file(path, known) for path in run], runs)
        files = [file for run in hashed for file in run]
    closed += [file for file in files if isinstance(file, Place)]
    return [file for file in files if isinstance(file, File)], closed


def _file(path: Path, known: Mapping[str, str]) -> File | Place:
    try:
        if (sha256 := known.get(str(path))) is None:
            return _hashed(path)
        status = path.stat()
        return File(str(path), status.st_size, sha256, written_ns=status.st_mtime_ns)
    except OSError as error:
        return Place(str(path), "", f"it cannot be opened: {error.strerror}")


def _hashed(path: Path) -> File:
    with path.open("rb", buffering=0) as file:
        status = os.fstat(file.fileno())
        first = file.read(SHORT)
        digest = hashlib.sha256(first)
        while len(first) == SHORT and (more := file.read(1 << 20)):
            digest.update(more)
    return File(str(path), status.st_size, digest.hexdigest(), written_ns=status.st_mtime_ns)


def told(files: list[File], names: Mapping[str, str], assumed: Sequence[Assumption]) -> list[File]:
    """The files with what people call them and know of them. Raises Refused where they know something of none."""
    if not names and not assumed:
        return files
    check(assumed, [names.get(file.path, file.path) for file in files], PARSERS)
    return [
        file._replace(name=names.get(file.path, ""), assumed=about(assumed, names.get(file.path, file.path)))
        for file in files
    ]


def fresh(files: Sequence[File], batches: Sequence[Batch]) -> list[File]:
    """The files that have to be read, each content once."""
    stored, current = alive(batches), _current(batches)
    once = {file.sha256: file for file in reversed(files)}
    return [
        file._replace(stored=sha256 in stored)
        for sha256, file in reversed(once.items())
        if sha256 not in current or current[sha256].assumed != applied(file.assumed, current[sha256].parser)
    ]


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


def _tasks(layout: Layout, files: Sequence[File], limits: Limits, first: int) -> Iterator[Task]:
    numbers, size = count(first), 0
    together: list[File] = []
    for file in files:
        if together and (size + file.size > TOGETHER or len(together) >= MOST):
            yield _task(layout, next(numbers), together, limits)
            together, size = [], 0
        together.append(file)
        size += file.size
    if together:
        yield _task(layout, next(numbers), together, limits)


def _task(layout: Layout, number: int, files: Sequence[File], limits: Limits) -> Task:
    known = {file.path: Known(file.name, file.assumed, file.written_ns, file.stored) for file in files}
    return Task(str(layout.folder), number, tuple((file.path, file.sha256) for file in files), limits, known)


def _performed(
    tasks: Sequence[Task], files: Sequence[File], workers: int, progress: Progress | None, unchanged: int
) -> Iterator[Done]:
    small = sum(file.size for file in files) < LITTLE
    done, total = unchanged, unchanged + len(files)
    for task, one in _here(tasks) if small or workers == 1 or len(tasks) == 1 else _spread(tasks, workers):
        done += len(task.files)
        if progress:
            progress(done, total)
        yield one


def _here(tasks: Sequence[Task]) -> Iterator[tuple[Task, Done]]:
    for task in tasks:
        yield task, perform(task)


def _spread(tasks: Sequence[Task], workers: int) -> Iterator[tuple[Task, Done]]:
    try:
        with ProcessPoolExecutor(min(workers, len(tasks)), mp_context=_server(), initializer=settle) as pool:
            running = {pool.submit(perform, task): task for task in tasks}
            for future in as_completed(running):
                yield running[future], future.result()
    except BrokenProcessPool as error:
        raise Failed(
            "A process that read logs was killed, perhaps for lack of memory. What was finished is kept.",
            permanent=False,
            hint="Build again with fewer workers; it goes on where it stopped.",
        ) from error


def _server() -> multiprocessing.context.ForkServerContext:
    """Processes are forked from one that has loaded everything and has no threads; the caller may have threads and open databases."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["hikeshi.stores.forked"])
    return context
