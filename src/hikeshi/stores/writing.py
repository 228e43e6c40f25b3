"""One batch of sources into Parquet: what a worker process does. It shares nothing but the folder with the others."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from io import FileIO
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hikeshi.errors import Partly, Unreadable
from hikeshi.events.archives import is_archive
from hikeshi.events.assumed import Assumption, Clock, applied, mapped_by
from hikeshi.events.columns import SIZE, UNLIKE, batch as columns_of, coded, in_order, is_one
from hikeshi.events.event import COLUMNS, Event
from hikeshi.events.fast import FAST, sure
from hikeshi.events.fast.gathering import Gathering, Taken
from hikeshi.events.parquet_rows import Rows, is_parquet, rows_of
from hikeshi.events.parser import Parser
from hikeshi.events.parsers import recognise
from hikeshi.events.reading import read
from hikeshi.events.source import Source
from hikeshi.stores.layout import ROWS_BITS, Batch, Layout, Span
from hikeshi.stores.store import PLACES, Place, SourceRow
from hikeshi.stores.tasks import Done, Known, Task
from hikeshi.stores.twice import surely_once

PART = 40 << 20
"""Bytes of columns in memory before they are sorted and written as a part."""

GROUP = 60_000
"""Events of a block of Parquet at most: what is read where only one of them is wanted."""

ALONE, MOST = GROUP // 2, 4 * GROUP
"""Events of a batch that becomes a block as it is: at least, where there are others behind it in time, and at most."""

DIFFERENT = 4 << 20
"""Bytes of different texts of a block that are kept apart from where they are."""

HEAVY = 1500
"""Bytes that an event takes besides its record, roughly."""

PACKED = "DELTA_BINARY_PACKED"
STEADY = ("bytes", "dst_port", "offset", "row_id", "seq", "src_port", "ts", "ts_end")
"""Numbers that are hardly ever equal or never far apart: as differences they are packed in a third to half of the time and at most the room."""

SCATTERED = frozenset({"bytes", "dst_port", "src_port", "ts_end"})
"""Those of which hardly anything is left to be packed then."""

REPEATED = frozenset(COLUMNS) - UNLIKE - set(STEADY)

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def room() -> Iterator[None]:
    """Say what a disk without room raises as our own error: it is no source's fault, and must not be said to be unreadable."""
    try:
        yield
    except OSError as error:
        raise _no_room(error) from error


def _no_room(error: OSError) -> Partly:
    return Partly(
        f"The timeline cannot be written: {error.strerror or error}.",
        hint="Make room, and build again: it goes on where it stopped.",
    )


def perform(task: Task) -> Done:
    """Read the files, write the parts, commit the batch."""
    layout = Layout(Path(task.folder))
    writer, gathering = _Writer(layout, task.number), Gathering()
    sources: list[SourceRow] = []
    unknown: list[str] = []
    closed: list[Place] = []
    for path, sha256 in task.files:
        try:
            with FileIO(path) as file:
                size = os.fstat(file.fileno()).st_size
                source = Source(path, file, limits=task.limits, sha256=sha256)
                known = task.known.get(path, Known())
                row = _read(source, size, writer, gathering, known)
                if row and known.written_ns and os.fstat(file.fileno()).st_mtime_ns != known.written_ns:
                    row = _changed(row)
        except OSError as error:
            if error.errno in FULL:  # an unpacked copy had no room
                raise _no_room(error) from error
            closed.append(Place(path, "", f"it cannot be opened: {error.strerror}"))
            continue
        if row is None:
            unknown.append(path)
        else:
            sources.append(row)
        writer.add_all(gathering.full())
    writer.add_all(gathering.rest())
    if sources:
        parts = writer.close()
        with room():
            layout.commit(Batch(number=task.number, parts=parts, sources=tuple(sources), apart=tuple(writer.apart)))
    return Done(len(sources), tuple(unknown), tuple(closed))


def _changed(row: SourceRow) -> SourceRow:
    """The row of a file that was written to after it was hashed: what was read of it is kept, and told."""
    place = Place(row.path, "", "it was written to while it was read: its SHA-256 is of what it was before")
    counted = row.unreadable_count + 1
    return msgspec.structs.replace(row, unreadable_count=counted, unreadable=(place, *row.unreadable[: PLACES - 1]))


