"""The store on a cluster: the same folder and the same Parquet as on one machine (layout.py), read and asked by Spark.

Whatever one engine wrote the other reads. Rules are asked by the workers, each of a slice of the store. Questions that Spark is not asked
(what is near a name) are inherited: DuckDB answers them on the driver's machine. Needs PySpark (`pip install 'hikeshi[spark]'`) and Java 17.
"""

# SQL here is put together from our own text, from quoted columns of the schema and from question marks; values are parameters.
# ruff: noqa: S608

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from hikeshi.errors import Failed, Refused
from hikeshi.events.assumed import Assumption
from hikeshi.events.event import COLUMNS
from hikeshi.stores import derived, questions
from hikeshi.stores.duck import DuckStore
from hikeshi.stores.integrity import UNKNOWN, integrity_of
from hikeshi.stores.layout import Batch, alive, fingerprint
from hikeshi.stores.steady import steady
from hikeshi.stores.store import BuildReport, Progress, Query, Value
from hikeshi.stores.suspects import Deeds, Suspect, rank

TYPES = {
    "bool": "BOOLEAN",
    "double": "DOUBLE",
    "fixed_size_binary[16]": "BINARY",
    "float": "FLOAT",
    "int32": "INT",
    "int64": "BIGINT",
    "list<string>": "ARRAY<STRING>",
    "string": "STRING",
    "uint16": "INT",
}
"""Spark's names of the types that columns are declared with."""

SETTINGS = {
    "spark.sql.ansi.doubleQuotedIdentifiers": "true",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.constraintPropagation.enabled": "false",  # columns told by others (derived.py) have more constraints than memory holds
    "spark.sql.session.timeZone": "UTC",
    "spark.ui.showConsoleProgress": "false",
}
"""What we need of Spark; everything else is the cluster's, or given by the caller."""

MOST = (1 << 31) - 1
"""Rows that Spark can be limited to."""

FOUND = "contains(lower({}), lower(?))"
"""What `questions.found` means of a column: Java has other regular expressions."""

_EVENTS = (
    "SELECT p.*, coalesce(f.dup_count, 1) AS dup_count FROM parts p LEFT JOIN folds f ON p.row_id = f.row_id "
    "WHERE coalesce(f.keep, true)"
)

_PARTS = (
    "SELECT d.* FROM delivered d LEFT ANTI JOIN dead "
    "ON dead.batch = shiftright(d.row_id, 40) AND dead.sha256 = d.evidence_sha256"
)

_FOLDS = """
WITH keyed AS (SELECT row_id, event_uid, CASE source_kind WHEN 'vpcflow' THEN dedup_key END AS key FROM parts),
twice AS (SELECT event_uid, key, count(*) AS dup_count, min(row_id) AS kept FROM keyed GROUP BY event_uid, key HAVING count(*) > 1)
SELECT k.row_id, k.row_id = t.kept AS keep, t.dup_count, t.event_uid
FROM keyed k JOIN twice t ON k.event_uid = t.event_uid AND k.key <=> t.key
"""

_WITNESSES = """
SELECT f.event_uid, p.path, p.seq FROM folds f JOIN parts p ON f.row_id = p.row_id
WHERE NOT f.keep AND f.event_uid IN ({}) ORDER BY p.row_id
"""

_DUPLICATES = """
SELECT p.evidence_sha256, count(*) FROM folds f JOIN parts p ON f.row_id = p.row_id WHERE NOT f.keep GROUP BY p.evidence_sha256
"""

_DEEDS = """
SELECT coalesce(actor_name, actor_id, '') AS principal, src_ip AS address, coalesce(action, '') AS action, count(*) AS count,
       count(*) FILTER (WHERE outcome = 'denied') AS denied, min(ts) AS first_us, max(ts) AS last_us
FROM events WHERE {} AND source_kind = 'cloudtrail' AND src_ip IS NOT NULL AND coalesce(actor_type, '') != 'AWSService'
GROUP BY coalesce(actor_name, actor_id, ''), src_ip, coalesce(action, '')
"""


