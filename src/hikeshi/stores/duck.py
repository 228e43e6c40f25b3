"""The store on one machine: Parquet in a folder, asked with DuckDB. layout.py says what lies in the folder."""

# SQL here is put together from our own text, from quoted columns of the schema and from question marks; values are parameters.
# ruff: noqa: S608

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import msgspec

from hikeshi.errors import Refused
from hikeshi.events.assumed import Assumption
from hikeshi.events.detect.sql import text
from hikeshi.events.event import COLUMNS
from hikeshi.stores import blocks, derived, few, folding, questions
from hikeshi.stores.blocks import Block
from hikeshi.stores.engines import close, engine, load
from hikeshi.stores.few import Few, Sums
from hikeshi.stores.integrity import UNKNOWN, integrity_of
from hikeshi.stores.kept import BUCKETS, MOST, USUAL, Kept, countable, of_everything
from hikeshi.stores.layout import Batch, Layout, alive, fingerprint, merged, pays
from hikeshi.stores.steady import steady
from hikeshi.stores.store import SHOWN, BuildReport, Progress, Query, SourceRow, Value
from hikeshi.stores.suspects import Deeds, Suspect, rank

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from hikeshi.stores.building import Built

TYPES = {
    "bool": "BOOLEAN",
    "double": "DOUBLE",
    "fixed_size_binary[16]": "BLOB",
    "float": "FLOAT",
    "int32": "INTEGER",
    "int64": "BIGINT",
    "list<string>": "VARCHAR[]",
    "string": "VARCHAR",
    "uint16": "USMALLINT",
}
"""DuckDB's names of the types that columns are declared with."""

_EVENTS = "SELECT p.*, coalesce(f.dup_count, 1) AS dup_count FROM parts p LEFT JOIN folds f ON p.row_id = f.row_id WHERE coalesce(f.keep, true)"
"""Each event once: of several deliveries the one that was read first."""

_PARTS = """
SELECT d.* FROM delivered d
WHERE NOT EXISTS (SELECT 1 FROM dead WHERE dead.batch = d.row_id >> 40 AND dead.sha256 = d.evidence_sha256)
"""

_WITNESSES = """
SELECT f.event_uid, p.path, p.seq FROM folds f JOIN parts p ON f.row_id = p.row_id
WHERE NOT f.keep AND f.event_uid IN ({}) ORDER BY p.row_id
"""

_LATER = """
SELECT event_uid, path, seq FROM read_parquet([{parts}]) WHERE ts BETWEEN ? AND ? AND event_uid IN ({marks}) ORDER BY row_id
"""

_DUPLICATES = """
SELECT p.evidence_sha256, count(*) FROM folds f JOIN parts p ON f.row_id = p.row_id WHERE NOT f.keep GROUP BY p.evidence_sha256
"""

_DEEDS = """
SELECT coalesce(actor_name, actor_id, '') AS principal, src_ip AS address, coalesce(action, '') AS action, count(*) AS count,
       count(*) FILTER (outcome = 'denied') AS denied, min(ts) AS first_us, max(ts) AS last_us
FROM {} AND {} AND source_kind = 'cloudtrail' AND src_ip IS NOT NULL AND coalesce(actor_type, '') != 'AWSService'
GROUP BY ALL
"""


TOGETHER = 64
"""Blocks that are looked into before it is asked whether that is enough."""

APART = 32
"""Runs of blocks that are asked each for itself; of more, everything between the first and the last is."""

_BARS, _VALUES = list[tuple[int, int, int]], list[tuple[Value, int]]

Spread = Callable[[Callable[[Path, bytes], Any], Sequence[Any], Callable[[bytes], None]], None]
"""Has each job done by some worker, which is given a folder for files and the job in JSON, and takes each answer while its files are there."""


