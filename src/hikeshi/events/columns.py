"""Events as Arrow columns: the one place that knows how an event is stored. Parquet, DuckDB and Spark all take it from here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from hikeshi.events.event import COLUMNS, Event, text_of
from hikeshi.events.times import SECOND

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

UNLIKE = frozenset({"attrs", "dedup_key", "event_uid", "message", "offset", "raw", "seq", "ts", "ts_end", "ts_raw"})
"""Columns of which hardly two values are equal: looking for equal ones would only cost time."""

ALIKE = 16
"""How often texts are there at least, on average, that are kept as numbers of a list of different ones."""

_OCTETS = frozenset({"raw", "attrs"})
_astuple = msgspec.structs.astuple


@cache
def schema() -> pa.Schema:
    """The Arrow schema of events."""
    return pa.schema([pa.field(name, TYPES[column.arrow]) for name, column in COLUMNS.items()])


@cache
def coded_schema() -> pa.Schema:
    """The same, with texts that are often equal as numbers of a list of different ones, and the others as places in one long text.

    So there is less to move, sort and compress.
    """
    return pa.schema([pa.field(one.name, _coded(one)) for one in schema()])


def _coded(field: Any) -> Any:
    if field.type != pa.string():
        return field.type
    return pa.string_view() if field.name in UNLIKE else pa.dictionary(pa.int32(), pa.string())


def empty(kind: Any, count: int) -> Any:
    """A column without any value. Most columns of a log are such: they are parts of one that is made once."""
    return _nothing(kind, _rounded(count)).slice(0, count)


@lru_cache(64)
def _nothing(kind: Any, count: int) -> Any:
    return pa.nulls(count, kind)


def _rounded(count: int) -> int:
    """The next power of two, so that few lengths are kept and not that of every batch."""
    return 1 << max(0, count - 1).bit_length()


def repeated(value: str | int, kind: Any, count: int) -> Any:
    """A column with one value in every row."""
    if not pa.types.is_dictionary(kind):
        return pa.repeat(pa.scalar(value, kind), count)
    return _coded_once(pa.array([value], kind.value_type), count)


def _coded_once(texts: Any, count: int) -> Any:
    """A column of the only text of an array."""
    return pa.DictionaryArray.from_arrays(_zeros(_rounded(count)).slice(0, count), texts)


@lru_cache(8)
def _zeros(count: int) -> Any:
    return pa.Array.from_buffers(pa.int32(), count, [None, pa.py_buffer(bytes(4 * count))])


def coded(plain: pa.RecordBatch) -> pa.RecordBatch:
    """A batch of `batch` in the coded schema."""
    pairs = zip(plain.columns, coded_schema(), strict=True)
    return pa.record_batch([as_coded(one, field.type) for one, field in pairs], schema=coded_schema())


def as_coded(values: Any, kind: Any) -> Any:
    """An array in a type of the coded schema."""
    if values.type == kind:
        return values
    return values.dictionary_encode() if pa.types.is_dictionary(kind) else values.cast(kind)


def in_order(batches: list[pa.RecordBatch], names: Iterable[str] = COLUMNS) -> pa.Table:
    """These columns of batches in the coded schema as one table in the order of time.

    The list is empty afterwards: columns go one by one, so that memory holds only one of them twice.
    """
    names = list(names)
    order = _order(pa.concat_arrays([batch["ts"] for batch in batches]))
    chunks = [[batch[name] for batch in batches] for name in reversed(names)]
    batches.clear()
    return pa.table([_taken(chunks.pop(), order) for _ in names], names=names)


def _order(times: Any) -> Any:
    """The order of times, in which those of one time stay as they are; None where they are in it already.

    Whole seconds of less than a day are counted, which is ten times as fast.
    """
    if pc.all(pc.less_equal(times[:-1], times[1:]), min_count=0).as_py():
        return None
    seconds = pc.divide(times, SECOND)
    return pc.array_sort_indices(seconds if pc.multiply(seconds, SECOND).equals(times) else times)


def _taken(chunks: Sequence[Any], order: Any) -> Any:
    """The values in that order. Taking from one chunk is many times as fast as from several, and from none or one value there is nothing to do."""
    count = sum(map(len, chunks))
    if all(one.null_count == len(one) for one in chunks):
        return empty(chunks[0].type, count)
    if all(map(is_one, chunks)) and all(one.dictionary.equals(chunks[0].dictionary) for one in chunks):
        return _coded_once(chunks[0].dictionary, count)
    if _differ(chunks):
        chunks = [one.cast(pa.string()) for one in chunks]
    whole = chunks[0] if len(chunks) == 1 else pa.concat_arrays(chunks)
    if order is None:
        return whole
    return picked(whole, order) if whole.type == pa.string_view() else whole.take(order)


def _differ(chunks: Sequence[Any]) -> bool:
    """Whether texts of several batches are too many to be kept as numbers of a list."""
    if len(chunks) == 1 or not pa.types.is_dictionary(chunks[0].type):
        return False
    return sum(len(one.dictionary) for one in chunks) * ALIKE > sum(map(len, chunks))


def is_one(values: Any) -> bool:
    """Whether all rows have the same text, so that a column takes no room."""
    whole = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    return pa.types.is_dictionary(whole.type) and len(whole.dictionary) == 1 and not whole.null_count


def picked(whole: Any, order: Any) -> Any:
    """Long texts at some places, none of which is moved: moved are only the 16 bytes that say where each is."""
    valid, views, *texts = whole.buffers()
    taken = pa.Array.from_buffers(pa.binary(16), len(whole), [valid, views]).take(order)
    return pa.Array.from_buffers(pa.string_view(), len(order), [*taken.buffers(), *texts])


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