def _read(source: Source, size: int, writer: _Writer, gathering: Gathering, known: Known) -> SourceRow | None:
    """The manifest row of a source, its events written or gathered. None where it is no known log."""
    archive = is_archive(source.head)  # its members may look like logs where they are not packed
    parser = None if archive else _parser(source, known)
    empty = not source.head.strip() and not source.troubles
    log = parser is not None or empty or source.troubles or archive or is_parquet(source.head)
    if not log and not known.stored:  # of what was read before, the events give way to one line that says why
        return None
    counted = _Counted()
    writer.add_all(counted.all_of(_found(source, parser, gathering, known.assumed)))
    return SourceRow(
        path=source.name,
        sha256=source.sha256,
        size=size,
        parser=parser.NAME if parser else "",
        parser_version=parser.VERSION if parser else "",
        events=counted.count,
        unreadable_count=counted.unreadable,
        unreadable=tuple(counted.places),
        undated=source.undated,
        first_us=counted.first,
        last_us=counted.last,
        note="empty file" if empty else source.note,
        name=known.name,
        assumed=applied(known.assumed, parser.NAME if parser else ""),
    )


def _parser(source: Source, known: Known) -> Parser | None:
    given = None if is_parquet(source.head) else mapped_by(known.assumed)  # Parquet is neither CSV nor JSON
    return given or sure(source.head) or _recognised(source)


def _recognised(source: Source) -> Parser | None:
    """The parser of the content; none of Parquet that cannot be read, and `read` says why."""
    if not is_parquet(source.head):
        return recognise(source.head, source.name)
    rows = rows_of(source)
    return None if isinstance(rows, Unreadable) else rows


def _found(
    source: Source, parser: Parser | None, gathering: Gathering, assumed: Sequence[Assumption]
) -> Iterable[Any | Event | Taken | Unreadable]:
    """What is in the source, by the shortcut where there is one; what is gathered knows no clocks."""
    clock = Clock.of(assumed, parser.NAME if parser else "")
    if parser is None or parser.NAME not in FAST or isinstance(parser, Rows):
        return read(source, parser, assumed)
    if clock == Clock() and gathering.wants(source, parser):
        return chain(gathering.of(source), source.troubles)
    return chain(clock.corrected(FAST[parser.NAME](source)), source.troubles)


class _Counted:
    """Counts what passes and keeps the first unreadable places."""

    def __init__(self) -> None:
        self.count = self.unreadable = 0
        self.places: list[Place] = []
        self.first: int | None = None
        self.last: int | None = None

    def all_of(self, found: Iterable[Any | Event | Taken | Unreadable]) -> Iterator[Any | Event]:
        count, first, last = 0, 1 << 63, -(1 << 63)
        for one in found:
            if isinstance(one, Event):
                count += 1
                first, last = min(first, one.ts), max(last, one.ts)
                yield one
            elif isinstance(one, Unreadable):
                self._note(one)
            elif isinstance(one, Taken):
                self._seen(*one)
            elif one.num_rows:
                span = pc.min_max(one["ts"]).as_py()
                self._seen(one.num_rows, span["min"], span["max"])
                yield one
        self._seen(count, first, last)

    def _seen(self, count: int, first: int, last: int) -> None:
        if count:
            self.count += count
            self.first = first if self.first is None else min(self.first, first)
            self.last = last if self.last is None else max(self.last, last)

    def _note(self, trouble: Unreadable) -> None:
        self.unreadable += 1
        if len(self.places) < PLACES:
            self.places.append(Place.of(trouble))


