"""What a parser and its shortcut make of the same bytes, as a store shows it."""

from __future__ import annotations

from typing import Any

import duckdb

from hikeshi.errors import Unreadable
from hikeshi.events.columns import batch
from hikeshi.events.event import Event
from hikeshi.events.fast import FAST
from hikeshi.events.parsers import PARSERS
from hikeshi.events.reading import read
from hikeshi.events.source import Source
from hikeshi.stores import derived

Found = tuple[list[dict[str, Any]], list[str]]
"""Rows in the order of their lines, and what could not be read."""


def by_parser(name: str, content: bytes) -> Found:
    found = list(read(Source.of(content), PARSERS[name]))
    rows = batch([one for one in found if isinstance(one, Event)]).to_pylist()
    return ordered(rows), sorted(str(one) for one in found if isinstance(one, Unreadable))


def by_columns(name: str, content: bytes) -> Found:
    source = Source.of(content)
    found = [*FAST[name](source), *source.troubles]
    rows = batch([one for one in found if isinstance(one, Event)]).to_pylist()
    rows += [row for one in found if not isinstance(one, (Event, Unreadable)) for row in told(one)]
    return ordered(rows), sorted(str(one) for one in found if isinstance(one, Unreadable))


def told(plain: Any) -> list[dict[str, Any]]:
    """The rows of a batch with the columns that the others tell."""
    quoted = {name: f'"{name}"' for name in plain.schema.names}
    names = [f"{derived.column(name, as_kept, derived.DUCKDB)} AS {as_kept}" for name, as_kept in quoted.items()]
    with duckdb.connect() as con:
        con.register("plain", plain)
        rows: list[dict[str, Any]] = con.sql(f"SELECT {', '.join(names)} FROM plain").to_arrow_table().to_pylist()
    return [derived.completed(row) for row in rows]


def ordered(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: row["seq"])
