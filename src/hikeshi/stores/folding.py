"""Which rows are the same event, delivered more than once. Few are, so rows are compared by a short name first, which is cheap.

Equal ids have equal short names. That of a flow is made of its columns, not of its id, which is dear where it is told and not kept
(derived.py). The same flow has the same time, so flows are compared in slices of it: what has been seen stays in the processor's cache.
Where only one block has flows of a time, and none of them twice (twice.py), there is nothing to compare.
"""

# SQL here is our own text; values are parameters.
# ruff: noqa: S608

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate, chain, pairwise
from typing import TYPE_CHECKING, NamedTuple

from hikeshi.stores import derived
from hikeshi.stores.layout import Batch
from hikeshi.stores.store import SourceRow

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation

SLICE = 1_000_000
"""Flows compared at once, about."""

FLOWS = frozenset({"vpcflow", ""})
"""Parsers of sources that may have flows: none is told of archives, which may have anything."""

EVER = (-(1 << 63), (1 << 63) - 1)
"""Times before and after all others, in microseconds."""

_SKEW = "coalesce(ts_skew_us, 0)"
_FLOW = f"hash(ts - {_SKEW}, ts_end - {_SKEW}, src_port, dst_port, src_ip, interface)"

_FLOWS = {
    "uid": derived.column("event_uid", "event_uid", derived.DUCKDB),
    "key": derived.column("dedup_key", "dedup_key", derived.DUCKDB),
}
_OTHERS = {"uid": "event_uid", "key": "NULL"}
"""What the id of a row is, and the key that has to be the same as well because ids of flows are short."""

_TWICE = "INSERT INTO twice SELECT short FROM ({rows}) GROUP BY short HAVING count(*) > 1"

_ALIKE = """
INSERT INTO alike
  SELECT row_id, {uid}, {key} FROM (SELECT * FROM ({rows}) WHERE short IN (SELECT short FROM twice)) k
  WHERE NOT EXISTS (SELECT 1 FROM dead WHERE dead.batch = k.row_id >> 40 AND dead.sha256 = k.evidence_sha256)
"""

_FOLDED = """
WITH twice AS (
  SELECT event_uid, dedup_key, count(*) AS dup_count, min(row_id) AS kept FROM alike GROUP BY event_uid, dedup_key HAVING count(*) > 1
)
SELECT a.row_id, a.row_id = t.kept AS keep, t.dup_count, t.event_uid
FROM alike a JOIN twice t ON a.event_uid = t.event_uid AND a.dedup_key IS NOT DISTINCT FROM t.dedup_key ORDER BY a.row_id
"""


Slice = list[tuple[list[str], str]]
"""Parts, and a condition on the time of their rows, several times."""


class _Stretch(NamedTuple):
    """Parts, how many events they have, and the times of the first and the last of these in UTC microseconds."""

    parts: tuple[str, ...]
    events: int
    first_us: int
    last_us: int


def fold(con: DuckDBPyConnection, batches: Sequence[Batch], opened: Callable[[Sequence[str]], str]) -> DuckDBPyRelation:
    """The folds of some batches (layout.py), in the order of rows.

    `con` has the view `kept` of all their rows, and the table `dead` of sources whose rows count no longer (duck.py); `opened` is SQL for
    the rows of some parts.
    """
    con.execute("CREATE TEMP TABLE twice (short UBIGINT)")
    con.execute("CREATE TEMP TABLE alike (row_id BIGINT, event_uid BLOB, dedup_key VARCHAR)")
    kinds = {row.parser for batch in batches for row in batch.sources}
    if kinds - {"vpcflow"}:
        _look(con, "SELECT *, hash(event_uid) AS short FROM kept WHERE source_kind != 'vpcflow'", _OTHERS)
    flows = f"SELECT *, {_FLOW} AS short FROM ({{}}) WHERE source_kind = 'vpcflow' AND {{}}"
    for pieces in _slices(batches) if kinds & FLOWS else ():
        _look(con, " UNION ALL ".join(flows.format(opened(parts), during) for parts, during in pieces), _FLOWS)
    return con.sql(_FOLDED)


