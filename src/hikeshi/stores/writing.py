"""One batch of sources into Parquet: what a worker process does. It shares nothing but the folder with the others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from hikeshi.errors import Unreadable
from hikeshi.events.columns import SIZE, batch as columns_of
from hikeshi.events.event import Event
from hikeshi.events.parsers import recognise
from hikeshi.events.reading import read
from hikeshi.events.source import Limits, Source
from hikeshi.stores.layout import ROWS_BITS, Batch, Layout
from hikeshi.stores.store import PLACES, Place, SourceRow

PART = 64 << 20
"""Bytes of events in memory before they are sorted and written."""

ROW_GROUP = 32_768


class Task(msgspec.Struct, frozen=True):
    """Sources to be read together into one batch."""

    folder: str
    number: int
    files: tuple[tuple[str, str], ...]
    """Path and SHA-256 of each."""
    limits: Limits


class Done(msgspec.Struct, frozen=True):
    """What became of a task's files: read, not known as a log, or not to be opened."""

    sources: tuple[SourceRow, ...]
    not_recognised: tuple[str, ...]
    closed: tuple[Place, ...]


def perform(task: Task) -> Done:
    """Read the files, write the parts, commit the batch."""
    layout = Layout(Path(task.folder))
    writer = _Writer(layout, task.number)
    sources: list[SourceRow] = []
    unknown: list[str] = []
    closed: list[Place] = []
    for path, sha256 in task.files:
        try:
            with Path(path).open("rb") as file:
                row = _read(Source(path, file, limits=task.limits, sha256=sha256), writer)
        except OSError as error:
            closed.append(Place(path, "", f"it cannot be opened: {error.strerror}"))
            continue
        if row is None:
            unknown.append(path)
        else:
            sources.append(row)
    if sources:
        layout.commit(Batch(number=task.number, parts=writer.close(), sources=tuple(sources)))
    return Done(tuple(sources), tuple(unknown), tuple(closed))


def _read(source: Source, writer: _Writer) -> SourceRow | None:
    """The manifest row of a source, its events written. None where it is no known log."""
    parser = recognise(source.head, source.name)
    empty = not source.head.strip() and not source.troubles
    if parser is None and not empty and not source.troubles:
        return None
    counted = _Counted(source.name)
    for event in counted.through(read(source, parser)):
        writer.add(event)
    return SourceRow(
        path=source.name,
        sha256=source.sha256,
        size=Path(source.name).stat().st_size,
        parser=parser.NAME if parser else "",
        parser_version=parser.VERSION if parser else "",
        events=counted.events,
        unreadable_count=counted.unreadable,
        unreadable=tuple(counted.places),
        first_us=counted.first,
        last_us=counted.last,
        note="empty file" if empty else source.note,
    )


class _Counted:
    """Counts what passes and keeps the first unreadable places."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.events = self.unreadable = 0
        self.places: list[Place] = []
        self.first: int | None = None
        self.last: int | None = None

    def through(self, found: Iterator[Event | Unreadable]) -> Iterator[Event]:
        for event in found:
            if isinstance(event, Event):
                self.events += 1
                self.first = event.ts if self.first is None or event.ts < self.first else self.first
                self.last = event.ts if self.last is None or event.ts > self.last else self.last
                yield event
            else:
                self.unreadable += 1
                if len(self.places) < PLACES:
                    self.places.append(Place.of(event))


class _Writer:
    """Gathers events, and writes a part whenever there are enough."""

    def __init__(self, layout: Layout, number: int) -> None:
        self._layout = layout
        self._number = number
        self._events: list[Event] = []
        self._batches: list[Any] = []
        self._bytes = 0
        self._rows = 0
        self._parts: list[str] = []

    def add(self, event: Event) -> None:
        self._events.append(event)
        if len(self._events) >= SIZE:
            self._turn()

    def close(self) -> tuple[str, ...]:
        """The names of the parts, all of them written."""
        self._turn()
        self._write()
        return tuple(self._parts)

    def _turn(self) -> None:
        if self._events:
            self._batches.append(columns_of(self._events))
            self._bytes += self._batches[-1].nbytes
            self._events = []
        if self._bytes >= PART:
            self._write()

    def _write(self) -> None:
        if not self._batches:
            return
        table = pa.Table.from_batches(self._batches).combine_chunks().sort_by("ts")
        first = (self._number << ROWS_BITS) + self._rows
        table = table.append_column("row_id", pa.array(range(first, first + table.num_rows), pa.int64()))
        path = self._layout.part(self._number, len(self._parts))
        new = path.with_name(path.name + ".new")
        pq.write_table(table, new, compression="zstd", compression_level=1, row_group_size=ROW_GROUP)
        new.replace(path)
        self._parts.append(path.name)
        self._rows += table.num_rows
        self._batches, self._bytes = [], 0