class _Writer:
    """Gathers events and columns of events, and writes a part in the order of time whenever there are enough."""

    def __init__(self, layout: Layout, number: int) -> None:
        self._layout = layout
        self._number = number
        self._events: list[Event] = []
        self._columns: list[Any] = []
        self._bytes = 0
        self._rows = 0
        self._parts: list[str] = []
        self.apart: list[Span] = []
        """Blocks of parts in none of which an event is there twice."""

    def add(self, one: Event | Any) -> None:
        """An event, or a record batch of events."""
        if isinstance(one, Event):
            self._events.append(one)
            self._bytes += 2 * len(one.raw) + HEAVY
        else:
            self._columns.append(one)
            self._bytes += sum(
                values.nbytes for values in one.columns if values.null_count < len(values) and not is_one(values)
            )
        if self._bytes >= PART:
            self._write()

    def add_all(self, found: Iterable[Event | Any]) -> None:
        for one in found:
            self.add(one)

    def close(self) -> tuple[str, ...]:
        """The names of the parts, all of them written."""
        self._write()
        return tuple(self._parts)

    def _write(self) -> None:
        if self._events or self._columns:
            self._write_part(_turns(self._gathered()))

    def _gathered(self) -> list[Any]:
        """The batches of what was added, which nobody else keeps."""
        events, columns = self._events, self._columns
        self._events, self._columns, self._bytes = [], [], 0
        return [*columns, *(coded(columns_of(events[at : at + SIZE])) for at in range(0, len(events), SIZE))]

    def _write_part(self, turns: Sequence[list[Any]]) -> None:
        """A part of batches of which those of a turn are to be put in order."""
        names, spans = _filled([batch for turn in turns for batch in turn]), list[Span]()
        path = self._layout.part(self._number, len(self._parts))
        new = path.with_name(path.name + ".new")
        with room(), ExitStack() as closing:
            writer: Any = None
            for turn in turns:
                most = GROUP if len(turn) > 1 else MOST
                events = in_order(turn, names)
                if surely_once(events):
                    times = events["ts"]
                    spans.append(Span(times[0].as_py(), times[-1].as_py(), len(times), len(self._parts)))
                table = self._table(events, names)
                writer = writer or closing.enter_context(_parquet(new, table))
                writer.write_table(table, most)
        with room():
            new.replace(path)
        self._parts.append(path.name)
        if len(spans) == len(turns):
            self.apart += spans

    def _table(self, events: Any, names: Mapping[str, bool]) -> Any:
        """The events with the ids of their rows, and what is said of their columns."""
        first = (self._number << ROWS_BITS) + self._rows
        self._rows += events.num_rows
        fields = [field.with_nullable(names[field.name]) for field in events.schema]
        return pa.table(events.columns, pa.schema(fields)).append_column(
            pa.field("row_id", pa.int64(), nullable=False), pa.arange(first, first + events.num_rows)
        )


def _turns(batches: Sequence[Any]) -> list[list[Any]]:
    """Batches that are put in order together: each for itself where they are large and lie one behind the other in time."""
    spans = [pc.min_max(batch["ts"]).as_py() for batch in batches]
    order = sorted(range(len(batches)), key=lambda at: (spans[at]["min"], spans[at]["max"]))
    behind = all(spans[before]["max"] <= spans[after]["min"] for before, after in pairwise(order))
    if behind and all(ALONE <= batch.num_rows <= MOST for batch in batches):
        return [[batches[at]] for at in order]
    return [list(batches)]


def _filled(batches: Sequence[Any]) -> dict[str, bool]:
    """Columns that have a value, and whether some rows have none: to write of each row that it has none costs as much as the rest."""
    rows = sum(batch.num_rows for batch in batches)
    none = {name: sum(batch[name].null_count for batch in batches) for name in COLUMNS}
    return {name: count > 0 for name, count in none.items() if count < rows}


def _parquet(path: Path, table: Any) -> Any:
    """What writes tables that are like one to a file."""
    names = table.column_names
    packed = [name for name in names if name not in SCATTERED and not is_one(table[name])]
    return pq.ParquetWriter(
        path, table.schema, compression=dict.fromkeys(names, "none") | dict.fromkeys(packed, "zstd"),
        compression_level=dict.fromkeys(packed, 1), dictionary_pagesize_limit=DIFFERENT,
        use_dictionary=[name for name in names if name in REPEATED],
        column_encoding={name: PACKED for name in STEADY if name in names},
        write_statistics=["source_kind", "ts", "row_id"], store_schema=False,
    )  # fmt: skip
