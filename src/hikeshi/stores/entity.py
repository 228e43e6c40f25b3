"""One principal, address, key or machine: everything a timeline says of it.

The same name stands in different columns in different logs (an address is a source here and a target there), so an entity is
looked for in all columns that can hold one.
"""

# SQL here is put together from our own text and from quoted columns of the schema; values are parameters.
# ruff: noqa: S608

from __future__ import annotations

from typing import Any, Final

import msgspec

from hikeshi.errors import Refused
from hikeshi.stores import questions
from hikeshi.stores.duck import DuckStore
from hikeshi.stores.steady import steady
from hikeshi.stores.store import Query, Value

COLUMNS: Final = (
    "actor_name", "actor_id", "access_key", "session_name", "session_issuer", "src_ip", "dst_ip", "src_host", "dst_host",
    "host", "instance", "interface", "resource_ids", "process", "hash_sha256",
)  # fmt: skip
"""Where something can be named, the likeliest first."""

TOLD: Final = ("source_kind", "action", "outcome", "actor_name", "src_ip", "user_agent", "region")

BY_BITS: Final[dict[int, str | None]] = {
    (1 << len(TOLD)) - 1: None,
    **{(1 << len(TOLD)) - 1 - (1 << at): column for at, column in enumerate(reversed(TOLD))},
}
"""The column that a row is grouped by, by the number in which SQL has a bit for each one it is not grouped by, the last one lowest."""


class Entity(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of `value`. Times are UTC microseconds; counts are distinct events."""

    value: str
    events: int
    first_us: int | None
    last_us: int | None
    named_in: tuple[tuple[str, int], ...]
    """The columns that name it and how many events each."""
    told: dict[str, tuple[tuple[Value, int], ...]]
    """Of each column in TOLD, the most frequent values in its events."""


def everything(value: str, query: Query | None = None) -> Query:
    """The query for all events that name `value`, within what `query` allows. Raises `Refused` for an empty name."""
    if not value.strip():
        raise Refused("Nothing was named.", hint="Name a principal, an address, a key or an instance.")
    return msgspec.structs.replace(query or Query(), marks=tuple((column, value.strip()) for column in COLUMNS))


def entity(store: DuckStore, value: str, query: Query | None = None, top: int = 10) -> Entity:
    """First and last seen, and what its events have in common: all of it in one reading of the events."""
    counted = _counted(store, everything(value, query))
    (_, events, first, last, *named), *_ = counted.pop(None)
    return Entity(
        value=value.strip(),
        events=events,
        first_us=first,
        last_us=last,
        named_in=tuple((column, count) for column, count in zip(COLUMNS, named, strict=True) if count),
        told={column: _most(counted.get(column, []), top) for column in TOLD} if events else {},
    )


@steady
def _counted(store: DuckStore, asked: Query) -> dict[str | None, list[tuple[Any, ...]]]:
    """For each column in TOLD its values, each with how many events have it, the first and the last time, and how many name what is asked for in
    each of COLUMNS; under None the same for all events together.
    """
    condition, values = questions.where(asked)
    marks = [questions.matches(column, value) for column, value in asked.marks]
    named = ", ".join(f"count(*) FILTER ({mark})" for mark, _ in marks)
    told = [questions.column(column) for column in TOLD]
    sql = (
        f"SELECT GROUPING_ID({', '.join(told)}), coalesce({', '.join(told)}), count(*), min(ts), max(ts), {named} "
        f"FROM {store._during(asked)} AND {condition} GROUP BY GROUPING SETS ((), {', '.join(f'({one})' for one in told)})"  # noqa: SLF001
    )
    found: dict[str | None, list[tuple[Any, ...]]] = {}
    with store._connection() as con:  # noqa: SLF001  one engine in several files, as in detecting.py
        for column, *row in con.execute(sql, [*(value for _, given in marks for value in given), *values]).fetchall():
            found.setdefault(BY_BITS[column], []).append(tuple(row))
    return found


def _most(counted: list[tuple[Any, ...]], top: int) -> tuple[tuple[Value, int], ...]:
    """The most frequent values, as `Store.facet` has them."""
    there = sorted(
        ((value, count) for value, count, *_ in counted if value is not None), key=lambda one: (-one[1], one[0])
    )
    return tuple(there[:top])
