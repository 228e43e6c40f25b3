"""Sealing a folder: large files one by one, small ones in batches that become durable together.

A disk confirms a thousand files as fast as one. So small files wait for each other, and only then get their names.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from hikeshi.custody.extents import CHUNK
from hikeshi.custody.hashing import Also
from hikeshi.custody.manifest import Manifest, Progress, describe, walk
from hikeshi.custody.rereading import note_of
from hikeshi.errors import Unreadable

if TYPE_CHECKING:
    from hikeshi.custody.locker import Locker, Sealed

AT_ONCE: Final = max(2, os.cpu_count() or 1)
BATCH: Final = 1024
BATCH_BYTES: Final = 64 * CHUNK

File = tuple[int, Path]
"""The number of an entry, and where it is."""


class Tree:
    """One sealing of a folder, or of files named. `present` counts the bytes that the locker held before."""

    def __init__(
        self,
        locker: Locker,
        source: Path | Sequence[Path],
        progress: Progress | None,
        *,
        also: Iterable[Also],
        twice: bool,
    ) -> None:
        self._locker, self._also, self._twice = locker, tuple(also), twice
        self._paths = sorted(walk(source))
        self._entries = [describe(name, path) for name, path in self._paths]
        self._progress, self._lock, self._done = progress, threading.Lock(), 0
        self._all = sum(entry.size for entry in self._entries)
        self._stopped = threading.Event()
        self._noted: list[os.stat_result] = []
        self.present = 0

    def sealed(self) -> Manifest:
        """Seal every file; the manifest says what became of each name."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            jobs = [pool.submit(self._seal_large, *one) for one in self._large()]
            jobs += [pool.submit(self._seal_batch, batch) for batch in self._batches()]
            try:
                for job in jobs:
                    job.result()
            except BaseException:
                self._stopped.set()
                for job in jobs:
                    job.cancel()
                raise
        for status in self._noted:
            self._locker.incoming.forget(status)
        if self._progress:
            self._progress("", self._all, self._all)
        return Manifest(entries=tuple(self._entries))

    def _large(self) -> Iterator[File]:
        for number, entry in enumerate(self._entries):
            if entry.kind == "file" and entry.size >= CHUNK:
                yield number, self._paths[number][1]

    def _batches(self) -> Iterator[list[File]]:
        batch: list[File] = []
        size = 0
        for number, entry in enumerate(self._entries):
            if entry.kind == "file" and entry.size < CHUNK:
                batch.append((number, self._paths[number][1]))
                size += entry.size
                if len(batch) == BATCH or size >= BATCH_BYTES:
                    yield batch
                    batch, size = [], 0
        if batch:
            yield batch

    def _seal_batch(self, batch: list[File]) -> None:
        found = self._locker.seal_many([path for _, path in batch], also=self._also, twice=self._twice)
        for (number, _path), one in zip(batch, found, strict=True):
            self._enter(number, one)
        self._tell(batch[-1][0], sum(one.size for one in found if not isinstance(one, Unreadable)))

    def _seal_large(self, number: int, path: Path) -> None:
        before = 0

        def told(size: int) -> None:
            nonlocal before
            if self._stopped.is_set():
                raise KeyboardInterrupt  # as a person who stops it: what is there of the file stays for the next time
            self._tell(number, size - before)
            before = size

        try:
            self._noted.append(path.lstat())
            one = self._locker.seal_file(
                path, follow=False, also=self._also, twice=self._twice, told=told, of_tree=True
            )
        except FileNotFoundError as error:
            self._enter(number, Unreadable(f"is gone: {error.strerror}", source=str(path)))
        except Unreadable as error:
            self._enter(number, error)
        else:
            self._enter(number, one)

    def _enter(self, number: int, one: Sealed | Unreadable) -> None:
        """One line of the manifest; what cannot be read becomes a line that says so."""
        entry = self._entries[number]
        if isinstance(one, Unreadable):
            self._entries[number] = msgspec.structs.replace(entry, kind="unreadable", size=0, note=one.message)
            return
        note = note_of(changed=one.source_changed, second=one.second_reading)
        self._entries[number] = msgspec.structs.replace(entry, note=note, **msgspec.structs.asdict(one.digests))
        with self._lock:
            self.present += one.present

    def _tell(self, number: int, more: int) -> None:
        if self._progress:
            with self._lock:
                self._done += more
                self._progress(self._entries[number].path, self._done, self._all)
