"""One event, everything that delivered it, and in what the copies differ.

Two trails deliver the same call, sometimes with fields of another event version; a file copied twice delivers everything twice. The
store keeps each copy. Records of one shape are compared in their own words; of different shapes, by columns and the fields in `attrs`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec

from hikeshi.errors import Refused
from hikeshi.events.detect.sql import text
from hikeshi.events.event import COLUMNS
from hikeshi.stores import derived, questions
from hikeshi.stores.duck import DuckStore
from hikeshi.stores.integrity import UNKNOWN, integrity_of
from hikeshi.stores.layout import alive, merged
from hikeshi.stores.steady import steady
from hikeshi.stores.store import Query

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MOST: Final = 50
"""Copies that are compared at most."""

OWN: Final = frozenset({"attrs", "dedup_key", "event_uid", "evidence_sha256", "offset", "path", "raw", "seq"})
"""Columns in which copies differ by nature, or that are looked into."""


class Witness(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery: which file, what people call it, which record in it (from 1), and what digests prove of the file."""

    path: str
    name: str
    sha256: str
    seq: int | None
    integrity: str


class Differing(msgspec.Struct, frozen=True, kw_only=True):
    """A field with the value each witness gives, in their order; None where one does not have it."""

    field: str
    values: tuple[Any, ...]


class Testimony(msgspec.Struct, frozen=True, kw_only=True):
    """`count` are all deliveries, of which the first `MOST` are compared."""

    event_uid: str
    count: int
    witnesses: tuple[Witness, ...]
    differing: tuple[Differing, ...]


@steady
def testimony(store: DuckStore, event_uid: str, at_us: int | None = None) -> Testimony:  # noqa: PT028  no test
    """Who delivered an event, the kept copy first. Raises Refused for an id that no event has.

    `at_us` is the event's time in UTC microseconds: by that a large store finds it without looking at the id of every event.
    """
    try:
        uid = bytes.fromhex(event_uid)
    except ValueError:
        uid = b""
    with store._connection() as con:  # noqa: SLF001  one engine in several files, as in detecting.py
        rows = _delivered(store, con, uid, at_us)
    count, rows = len(rows), [derived.completed(row) for row in rows[:MOST]]
    if not rows:
        raise Refused(f"No event has the id {event_uid[:80]!r}.", hint="Take it from a row's event_uid.")
    proven = integrity_of(store.folder)
    sources = {sha256: row for sha256, (_, row) in alive(store._layout.batches()).items()}  # noqa: SLF001  as above
    return Testimony(
        event_uid=event_uid, count=count, differing=tuple(_differing(rows)),
        witnesses=tuple(
            Witness(
                path=row["path"], name=sources[sha256].name or sources[sha256].path, sha256=sha256, seq=row["seq"],
                integrity=proven.get(sha256, UNKNOWN),
            )
            for row in rows for sha256 in [row["evidence_sha256"]]
        ),
    )  # fmt: skip


def _delivered(store: DuckStore, con: DuckDBPyConnection, uid: bytes, at_us: int | None) -> list[dict[str, Any]]:
    """Every copy of an event, in the order of reading."""
    if at_us is not None and (once := merged(store._layout.batches())):  # noqa: SLF001  as above
        then = Query(start_us=at_us, end_us=at_us + 1)
        found = _named(con, f"{store._during(then)} AND ts = ? AND event_uid = ?", [at_us, uid])  # noqa: SLF001  as above
        later = [text(str(store._layout.parts / part)) for part in once.parts if part not in once.once]  # noqa: SLF001  as above
        if found and found[0]["dup_count"] > 1 and later:
            found += _named(con, f"read_parquet([{', '.join(later)}]) WHERE ts = ? AND event_uid = ?", [at_us, uid])
        if found and len(found) == found[0]["dup_count"]:
            return found
    same, values = questions.where(Query(where={"event_uid": uid}))
    return _named(con, f"parts WHERE {same}", values)  # clocks of sources may be put right differently


def _named(con: DuckDBPyConnection, chosen: str, values: Sequence[Any]) -> list[dict[str, Any]]:
    """Rows by the names of their columns."""
    found = con.execute(f"SELECT * FROM {chosen} ORDER BY row_id", values)  # noqa: S608  our own text; values are parameters
    names = [described[0] for described in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _differing(rows: Sequence[Mapping[str, Any]]) -> Iterator[Differing]:
    copies = _records(rows) or [_fields(row) for row in rows]
    for name in dict.fromkeys(name for copy in copies for name in copy):
        values = tuple(copy.get(name) for copy in copies)
        if any(value != values[0] for value in values):
            yield Differing(field=name, values=values)


def _records(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The records in their own words, where all are JSON objects of one shape; else nothing."""
    if len({(row["source_kind"], row["source_variant"]) for row in rows}) > 1:
        return []
    try:
        return [dict(_leaves("", msgspec.json.decode(row["raw"], type=dict[str, Any]))) for row in rows]
    except msgspec.DecodeError:
        return []


def _fields(row: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that are set, and each value in `attrs` by its path."""
    fields = {name: row[name] for name in COLUMNS if name not in OWN and row[name] is not None}
    try:
        rest = msgspec.json.decode(row["attrs"] or "{}")
    except msgspec.DecodeError:
        rest = row["attrs"]
    return fields | dict(_leaves("attrs", rest))


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """A list is one value: which of its members is which cannot be told."""
    if not isinstance(value, dict):
        yield path, value
        return
    for name, inner in value.items():
        yield from _leaves(f"{path}.{name}" if path else name, inner)
