"""Many small parts into few large ones, each event once and in the order of time across all sources: what keeps questions fast.

A build writes parts as it reads, so a store of many logs has thousands of them that overlap in time, and every question opens all of
them and leaves out later deliveries. Merged, only the blocks of the asked time are opened, and nothing has to be left out: later
deliveries stand in parts of their own, for whoever asks who else delivered an event.

The result is a batch like any other (layout.py): it counts when its manifest is there, and the batches it replaces are then removed. Few
slices of time are in memory at once, so that the size of the store does not matter.
"""

# SQL here is put together from our own text and from columns of the schema; values are parameters.
# ruff: noqa: S608

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hikeshi.errors import Failed
from hikeshi.events.columns import UNLIKE, empty, schema
from hikeshi.events.event import COLUMNS
from hikeshi.stores import derived
from hikeshi.stores.layout import ROWS_BITS, Batch, Layout, Span, alive
from hikeshi.stores.store import Progress
from hikeshi.stores.writing import GROUP

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SLICE = 30_000
"""Events in memory at once, about; more where they have all the same second."""

PART = 2_000_000
"""Events of a part at most."""

FINEST = 1_000_000
"""Microseconds: slices end at whole seconds, which are counted first."""

AHEAD = 1
"""Slices that are read while the one before them is written: two would save a tenth of the time and take 150 MB more."""

_SLICE = """
SELECT {columns}, CASE WHEN coalesce(f.keep, true) THEN coalesce(f.dup_count, 1) ELSE 0 END AS dup_count, f.dup_count AS deliveries
FROM parts p LEFT JOIN folds f ON p.row_id = f.row_id
WHERE p.ts >= {first} AND p.ts < {until} ORDER BY p.ts, p.event_uid, p.row_id
"""
_SECONDS = f"""
SELECT (ts - (ts % {FINEST} + {FINEST}) % {FINEST}) // {FINEST} AS second, count(*) FROM parts GROUP BY second ORDER BY second
"""
"""Rounded down before 1970 too, where `//` alone rounds towards zero."""

FOLDS = pa.schema([("row_id", pa.int64()), ("keep", pa.bool_()), ("dup_count", pa.int64()), ("event_uid", pa.binary())])


def merge(layout: Layout, con: DuckDBPyConnection, progress: Progress | None = None) -> Any:
    """Commit one batch with everything the batches hold, and return the table of its folds; the caller removes the others.

    `con` has the views `parts` and `folds` (duck.py). The caller holds the lock. `progress` is told events done and of all.
    """
    batches = layout.batches()
    number = 1 + max(batch.number for batch in batches)
    kept, total = con.execute("SELECT count(*) FILTER (coalesce(keep, true)), count(*) FROM parts LEFT JOIN folds USING (row_id)").fetchone() or (0, 0)  # fmt: skip
    once, later, folds, done = _Parts(layout, number, "once", 0), _Parts(layout, number, "later", kept), [], 0
    for table in _tables(layout, batches, con):
        folds += [_told(table, once, later)]
        done += table.num_rows
        if progress:
            progress(done, total)
    if done != total:
        raise Failed(
            f"Merging the parts in {layout.folder} found {done:,} of {total:,} events.",
            hint="Nothing was changed and the timeline can be asked. Please report it.",
        )
    batch = Batch(
        number=number,
        parts=(*once.close(), *later.close()),
        sources=tuple(row for _, row in alive(batches).values()),
        once=tuple(once.names),
        spans=tuple(once.spans),
        empty=tuple(sorted(once.empty)),
    )
    layout.commit(batch)
    pa.default_memory_pool().release_unused()
    return pa.concat_tables(folds)


def write_folds(folds: Any, path: str) -> None:
    """As duck.py writes them: in the order of their rows."""
    pq.write_table(folds.sort_by("row_id"), path)


