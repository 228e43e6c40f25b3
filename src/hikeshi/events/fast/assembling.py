"""What shortcuts have in common: from some arrays to a batch in the schema of events."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from hikeshi.events.columns import TYPES, schema
from hikeshi.events.event import COLUMNS, event_uid


def assembled(made: Mapping[str, Any], count: int) -> Any:
    """The record batch of `count` rows. A column is an array, a text or number that all rows have, or missing: then it is empty."""
    return pa.record_batch([_column(name, made.get(name), count) for name in COLUMNS], schema=schema())


def _column(name: str, value: Any, count: int) -> Any:
    kind = TYPES[COLUMNS[name].arrow]
    if value is None:
        return pa.nulls(count, kind)
    if isinstance(value, (str, int)):
        return pa.repeat(pa.scalar(value, kind), count)
    found = value.combine_chunks() if isinstance(value, pa.ChunkedArray) else value
    return found if found.type == kind else found.cast(kind)


def uids(keys: Any) -> Any:
    """The id of each event, from its key."""
    return pa.array([event_uid(key) for key in keys.to_pylist()], pa.binary(16))


class Coded:
    """Texts of which many are equal: whatever is made of them is made once for each different one."""

    def __init__(self, texts: Any) -> None:
        coded = (texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts).dictionary_encode()
        self.distinct: list[str | None] = [*coded.dictionary.to_pylist(), None]
        self._indices = pc.fill_null(coded.indices, len(self.distinct) - 1) if coded.null_count else coded.indices

    def spread(self, values: list[Any], kind: Any) -> Any:
        """An array with the value that belongs to each row; `values` is in the order of `distinct`."""
        return pa.array(values, kind).take(self._indices)

    def mapped(self, change: Callable[[Any], str | None]) -> Any:
        """The texts, changed. None stands for a row without text."""
        return self.spread([change(text) for text in self.distinct], pa.string())


def lines_of(joined: bytes, count: int) -> Any:
    """The lines of `joined`, which are `count`, as an array of text. Raises ArrowInvalid where they are not UTF-8."""
    ends = b"\0\0\0\0" + len(joined).to_bytes(4, "little")
    whole = pa.StringArray.from_buffers(1, pa.py_buffer(ends), pa.py_buffer(joined))
    if not joined.isascii():
        whole.validate(full=True)
    found = pc.split_pattern(whole, "\n").values
    if len(found) != count:
        raise pa.ArrowInvalid(f"{len(found)} lines where {count} were expected")
    return found
