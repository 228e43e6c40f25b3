"""Events as Arrow columns: the one place that knows how an event is stored. Parquet, DuckDB and Spark all take it from here."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import msgspec
import pyarrow as pa

from hikeshi.events.event import COLUMNS, Event, text_of

SIZE = 2048
"""Events turned into columns at once: enough to be fast, little enough to stay in the processor's cache."""

TYPES: dict[str, Any] = {
    "bool": pa.bool_(),
    "double": pa.float64(),
    "fixed_size_binary[16]": pa.binary(16),
    "float": pa.float32(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "list<string>": pa.list_(pa.string()),
    "string": pa.string(),
    "uint16": pa.uint16(),
}
"""The Arrow types by the names that columns are declared with."""

_OCTETS = frozenset({"raw", "attrs"})
_astuple = msgspec.structs.astuple


@cache
def schema() -> pa.Schema:
    """The Arrow schema of events."""
    return pa.schema([pa.field(name, TYPES[column.arrow]) for name, column in COLUMNS.items()])


def batch(events: Sequence[Event]) -> pa.RecordBatch:
    """The events as columns, in the order given."""
    values = zip(*map(_astuple, events), strict=True) if events else iter([()] * len(COLUMNS))
    return pa.record_batch(
        [_array(name, column) for name, column in zip(COLUMNS, values, strict=True)], schema=schema()
    )


def _array(name: str, values: Sequence[Any]) -> Any:
    if name in _OCTETS:
        return _text(values)
    kind = TYPES[COLUMNS[name].arrow]
    try:
        return pa.array(values, kind)
    except UnicodeEncodeError:  # half of a surrogate pair, as JSON can spell it
        return pa.array([_whole(value) for value in values], kind)


def _text(values: Sequence[bytes | None]) -> Any:
    """Bytes as text without decoding them twice; only what is not UTF-8 is rewritten, with escapes."""
    try:
        return pa.array(values, pa.binary()).cast(pa.string())
    except pa.ArrowInvalid:
        return pa.array([None if value is None else text_of(value) for value in values], pa.string())


def _whole(value: Any) -> Any:
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value