class SparkStore(DuckStore):
    """Events in `folder`, which the driver and every worker see under the same path, and a cluster that works on them.

    `master` is Spark's address of it: spark://host:7077, or local[2] for this machine. `settings` are Spark's own, by name. The session
    is opened at the first question and belongs to the process; `close` ends it.
    """

    def __init__(self, folder: Path, master: str = "local[*]", *, settings: Mapping[str, str] | None = None) -> None:
        super().__init__(folder.absolute())  # workers stand elsewhere
        self._master = master
        self._settings = settings or {}
        self._opened: Any = None

    @property
    def session(self) -> Any:
        """The Spark session. Raises Refused without PySpark, Failed where there is no Java or no cluster."""
        if self._opened is None:
            self._opened = _session(self._master, self._settings)
        return self._opened

    def close(self) -> None:
        """End the session and give the cluster back."""
        if self._opened is not None:
            self._opened.stop()
            self._opened = None

    def build(
        self,
        paths: Iterable[str | Path],
        *,
        workers: int | None = None,  # noqa: ARG002  a cluster has as many as it has
        progress: Progress | None = None,
        sha256_of: Mapping[str, str] | None = None,
        names: Mapping[str, str] | None = None,
        assumed: Sequence[Assumption] = (),
    ) -> BuildReport:
        """As on one machine, but the workers read.

        A worker that is killed loses only what it was reading, and another reads that again. Raises Failed where the cluster gives up;
        what was committed is kept.
        """
        session = self.session
        whole = [Path(path).absolute() for path in paths]
        known, called = _absolute(sha256_of or {}), _absolute(names or {})
        from hikeshi.stores import spreading  # Arrow is heavy, and asking does not need it

        with self._layout.locked():
            built = spreading.build(
                session, self._layout, whole, progress=progress, sha256_of=known, names=called, assumed=assumed
            )
            self._asked()  # folds what was delivered twice
        return self._report(built)

    def spread(self, do: Callable[[Path, bytes], Any], jobs: Sequence[Any], take: Callable[[bytes], None]) -> None:
        """Have every job done by the workers. Raises Failed where the cluster gives up; nothing of the store is changed."""
        from hikeshi.stores import spreading  # Arrow is heavy, and asking does not need it

        room = spreading.Room(self.session, self._layout, f"looking-{uuid4().hex}")
        try:
            for at in range(0, len(jobs), room.wave):
                for answer in room.ask(dict(enumerate(jobs[at : at + room.wave], at)), do).values():
                    take(answer)
        finally:
            room.clear()

    @steady
    def events(self, query: Query) -> list[dict[str, Any]]:
        condition, values = _where(query, paged=True, recorded=self._recorded(query))
        way = "DESC" if query.descending else "ASC"
        limit = min(max(0, query.limit), MOST)
        asked = self._asked()
        order = f"SELECT row_id FROM events WHERE {condition} ORDER BY ts {way}, event_uid {way} LIMIT {limit}"
        ids = [row[0] for row in asked.rows(order, values)]
        if not ids:
            return []
        found = asked.rows(f"SELECT * FROM events WHERE row_id IN ({', '.join(map(str, ids))})")
        rows = {row["row_id"]: row for row in (one.asDict() for one in found)}
        witnesses = _witnesses(asked, rows)
        proven = integrity_of(self._layout.folder)
        return [
            _shown(row, witnesses) | {"integrity": proven.get(row["evidence_sha256"], UNKNOWN)}
            for row in map(rows.__getitem__, ids)
        ]

    @steady
    def count(self, query: Query) -> int:
        condition, values = _where(query, recorded=self._recorded(query))
        return int(self._asked().rows(f"SELECT count(*) FROM events WHERE {condition}", values)[0][0])

    @steady
    def histogram(self, query: Query, buckets: int = 60) -> list[tuple[int, int, int]]:
        if buckets < 1:
            raise Refused(f"A histogram has at least one bucket, not {buckets}.")
        condition, values = _where(query, recorded=self._recorded(query))
        asked = self._asked()
        first, last = asked.rows(f"SELECT min(ts), max(ts) FROM events WHERE {condition}", values)[0]
        if first is None:
            return []
        start = first if query.start_us is None else query.start_us
        end = last + 1 if query.end_us is None else query.end_us
        width = max(1, -(-(end - start) // buckets))
        grouped = f"SELECT (ts - {start}) DIV {width} AS bucket, count(*) FROM events WHERE {condition} GROUP BY 1"
        counted = {bucket: count for bucket, count in asked.rows(grouped, values)}  # noqa: C416  rows are no pairs to mypy
        return [(at, min(at + width, end), counted.get(n, 0)) for n, at in enumerate(range(start, end, width))]

    @steady
    def facet(self, field: str, query: Query, top: int = 10) -> list[tuple[Value, int]]:
        name = questions.asked(field)
        condition, values = _where(query, recorded=self._recorded(query))
        chosen = f"explode({name})" if questions.is_list(field) else name
        sql = (
            f"SELECT value, count(*) AS n FROM (SELECT {chosen} AS value FROM events WHERE {condition}) "
            f"WHERE value IS NOT NULL GROUP BY value ORDER BY n DESC, value LIMIT {min(max(0, top), MOST)}"
        )
        return [(_plain(value), int(n)) for value, n in self._asked().rows(sql, values)]

    @steady
    def suspects(self, query: Query) -> list[Suspect]:
        condition, values = _where(query, recorded=self._recorded(query))
        return rank(Deeds(**row.asDict()) for row in self._asked().rows(_DEEDS.format(condition), values))

    def _duplicates(self) -> dict[str, int]:
        return {sha256: int(n) for sha256, n in self._asked().rows(_DUPLICATES)}

    def _asked(self) -> _Asked:
        """A session of its own, so that threads may share a store: `events` is every event once, `parts` every delivery."""
        batches = self._layout.batches()
        asked = _Asked(self.session.newSession())
        files = [str(self._layout.parts / part) for batch in batches for part in batch.parts]
        columns = ", ".join(f"`{name}` {TYPES[column.arrow]}" for name, column in COLUMNS.items())
        asked.view("kept", files, f"{columns}, row_id BIGINT")
        told = ", ".join(f"{derived.column(name, f'`{name}`', derived.SPARK)} AS `{name}`" for name in COLUMNS)
        asked.named(asked.sql(f"SELECT {told}, row_id FROM kept"), "delivered")
        asked.named(_without_dead(asked, batches), "parts")
        asked.view(
            "folds",
            [str(self._folded(asked, batches))],
            "row_id BIGINT, keep BOOLEAN, dup_count BIGINT, event_uid BINARY",
        )
        asked.named(asked.sql(_EVENTS), "events")
        return asked

    def _folded(self, asked: _Asked, batches: Sequence[Batch]) -> Path:
        """The same file that DuckDB would make; one file, so that either can."""
        self._layout.make()
        path = self._layout.folds / f"{fingerprint(batches)}.parquet"
        if not path.exists():
            made = self._layout.folder / f"folding-{uuid4().hex}"
            asked.sql(_FOLDS).coalesce(1).sortWithinPartitions("row_id").write.parquet(str(made))
            next(made.glob("part-*.parquet")).replace(path)
            shutil.rmtree(made)
            self._forget_folds(path)
        return path


class _Asked:
    """One Spark session with the store's views in it."""

    def __init__(self, session: Any) -> None:
        self._session = session

    def sql(self, sql: str, values: Sequence[Any] = ()) -> Any:
        return self._session.sql(sql, args=list(values)) if values else self._session.sql(sql)

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        return list(self.sql(sql, values).collect())

    def view(self, name: str, files: Sequence[str], columns: str) -> None:
        """Parquet files under a name; without any, an empty table."""
        made = (
            self._session.read.schema(columns).parquet(*files) if files else self._session.createDataFrame([], columns)
        )
        made.createOrReplaceTempView(name)

    def named(self, made: Any, name: str) -> None:
        made.createOrReplaceTempView(name)

    def table(self, rows: Sequence[Any], columns: str, name: str) -> None:
        self._session.createDataFrame(list(rows), columns).createOrReplaceTempView(name)


def _without_dead(asked: _Asked, batches: Sequence[Batch]) -> Any:
    """What the manifests name, without sources that a later batch read again."""
    holding = alive(batches)
    dead = [(b.number, row.sha256) for b in batches for row in b.sources if holding[row.sha256][0] != b.number]
    if not dead:
        return asked.sql("SELECT * FROM delivered")
    asked.table(dead, "batch BIGINT, sha256 STRING", "dead")
    return asked.sql(_PARTS)


def _witnesses(asked: _Asked, rows: Mapping[int, Mapping[str, Any]]) -> dict[bytes, list[str]]:
    twice = [bytes(row["event_uid"]) for row in rows.values() if row["dup_count"] > 1]
    found: dict[bytes, list[str]] = {}
    if twice:
        for uid, path, seq in asked.rows(_WITNESSES.format(", ".join("?" * len(twice))), twice):
            found.setdefault(bytes(uid), []).append(f"{path}#{seq}")
    return found


def _where(query: Query, *, recorded: bool, paged: bool = False) -> questions.Condition:
    """The condition in Spark's words; there is no value in the text that could be mistaken for a word. Text is looked for where `DuckStore` does."""
    columns = questions.RECORD if recorded else questions.SEARCHED
    found = f"({' OR '.join(map(FOUND.format, columns))})"
    condition, values = questions.where(query, paged=paged, searched=lambda search: (found, [search] * len(columns)))
    return condition.replace("list_contains(", "array_contains("), values


def _plain(value: Any) -> Any:
    return value.hex() if isinstance(value, (bytes, bytearray)) else value


def _shown(row: Mapping[str, Any], witnesses: Mapping[bytes, list[str]]) -> dict[str, Any]:
    shown = {name: _plain(value) for name, value in row.items() if name != "row_id"}
    return derived.completed(shown) | {"dup_of": witnesses.get(bytes(row["event_uid"]), [])}


def _absolute(of: Mapping[str, str]) -> dict[str, str]:
    """The same by absolute paths."""
    return {str(Path(path).absolute()): value for path, value in of.items()}


def _session(master: str, settings: Mapping[str, str]) -> Any:
    try:
        from py4j.protocol import Py4JError  # an extra
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise Refused("PySpark is not installed.", hint="pip install 'hikeshi[spark]', and Java 17.") from error
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # Spark takes it from here, not from a setting
    builder = SparkSession.builder.master(master).appName("hikeshi")
    for name, value in {**SETTINGS, **settings}.items():
        builder = builder.config(name, value)
    try:
        session = builder.getOrCreate()
    except (PySparkException, Py4JError) as error:
        raise Failed(
            f"Spark did not start: {error}", permanent=False, hint="It needs Java 17 and a reachable master."
        ) from error
    session.sparkContext.setLogLevel("ERROR")
    return session
