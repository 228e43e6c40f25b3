"""One event, everything that delivered it, and in what the copies differ.

Two trails deliver the same call, sometimes with fields of another event version; a file copied twice delivers everything twice. The
store keeps each copy. Records of one shape are compared in their own words; of different shapes, by columns and the fields in `attrs`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from hikeshi.errors import Refused
from hikeshi.events.event import COLUMNS
from hikeshi.stores.duck import DuckStore
from hikeshi.stores.integrity import UNKNOWN, integrity_of
from hikeshi.stores.steady import steady

MOST: Final = 50
"""Copies that are compared at most."""

OWN: Final = frozenset({"attrs", "dedup_key", "event_uid", "evidence_sha256", "offset", "path", "raw", "seq"})
"""Columns in which copies differ by nature, or that are looked into."""


class Witness(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery: which file, which record in it (from 1), and what digests prove of the file."""

    path: str
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
def testimony(store: DuckStore, event_uid: str) -> Testimony:
    """Who delivered an event, the kept copy first. Raises Refused for an id that no event has."""
    try:
        uid = bytes.fromhex(event_uid)
    except ValueError:
        uid = b""
    with store._connection() as con:  # noqa: SLF001  one engine in several files, as in detecting.py
        found = con.execute("SELECT * FROM parts WHERE event_uid = ? ORDER BY row_id", [uid])
        names = [described[0] for described in found.description]
        rows = [dict(zip(names, values, strict=True)) for values in found.fetchmany(MOST)]
        count = len(rows) + len(found.fetchall())
    if not rows:
        raise Refused(f"No event has the id {event_uid[:80]!r}.", hint="Take it from a row's event_uid.")
    proven = integrity_of(store.folder)
    return Testimony(
        event_uid=event_uid, count=count, differing=tuple(_differing(rows)),
        witnesses=tuple(
            Witness(
                path=row["path"], sha256=row["evidence_sha256"], seq=row["seq"],
                integrity=proven.get(row["evidence_sha256"], UNKNOWN),
            )
            for row in rows
        ),
    )  # fmt: skip


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