def _told(table: Any, once: _Parts, later: _Parts) -> Any:
    """Write a slice, and return the folds of its rows."""
    deliveries, uids = table["deliveries"], table["event_uid"]
    table = table.drop_columns(["deliveries"])
    found = []
    for parts, mask in ((once, pc.greater(table["dup_count"], 0)), (later, pc.equal(table["dup_count"], 0))):
        rows = parts.add(table.filter(mask))
        counts = deliveries.filter(mask)
        columns = [rows, pa.repeat(pa.scalar(parts is once), len(rows)), counts, uids.filter(mask).cast(pa.binary())]
        found.append(pa.table(columns, schema=FOLDS).filter(pc.is_valid(counts)))
    return pa.concat_tables(found)


def _tables(layout: Layout, batches: Sequence[Batch], con: DuckDBPyConnection) -> Iterator[Any]:
    """The slices one after the other, each in its order, with the columns that have a value anywhere."""
    parts = [layout.parts / part for batch in batches for part in batch.parts]
    there = derived.NAMES.union(*(pq.read_schema(part).names for part in parts))
    columns = ", ".join(f'p."{name}"' for name in COLUMNS if name in there)

    def read(cursor: DuckDBPyConnection, first: int, until: int) -> Any:
        with cursor:
            return cursor.sql(_SLICE.format(columns=columns, first=first, until=until)).to_arrow_table()

    waiting: deque[Future[Any]] = deque()
    with ThreadPoolExecutor(AHEAD) as threads:
        for times in list(_slices(con)):
            waiting.append(threads.submit(read, con.cursor(), *times))
            if len(waiting) > AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _slices(con: DuckDBPyConnection) -> Iterator[tuple[int, int]]:
    """Spans of time in microseconds that hold about a slice of deliveries each."""
    begin, size, last = None, 0, 0
    for second, count in con.execute(_SECONDS).fetchall():
        if begin is not None and size + count > SLICE:
            yield begin * FINEST, second * FINEST
            begin, size = None, 0
        begin = second if begin is None else begin
        size, last = size + count, second
    if begin is not None:
        yield begin * FINEST, (last + 1) * FINEST


class _Parts:
    """Parts that are being written, with row ids that count from `first`."""

    def __init__(self, layout: Layout, number: int, kind: str, first: int) -> None:
        self._layout = layout
        self._number = number
        self._kind = kind
        self._next = (number << ROWS_BITS) + first
        self._writer: Any = None
        self._rows = 0
        self.names: list[str] = []
        self.spans: list[Span] = []
        self.empty = set(COLUMNS)
        """Columns in which nothing written so far has a value."""

    def add(self, table: Any) -> Any:
        """Write rows, and return their ids."""
        ids = pa.array(range(self._next, self._next + table.num_rows), pa.int64())
        if table.num_rows:
            there = set(table.column_names)
            columns = [
                table[one.name].cast(one.type) if one.name in there else empty(one.type, table.num_rows)
                for one in _schema()
            ]
            whole = pa.table(columns, schema=_schema()).append_column("row_id", ids)
            for at in range(0, table.num_rows, GROUP):
                self._write(whole.slice(at, GROUP))
        return ids

    def close(self) -> list[str]:
        if self._writer is not None:
            self._writer.close()
            self._writer = None
            path = self._path()
            path.with_name(path.name + ".new").replace(path)
            self.names.append(path.name)
        return self.names

    def _path(self) -> Any:
        return self._layout.parts / f"{self._number:06d}-{self._kind}-{len(self.names):04d}.parquet"

    def _write(self, group: Any) -> None:
        if self._writer is None:
            path, like = self._path(), [name for name in group.column_names if name not in UNLIKE]
            self._rows = 0
            self._writer = pq.ParquetWriter(
                path.with_name(path.name + ".new"), group.schema, compression="zstd", compression_level=1,
                use_dictionary=like, write_statistics=[*like, "ts", "row_id"],
            )  # fmt: skip
        self.empty = {name for name in self.empty if group[name].null_count == group.num_rows}
        self._writer.write_table(group, row_group_size=group.num_rows)
        self._next += group.num_rows
        self._rows += group.num_rows
        self.spans.append(Span(group["ts"][0].as_py(), group["ts"][-1].as_py(), group.num_rows, len(self.names)))
        if self._rows >= PART:
            self.close()


def _schema() -> Any:
    return schema().append(pa.field("dup_count", pa.int64()))