class DuckStore:
    """Events in `folder`. Opening costs nothing; every question has an engine to itself, so threads may share a store."""

    spread: Spread | None = None
    """Where there are workers besides this process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._layout = Layout(folder)

    def build(
        self,
        paths: Iterable[str | Path],
        *,
        workers: int | None = None,
        progress: Progress | None = None,
        sha256_of: Mapping[str, str] | None = None,
        names: Mapping[str, str] | None = None,
        assumed: Sequence[Assumption] = (),
    ) -> BuildReport:
        """Read files, folders and patterns into the store.

        Sources already in it (same SHA-256, same parser and version) are passed over, so repeating it is cheap and a build that was
        killed goes on where it stopped. `workers` is the number of processes, by default one for each core; little work is done in
        this process. `sha256_of` has the SHA-256 of paths where it is known already, `names` what people call them, `assumed` what
        they know of clocks. Raises Refused where a path does not exist or somebody else is building.
        """
        from hikeshi.stores import building  # Arrow is heavy, and asking does not need it

        with self._layout.locked():
            built = building.build(
                self._layout,
                paths,
                workers=workers,
                progress=progress,
                sha256_of=sha256_of,
                names=names,
                assumed=assumed,
                meanwhile=load,
            )
            self._settled(progress)
        return self._report(built)

    def _settled(self, progress: Progress | None = None) -> None:
        """Fold what was delivered twice; where there are many parts, merge them, and count anew in events."""
        with self._connection() as con:
            if not pays(self._layout.batches()):
                return
            from hikeshi.stores import merging  # Arrow is heavy, and asking does not need it

            folds = merging.merge(self._layout, con, progress)
        close()  # nobody asks the engine of the parts that were merged again
        self._layout.forget()
        self._keep_folds(self._layout.batches(), partial(merging.write_folds, folds))
        self._answer_usual()

    def _answer_usual(self) -> None:
        """Keep what everybody asks first of a store that was just merged, and nothing of what it was before."""
        self._kept(self._layout.batches()).forget_others()
        for field in USUAL:
            self.facet(field, Query())

    def _kept(self, batches: Sequence[Batch]) -> Kept:
        return Kept(self.folder, fingerprint(batches))

    @steady
    def fingerprint(self) -> str:
        """One name for exactly what is stored now: another build that read something new gives another."""
        return fingerprint(self._layout.batches())

    @steady
    def events(self, query: Query) -> list[dict[str, Any]]:
        with self._connection() as con:
            return self._rows(con, self._page(con, query))

    def _page(self, con: DuckDBPyConnection, query: Query) -> list[int]:
        """The row ids of a page, in its order. Of a merged store blocks are read until the page is full."""
        limit, once = max(0, query.limit), merged(self._layout.batches())
        if once is None:
            condition, values = self._where(query, paged=True)
            way = "DESC" if query.descending else "ASC"
            sign, last = (">=", "min") if query.descending else ("<=", "max")
            until = f"ts {sign} (SELECT {last}(ts) FROM (SELECT ts FROM events WHERE {condition} ORDER BY ts {way} LIMIT ?))"
            order = f"ORDER BY ts {way}, event_uid {way} LIMIT ?"  # only few ids are looked at: some have to be told (derived.py)
            asked = f"SELECT row_id FROM events WHERE {condition} AND {until} {order}"
            return [row for (row,) in con.execute(asked, [*values, *values, limit, limit]).fetchall()]
        name = self._named(once, query)
        if (known := few.known.peek(name)) is not None:
            return self._page_of(con, known, query)[:limit]
        found = self._first(con, once, query)
        if query.after is None and len(found) < min(limit, few.MOST) and not blocks.only_time(query):
            few.known.keep(name, Few.of(found))  # everything was looked at on the way
        return [row for row, _ in found]

    def _first(self, con: DuckDBPyConnection, once: Batch, query: Query) -> list[tuple[int, int]]:
        """Rows and times of a page, in its order."""
        condition, values = self._where(query, paged=True)
        way, limit = "DESC" if query.descending else "ASC", max(0, query.limit)
        found: list[tuple[int, int]] = []
        for some in blocks.growing(
            blocks.during(once, query, paged=True), 1 if blocks.only_time(query) else blocks.FIRST
        ):
            order = f"SELECT row_id, ts FROM {self._of(some)} AND {condition} ORDER BY row_id {way} LIMIT ?"
            found += con.execute(order, [*values, limit - len(found)]).fetchall()
            if len(found) >= limit:
                break
        return found

    def _page_of(self, con: DuckDBPyConnection, found: Few, query: Query) -> list[int]:
        """The rows of what was found that lie behind the place of a page, in its order."""
        rows = found.rows
        if query.after is not None:
            at = found.at(query.after[0])
            condition, values = questions.behind(query.after, descending=query.descending)
            sql, given = self._within(rows[at], "row_id, ts, event_uid")
            rest = con.execute(f"SELECT row_id FROM ({sql}) WHERE {condition} ORDER BY row_id", [*given, *values])
            same = array("q", (row for (row,) in rest.fetchall()))
            rows = rows[: at.start] + same if query.descending else same + rows[at.stop :]
        return rows[::-1].tolist() if query.descending else rows.tolist()

    def _named(self, once: Batch, query: Query) -> bytes:
        """One name for what a query means in a merged store, for this process: a store that is built anew has another manifest."""
        state = self._layout.manifest(once.number).stat()
        return few.name((str(self._layout.folder.absolute()), state.st_ino, state.st_mtime_ns), query)

    def _few(self, query: Query) -> Few | None:
        """Every event of a query where they are few, found at most once; None where they are many, or where that is not worth knowing."""
        once = merged(self._layout.batches())
        if once is None or blocks.only_time(query):
            return None
        return few.known.of(self._named(once, query), lambda: self._found_few(once, query))

    def _found_few(self, once: Batch, query: Query) -> Few | None:
        condition, values = self._where(query)
        found: list[tuple[int, int]] = []
        with self._connection() as con:
            for some in blocks.together(blocks.during(once, query), TOGETHER):
                asked = con.execute(
                    f"SELECT row_id, ts FROM {self._of(some)} AND {condition}", values
                )  # a limit would leave one thread
                found += asked.fetchmany(few.MOST + 1 - len(found))
                if len(found) > few.MOST:
                    return None
        return Few.of(found)

    def _where(self, query: Query, *, paged: bool = False) -> questions.Condition:
        """The condition of a query. Text is looked for in records alone where what was read says no more in its sentences."""
        return questions.where(
            query, paged=paged, searched=questions.in_records if self._recorded(query) else questions.found
        )

    def _recorded(self, query: Query) -> bool:
        """Whether a text is in the records of all that was read wherever our sentences have it."""
        kinds = {row.parser for batch in self._layout.batches() for row in batch.sources if row.events}
        return query.search is not None and questions.told(query.search, kinds)

    @steady
    def count(self, query: Query) -> int:
        once = merged(self._layout.batches()) if blocks.only_time(query) else None
        if once:
            return sum(count for _, _, count in self._by_blocks(once, query, 1))
        if (found := self._few(query)) is not None:
            return len(found.rows)
        if (sums := self._sums(query)) is not None:
            return sums.events
        condition, values = self._where(query)
        with self._connection() as con:
            return int(_one(con, f"SELECT count(*) FROM {self._during(query)} AND {condition}", values)[0])

    @steady
    def histogram(self, query: Query, buckets: int = 60) -> list[tuple[int, int, int]]:
        if buckets < 1:
            raise Refused(f"A histogram has at least one bucket, not {buckets}.")
        once = merged(self._layout.batches()) if blocks.only_time(query) else None
        if once and of_everything(query) and buckets <= BUCKETS:
            kept = self._kept([once])
            return kept.answer(f"histogram-{buckets}", _BARS, lambda: self._by_blocks(once, Query(), buckets))
        if once:
            return self._by_blocks(once, query, buckets)
        if (found := self._few(query)) is not None:
            spans = _spans(query, found.times[0], found.times[-1], buckets) if found.times else range(0)
            return _bars(spans, found.spread(spans))
        condition, values = self._where(query)
        chosen = f"FROM {self._during(query)} AND {condition}"
        with self._connection() as con:
            ends = self._ends(con, query)
            if ends is None:
                return []
            spans = _spans(query, *ends, buckets)
            grouped = f"SELECT (ts - ?) // ? AS bucket, count(*) {chosen} GROUP BY bucket"
            counted = Counter(dict(con.execute(grouped, [spans.start, spans.step, *values]).fetchall()))
        return _bars(spans, counted)

    def _ends(self, con: DuckDBPyConnection, query: Query) -> tuple[int, int] | None:
        """The times of the first and the last event of a query."""
        once = merged(self._layout.batches())
        if once is None:
            condition, values = self._where(query)
            first, last = _one(con, f"SELECT min(ts), max(ts) FROM events WHERE {condition}", values)
            return None if first is None else (first, last)
        each = [
            self._first(con, once, msgspec.structs.replace(query, after=None, limit=1, descending=way))
            for way in (False, True)
        ]
        return (each[0][0][1], each[1][0][1]) if each[0] else None

    def _sums(self, query: Query) -> Sums | None:
        """What is counted of a text that many events have, in one reading of their records; None where nobody looks for a text."""
        once = merged(self._layout.batches())
        return few.sums.of(self._named(once, query), lambda: self._summed(query)) if once and query.search else None

    def _summed(self, query: Query) -> Sums:
        condition, values = self._where(query)
        names = [questions.column(field) for field in USUAL]
        all_of = (1 << len(names)) - 1
        fields = {all_of ^ 1 << bit: field for bit, field in enumerate(reversed(USUAL))}
        sql = (
            f"SELECT GROUPING_ID({', '.join(names)}) AS bits, coalesce({', '.join(names)}) AS value, count(*) AS n "
            f"FROM {self._during(query)} AND {condition} GROUP BY GROUPING SETS ((), {', '.join(f'({name})' for name in names)}) "
            f"QUALIFY value IS NULL OR row_number() OVER (PARTITION BY bits, value IS NULL ORDER BY n DESC, value) <= {MOST} "
            "ORDER BY n DESC, value"
        )
        sums = Sums(0, {field: [] for field in USUAL})
        with self._connection() as con:
            for bits, value, n in con.execute(sql, values).fetchall():
                if bits == all_of:
                    sums = sums._replace(events=n)
                elif value is not None:
                    sums.values[fields[bits]].append((value, n))
        return sums

    def _by_blocks(self, once: Batch, query: Query, buckets: int) -> list[tuple[int, int, int]]:
        """A histogram of a time by the manifest; only blocks that lie in several buckets are read."""
        all_of = blocks.blocks(once)
        spans = _spans(query, all_of[0].first_us, all_of[-1].last_us, buckets)
        if not spans:
            return []
        counted, edges = blocks.inside(once, spans.start, spans.stop, spans.step)
        if edges:
            times = " UNION ALL ".join(f"SELECT ts FROM {self._of(run)}" for run in blocks.runs(edges))
            grouped = (
                f"SELECT (ts - ?) // ? AS bucket, count(*) FROM ({times}) WHERE ts >= ? AND ts < ? GROUP BY bucket"
            )
            with self._connection() as con:
                asked = [spans.start, spans.step, spans.start, spans.stop]
                counted += Counter(dict(con.execute(grouped, asked).fetchall()))
        return _bars(spans, counted) if counted.total() else []

    def _during(self, query: Query) -> str:
        """What to write behind FROM for every event of the time of a query, and perhaps others; conditions follow with AND."""
        once = merged(self._layout.batches())
        if once is None or (query.start_us is None and query.end_us is None):
            return "events WHERE true"
        return self._of(blocks.during(once, query))

    def _of(self, some: Sequence[Block]) -> str:
        """As `_during`, for the events in blocks that lie one behind the other. Only their parts are opened."""
        if not some:
            return "events WHERE false"
        parts = ", ".join(text(str(self._layout.parts / part)) for part in sorted({one.part for one in some}))
        first, last = min(one.first for one in some), max(one.last for one in some)
        return f"read_parquet([{parts}]) WHERE row_id BETWEEN {first} AND {last}"

    @steady
    def facet(self, field: str, query: Query, top: int = 10) -> list[tuple[Value, int]]:
        questions.asked(field)
        once = merged(self._layout.batches()) if of_everything(query) and countable(field) and top <= MOST else None
        if once is None:
            return self._most_frequent(field, query, top)
        kept = self._kept([once]).answer(field, _VALUES, lambda: self._most_frequent(field, Query(), MOST))
        return kept[: max(0, top)]

    def _most_frequent(self, field: str, query: Query, top: int) -> list[tuple[Value, int]]:
        name = questions.column(field)
        condition, values = self._where(query)
        chosen = f"unnest({name})" if questions.is_list(field) else name
        found = self._few(query)
        if found is None and field in USUAL and top <= MOST and (sums := self._sums(query)) is not None:
            return sums.values[field][: max(0, top)]
        if found is None:
            rows = f"SELECT {chosen} AS value FROM {self._during(query)} AND {condition}"
        else:
            rows, values = self._within(found.rows, f"{chosen} AS value")
        sql = f"SELECT value, count(*) AS n FROM ({rows}) WHERE value IS NOT NULL GROUP BY value ORDER BY n DESC, value LIMIT ?"
        with self._connection() as con:
            return [(_plain(value), n) for value, n in con.execute(sql, [*values, max(0, top)]).fetchall()]

    def _within(self, rows: Sequence[int], chosen: str) -> questions.Condition:
        """SQL that chooses something of rows of a merged store, which are in order. Only blocks that hold one of them are read."""
        once = merged(self._layout.batches())
        if once is None or not rows:
            return f"SELECT {chosen} FROM events WHERE false", []
        runs = list(blocks.runs(blocks.holding(once, rows)))
        if len(runs) > APART:
            runs = [[*runs[0], *runs[-1]]]
        each = " UNION ALL ".join(
            f"SELECT {chosen} FROM {self._of(run)} AND row_id IN (SELECT unnest(?::BIGINT[]))" for run in runs
        )
        return each, [list(rows[bisect_left(rows, run[0].first) : bisect_right(rows, run[-1].last)]) for run in runs]

    @steady
    def sources(self) -> list[SourceRow]:
        batches = self._layout.batches()
        twice = self._duplicates()
        rows = [msgspec.structs.replace(row, duplicates=twice.get(row.sha256, 0)) for _, row in alive(batches).values()]
        return sorted(rows, key=lambda row: row.path)

    @steady
    def suspects(self, query: Query) -> list[Suspect]:
        condition, values = self._where(query)
        with self._connection() as con:
            found = con.execute(_DEEDS.format(self._during(query), condition), values)
            names = [described[0] for described in found.description]
            return rank(Deeds(**dict(zip(names, row, strict=True))) for row in found.fetchall())

    @contextmanager
    def _connection(self, only: range | None = None) -> Iterator[DuckDBPyConnection]:
        """A connection in which `events` is every event once, `parts` every delivery; `only` those of batches with such numbers."""
        batches = self._layout.batches()
        folder = self._layout.folder
        name = (folder, folder.absolute(), batches, only)  # views have paths as they were given
        with engine(name, folder.absolute() / "spilled", lambda con: self._prepare(con, batches, only)) as con:
            self._folds(con, batches)
            yield con

    def _prepare(self, con: DuckDBPyConnection, batches: Sequence[Batch], only: range | None) -> None:
        """The views, which stay as long as these batches do."""
        self._open_parts(con, batches, only)
        con.read_parquet(str(self._folds(con, batches))).create_view("folds")
        if once := merged(batches):
            con.read_parquet([str(self._layout.parts / part) for part in once.once]).create_view("events")
        else:
            con.execute(f"CREATE VIEW events AS {_EVENTS}")

    def _open_parts(self, con: DuckDBPyConnection, batches: Sequence[Batch], only: range | None) -> None:
        """The view `parts`: what the manifests name, without sources that a later batch read again."""
        opened = [batch for batch in batches if only is None or batch.number in only]
        files = [part for batch in opened for part in batch.parts]
        con.execute(f"CREATE VIEW kept AS {self._opened(con, files) if files else _NOTHING}")
        con.execute(f"CREATE VIEW delivered AS SELECT {', '.join(map(_told, COLUMNS))}, row_id FROM kept")
        holding = alive(batches)
        dead = [(b.number, row.sha256) for b in batches for row in b.sources if holding[row.sha256][0] != b.number]
        con.execute("CREATE TABLE dead (batch BIGINT, sha256 VARCHAR)")
        if dead:
            con.executemany("INSERT INTO dead VALUES (?, ?)", dead)
        con.execute(f"CREATE VIEW parts AS {_PARTS if dead else 'SELECT * FROM delivered'}")

    def _opened(self, con: DuckDBPyConnection, parts: Sequence[str]) -> str:
        """SQL for every row of some parts as it is kept, with every column: parts leave out those that are empty in them."""
        files = (
            f"read_parquet([{', '.join(text(str(self._layout.parts / one)) for one in parts)}], union_by_name = true)"
        )
        there = {*con.sql(f"FROM {files}").columns}
        names = [
            questions.column(name) if name in there else _empty(name, column.arrow) for name, column in COLUMNS.items()
        ]
        return f"SELECT {', '.join([*names, 'row_id'])} FROM {files}"

    def _folds(self, con: DuckDBPyConnection, batches: Sequence[Batch]) -> Path:
        """The file that says which rows are the same event; made when it is not there for exactly these batches."""
        path = self._layout.folds / f"{fingerprint(batches)}.parquet"
        if not path.exists():
            self._keep_folds(batches, folding.fold(con, batches, partial(self._opened, con)).write_parquet)
        return path

    def _keep_folds(self, batches: Sequence[Batch], write: Callable[[str], None]) -> None:
        """Have the folds of these batches written, and those of others removed."""
        self._layout.make()
        path = self._layout.folds / f"{fingerprint(batches)}.parquet"
        new = path.with_name(f"{path.stem}.{uuid4().hex}.new")  # several threads may find it missing at once
        write(str(new))
        new.replace(path)
        self._forget_folds(path)

    def _forget_folds(self, path: Path) -> None:
        """Remove all but these, unless they are of batches that are no longer there."""
        if path.stem != fingerprint(self._layout.now()):
            return
        for old in self._layout.folds.glob("*.parquet"):
            if old != path:
                old.unlink(missing_ok=True)

    def _rows(self, con: DuckDBPyConnection, ids: Sequence[int]) -> list[dict[str, Any]]:
        """Whole rows in the order of their ids. Asked for by id, so that only few blocks are unpacked."""
        if not ids:
            return []
        found = con.execute(self._chosen(ids))
        names = [described[0] for described in found.description]
        empty: dict[str, Any] = dict.fromkeys(COLUMNS)
        rows = {
            row["row_id"]: row for values in found.fetchall() if (row := empty | dict(zip(names, values, strict=True)))
        }
        witnesses = self._witnesses(con, rows)
        proven = integrity_of(self.folder)
        return [
            _shown(row, witnesses) | {"integrity": proven.get(row["evidence_sha256"], UNKNOWN)}
            for row in map(rows.__getitem__, ids)
        ]

    def _chosen(self, ids: Sequence[int]) -> str:
        """SQL for the rows with these ids. What says between which they lie passes over blocks, which a list does not.

        Columns that are empty in the whole store are left out: to read that one has no value costs as much as to read one that has.
        """
        once = merged(self._layout.batches())
        if once is None:
            return f"SELECT * FROM events WHERE {_among(ids)}"
        empty = ", ".join(map(questions.column, once.empty))
        names = f"* EXCLUDE ({empty})" if empty else "*"
        each = (
            (run, [row for row in ids if run[0].first <= row <= run[-1].last])
            for run in blocks.runs(blocks.holding(once, ids))
        )
        return " UNION ALL ".join(f"SELECT {names} FROM {self._of(run)} AND {_among(rows)}" for run, rows in each)

    def _witnesses(self, con: DuckDBPyConnection, rows: Mapping[int, Mapping[str, Any]]) -> dict[bytes, list[str]]:
        """Where else the events of a page were delivered."""
        twice = [row for row in rows.values() if row["dup_count"] > 1]
        found: dict[bytes, list[str]] = {}
        for uid, path, seq in self._delivered_later(con, twice) if twice else ():
            found.setdefault(uid, []).append(f"{path}#{seq}")
        return found

    def _delivered_later(self, con: DuckDBPyConnection, twice: Sequence[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
        """Id, path and place of the other deliveries. In a merged store they are looked for at the times of the events first."""
        marks, uids = ", ".join("?" * len(twice)), [row["event_uid"] for row in twice]
        once = merged(self._layout.batches())
        later = [text(str(self._layout.parts / part)) for part in once.parts if part not in once.once] if once else []
        if later:
            times = [row["ts"] for row in twice]
            asked = _LATER.format(parts=", ".join(later), marks=marks)
            found = con.execute(asked, [min(times), max(times), *uids]).fetchall()
            if len(found) == sum(row["dup_count"] - 1 for row in twice):
                return found
        return con.execute(_WITNESSES.format(marks), uids).fetchall()  # clocks of sources may be put right differently

    def _duplicates(self) -> dict[str, int]:
        """How many events of each source had been delivered already, by its SHA-256."""
        with self._connection() as con:
            return dict(con.execute(_DUPLICATES).fetchall())

    def _report(self, built: Built) -> BuildReport:
        rows = self.sources()
        places = [*built.closed, *(place for row in rows for place in row.unreadable)]
        duplicates = sum(row.duplicates for row in rows)
        return BuildReport(
            files=len(rows),
            events=sum(row.events for row in rows) - duplicates,
            duplicates=duplicates,
            unreadable_count=len(built.closed) + sum(row.unreadable_count for row in rows),
            unreadable=tuple(places[:SHOWN]),
            undated=sum(row.undated for row in rows),
            not_recognised_count=len(built.not_recognised),
            not_recognised=built.not_recognised[:SHOWN],
            built=built.built,
            unchanged=built.unchanged,
            seconds=round(built.seconds, 3),
            sources=tuple(rows[:SHOWN]),
        )


def _empty(name: str, arrow: str) -> str:
    """SQL for a column without any value."""
    return f"CAST(NULL AS {TYPES[arrow]}) AS {questions.column(name)}"


_NOTHING = f"SELECT {', '.join(_empty(name, column.arrow) for name, column in COLUMNS.items())}, CAST(NULL AS BIGINT) AS row_id WHERE false"
"""SQL for the rows of a store that has none."""


def _told(name: str) -> str:
    """SQL for a column as it is kept, or as the others tell it."""
    quoted = questions.column(name)
    return f"{derived.column(name, quoted, derived.DUCKDB)} AS {quoted}"


def _bars(spans: range, counted: Counter[int]) -> list[tuple[int, int, int]]:
    return [(at, min(at + spans.step, spans.stop), counted[number]) for number, at in enumerate(spans)]


def _one(con: DuckDBPyConnection, sql: str, values: Sequence[Any]) -> tuple[Any, ...]:
    row = con.execute(sql, list(values)).fetchone()
    return row if row is not None else ()


def _spans(query: Query, first: int, last: int, buckets: int) -> range:
    """The beginnings of so many equal buckets at most, for a query of which events lie between `first` and `last` where it has no bounds."""
    start = first if query.start_us is None else query.start_us
    end = last + 1 if query.end_us is None else query.end_us
    return range(start, end, max(1, -(-(end - start) // buckets)))


def _among(ids: Sequence[int]) -> str:
    return f"row_id BETWEEN {min(ids)} AND {max(ids)} AND row_id IN ({', '.join(map(str, ids))})"


def _plain(value: Any) -> Any:
    return value.hex() if isinstance(value, bytes) else value


def _shown(row: dict[str, Any], witnesses: Mapping[bytes, list[str]]) -> dict[str, Any]:
    """The row with its id as text and the other places it was delivered at; our own row number is of no use to others."""
    shown = {name: _plain(value) for name, value in row.items() if name != "row_id"}
    return derived.completed(shown) | {"dup_of": witnesses.get(row["event_uid"], [])}