def _look(con: DuckDBPyConnection, rows: str, names: Mapping[str, str]) -> None:
    """Note those of some rows that may be the same event as another of them."""
    if con.execute(_TWICE.format(rows=rows)).fetchone() != (0,):
        con.execute(_ALIKE.format(rows=rows, **names))
        con.execute("DELETE FROM twice")


def _slices(batches: Sequence[Batch]) -> Iterator[Slice]:
    """Rows that are compared with each other: every row that may be there twice is in one slice, rows of the same time in the same."""
    if any(row.assumed for batch in batches for row in batch.sources):  # the same flow may have several times
        yield [([part for batch in batches for part in batch.parts], "true")]
        return
    stretches = sorted(chain.from_iterable(map(_stretches, batches)), key=lambda one: one.first_us + one.last_us)
    seen = list(accumulate(one.events for one in stretches))
    middles = [(one.first_us + one.last_us) // 2 for one in stretches]
    inner = [middles[bisect_left(seen, at)] for at in range(SLICE, seen[-1], SLICE)] if seen else []
    doubtful = list(_doubtful(batches))
    for start, end in pairwise([EVER[0], *sorted({*inner}), EVER[1]]):
        during = [(max(first, start), min(until, end)) for first, until in doubtful if first < end and until > start]
        if during:
            yield [(_during(stretches, *times), "ts >= {} AND ts < {}".format(*times)) for times in during]


def _during(stretches: Sequence[_Stretch], first_us: int, until_us: int) -> list[str]:
    return [part for one in stretches if one.first_us < until_us and one.last_us >= first_us for part in one.parts]


def _doubtful(batches: Sequence[Batch]) -> Iterator[tuple[int, int]]:
    """From when until when a flow may be there twice: where several blocks have flows, or one of which nothing is known."""
    depth, start, steps = 0, EVER[0], Counter[int]()
    for first, last, blocks in chain.from_iterable(map(_blocks, batches)):
        steps[first] += blocks
        steps[last + 1] -= blocks
    for at in sorted(steps):
        before, depth = depth, depth + steps[at]
        if before < 2 <= depth:
            start = at
        elif depth < 2 <= before:
            yield start, at


def _blocks(batch: Batch) -> Iterator[tuple[int, int, int]]:
    """Times of a first and a last event, and how many blocks there are that have each of theirs once: two stand for one of which nothing is known."""
    if (whole := _ends(batch)) is None:
        return
    if batch.once:
        yield *whole, 1
    for span in batch.apart:
        yield span.first_us, span.last_us, 1
    if _others(batch):
        yield *whole, 2


def _stretches(batch: Batch) -> Iterator[_Stretch]:
    if (whole := _ends(batch)) is None:
        return
    known = batch.spans or batch.apart
    for number, part in enumerate(batch.parts):
        if spans := [span for span in known if span.part == number]:
            yield _Stretch((part,), sum(span.rows for span in spans), spans[0].first_us, spans[-1].last_us)
    events = sum(row.events for row in _sources(batch)) - sum(span.rows for span in known)
    yield _Stretch(_others(batch), max(0, events), *whole)


def _others(batch: Batch) -> tuple[str, ...]:
    """Parts of which no blocks are known."""
    known = {span.part for span in batch.spans or batch.apart}
    return tuple(part for number, part in enumerate(batch.parts) if number not in known)


def _ends(batch: Batch) -> tuple[int, int] | None:
    """The times of the first and the last event of sources that may have flows."""
    times = [at for row in _sources(batch) for at in (row.first_us, row.last_us) if at is not None]
    return (min(times), max(times)) if times else None


def _sources(batch: Batch) -> list[SourceRow]:
    """Those that may have flows."""
    return [row for row in batch.sources if row.parser in FLOWS]
