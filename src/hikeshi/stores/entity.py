"""One principal, address, key or machine: everything a timeline says of it, from any store.

The same name stands in different columns in different logs (an address is a source here and a target there), so an entity is
looked for in all columns that can hold one.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from hikeshi.errors import Refused
from hikeshi.stores.store import Query, Store, Value

COLUMNS: Final = (
    "actor_name", "actor_id", "access_key", "session_name", "session_issuer", "src_ip", "dst_ip", "src_host", "dst_host",
    "host", "instance", "interface", "resource_ids", "process", "hash_sha256",
)  # fmt: skip
"""Where something can be named, the likeliest first."""

TOLD: Final = ("source_kind", "action", "outcome", "actor_name", "src_ip", "user_agent", "region")


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


def entity(store: Store, value: str, query: Query | None = None, top: int = 10) -> Entity:
    """First and last seen, and what its events have in common."""
    asked = everything(value, query)
    count = store.count(asked)
    first = _at(store, asked, descending=False)
    named = ((column, store.count(_in(asked, column))) for column in COLUMNS) if count else ()
    return Entity(
        value=value.strip(),
        events=count,
        first_us=first,
        last_us=_at(store, asked, descending=True),
        named_in=tuple((column, events) for column, events in named if events),
        told={column: tuple(store.facet(column, asked, top=top)) for column in TOLD} if count else {},
    )


def _in(asked: Query, column: str) -> Query:
    return msgspec.structs.replace(asked, marks=tuple(pair for pair in asked.marks if pair[0] == column))


def _at(store: Store, asked: Query, *, descending: bool) -> int | None:
    rows: list[dict[str, Any]] = store.events(
        msgspec.structs.replace(asked, limit=1, descending=descending, after=None)
    )
    return int(rows[0]["ts"]) if rows else None
