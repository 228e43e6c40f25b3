"""Building a store on a Spark cluster: the workers try, the driver decides what counts.

    attempts/000007.json           a task, for whichever worker gets it
    attempts/000007-4711-<random>/ one try at it: a folder laid out like a store. A task that is tried twice, because a worker was
                                   killed or was slow, has two of them, and neither counts by itself.

Spark hands the driver exactly one finished try of each task. The driver moves its parts into the store and then its manifest, which is
the commit; all other tries are thrown away. So events are never doubled, and a driver that is killed leaves a store that can be used.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pyarrow as pa

from hikeshi.errors import Failed, Unreadable
from hikeshi.events.assumed import Assumption
from hikeshi.events.event import SCHEMA_VERSION
from hikeshi.events.parsers import PARSERS
from hikeshi.events.source import Limits
from hikeshi.events.walking import walk
from hikeshi.stores.building import MOST, TOGETHER, Built, File, _tasks, fresh, told
from hikeshi.stores.layout import Layout
from hikeshi.stores.store import Place, Progress
from hikeshi.stores.tasks import Done, Task, perform

WAVE = 512
"""Tasks given to the cluster at once, or eight for each of its cores if that is more. What a wave made is committed when it is over."""

ANSWERS = "number BIGINT, answer STRING"


class Try(msgspec.Struct, frozen=True):
    """One try at a task: the folder it wrote, and what came of the files."""

    folder: str
    done: Done


class Hashed(msgspec.Struct, frozen=True):
    """Bytes and SHA-256 of a file, or why there is none."""

    path: str
    size: int = 0
    sha256: str = ""
    closed: str = ""


def build(
    session: Any,
    layout: Layout,
    paths: Iterable[str | Path],
    *,
    progress: Progress | None = None,
    sha256_of: Mapping[str, str] | None = None,
    limits: Limits | None = None,
    names: Mapping[str, str] | None = None,
    assumed: Sequence[Assumption] = (),
) -> Built:
    """Read what is new among the paths into the folder, both of which every worker sees under the same path. The caller holds the lock."""
    began = time.perf_counter()
    layout.sweep()
    room = Room(session, layout)
    try:
        files, closed = _files(room, paths, sha256_of or {})
        files = told(files, names or {}, assumed)
        batches = layout.batches()
        new = list(fresh(files, batches))
        first = 1 + max((batch.number for batch in batches), default=0)
        tasks = list(_tasks(layout, new, limits or Limits(), first))
        done = list(_performed(room, tasks, progress, len(files) - len(new), len(files)))
    finally:
        room.clear()
    layout.forget()
    return Built(
        built=sum(one.built for one in done),
        unchanged=len(files) - len(new),
        not_recognised=tuple(sorted(path for one in done for path in one.not_recognised)),
        closed=(*closed, *(place for one in done for place in one.closed)),
        seconds=time.perf_counter() - began,
    )


class Room:
    """A folder through which driver and workers talk: nothing about files travels inside Spark."""

    def __init__(self, session: Any, layout: Layout, name: str = "attempts") -> None:
        self._session = session
        self.layout = layout
        self.folder = layout.folder / name
        self.clear()
        self.folder.mkdir()

    def clear(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def wave(self) -> int:
        return max(WAVE, 8 * int(self._session.sparkContext.defaultParallelism))

    def ask(self, jobs: Mapping[int, Any], do: Callable[[Path, bytes], Any]) -> dict[int, bytes]:
        """Every job done by some worker, its answer by its number. `jobs` have consecutive numbers."""
        for number, job in jobs.items():
            (self.folder / f"{number:06d}.json").write_bytes(msgspec.json.encode(job))
        first, size = min(jobs), len(jobs)
        asked = self._session.range(first, first + size, 1, size).mapInArrow(_Worker(self.folder, do), ANSWERS)
        return {row["number"]: row["answer"].encode() for row in _collected(asked)}


class _Worker:
    """What Spark runs: numbers of jobs in, answers out. One partition is one job."""

    def __init__(self, folder: Path, do: Callable[[Path, bytes], Any]) -> None:
        self._folder = folder
        self._do = do
        self._versions = versions()

    def __call__(self, batches: Iterable[Any]) -> Iterator[Any]:
        if self._versions != versions():
            raise Failed("This worker reads logs with other parsers than the driver.", hint="Install the same Hikeshi.")
        for batch in batches:
            numbers = batch.column(0).to_pylist()
            answers = [self._do(self._folder, self._job(number)) for number in numbers]
            texts = [msgspec.json.encode(answer).decode() for answer in answers]
            yield pa.record_batch([pa.array(numbers, pa.int64()), pa.array(texts, pa.string())], ["number", "answer"])

    def _job(self, number: int) -> bytes:
        try:
            return (self._folder / f"{number:06d}.json").read_bytes()
        except OSError as error:
            raise Failed(f"A worker does not see {self._folder}: {error.strerror}.", hint=SHARED) from error


SHARED = (
    "The timeline's folder and the logs have to be shared: every worker and the driver see them under the same path."
)


def versions() -> str:
    """What makes the same bytes the same events; driver and workers must agree on it."""
    return f"{SCHEMA_VERSION} {' '.join(f'{name}={parser.VERSION}' for name, parser in sorted(PARSERS.items()))}"


def attempt(folder: Path, job: bytes) -> Try:
    """Do a task in a new folder of its own. Nothing in the store changes."""
    task = msgspec.json.decode(job, type=Task)
    own = Layout(folder / f"{task.number:06d}-{os.getpid()}-{uuid4().hex}")
    own.make()
    return Try(str(own.folder), perform(msgspec.structs.replace(task, folder=str(own.folder))))


def commit(layout: Layout, tried: Try) -> None:
    """Make a try count: first its parts, then the manifest that names them."""
    own = Layout(Path(tried.folder))
    if not own.manifests.is_dir():
        raise Failed(f"What a worker wrote to {own.folder} is not there for the driver.", hint=SHARED)
    for batch in own.batches():
        for part in batch.parts:
            (own.parts / part).replace(layout.parts / part)
        layout.commit(batch)
    shutil.rmtree(own.folder, ignore_errors=True)


def hashed(_: Path, job: bytes) -> list[Hashed]:
    """Read each file once for its SHA-256."""
    return [_hashed(Path(path)) for path in msgspec.json.decode(job, type=list[str])]


def _hashed(path: Path) -> Hashed:
    try:
        with path.open("rb") as file:
            return Hashed(str(path), path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest())
    except OSError as error:
        return Hashed(str(path), closed=f"it cannot be opened: {error.strerror}")


def _files(room: Room, paths: Iterable[str | Path], known: Mapping[str, str]) -> tuple[list[File], list[Place]]:
    """The files in their order, and what cannot be opened. Those without a known SHA-256 are read for it by the cluster."""
    found = list(walk(paths))
    closed = [Place.of(trouble) for trouble in found if isinstance(trouble, Unreadable)]
    rows: dict[str, Hashed] = {}
    unknown: list[tuple[str, int]] = []
    for path in (str(one) for one in found if isinstance(one, Path)):
        size = Path(path).stat().st_size
        rows[path] = Hashed(path, size, known.get(path, ""))
        if path not in known:
            unknown.append((path, size))
    jobs = dict(enumerate(_together(unknown)))
    for answer in room.ask(jobs, hashed).values() if jobs else ():
        rows |= {row.path: row for row in msgspec.json.decode(answer, type=list[Hashed])}
    closed += [Place(row.path, "", row.closed) for row in rows.values() if row.closed]
    return [File(row.path, row.size, row.sha256) for row in rows.values() if not row.closed], closed


def _together(files: Iterable[tuple[str, int]]) -> Iterator[list[str]]:
    size, names = 0, list[str]()
    for path, more in files:
        if names and (size + more > 16 * TOGETHER or len(names) >= MOST):
            yield names
            size, names = 0, []
        names.append(path)
        size += more
    if names:
        yield names


def _performed(
    room: Room, tasks: Sequence[Task], progress: Progress | None, unchanged: int, total: int
) -> Iterator[Done]:
    done = unchanged
    for at in range(0, len(tasks), room.wave):
        wave = {task.number: task for task in tasks[at : at + room.wave]}
        for number, answer in room.ask(wave, attempt).items():
            tried = msgspec.json.decode(answer, type=Try)
            commit(room.layout, tried)
            done += len(wave[number].files)
            yield tried.done
        if progress:
            progress(done, total)


def _collected(asked: Any) -> list[Any]:
    from py4j.protocol import Py4JJavaError  # an extra: `hikeshi[spark]`
    from pyspark.errors import PySparkException

    try:
        return list(asked.collect())
    except (PySparkException, Py4JJavaError) as error:
        said = next(
            (line for line in str(error).splitlines() if "hikeshi.errors." in line), str(error).partition("\n")[0]
        )
        raise Failed(
            f"The cluster gave up: {said.rpartition('hikeshi.errors.')[2]}",
            permanent=False,
            hint="What was committed is kept. Build again when the workers are well; it goes on where it stopped.",
        ) from error
