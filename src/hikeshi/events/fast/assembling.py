"""What shortcuts have in common: from some arrays to a batch in the schema of events."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from hikeshi.events.columns import as_coded, coded_schema, empty, picked, repeated
from hikeshi.events.event import COLUMNS, UID, digests
from hikeshi.events.source import Line

if TYPE_CHECKING:
    from hikeshi.events.fast.blocks import Block

AT_ONCE = 2048
"""Keys that are objects at a time: few enough to stay in the processor's cache."""


def assembled(made: Mapping[str, Any], count: int) -> Any:
    """The record batch of `count` rows. A column is an array, a text or number that all rows have, or missing: then it is empty."""
    return pa.record_batch([_column(name, made.get(name), count) for name in COLUMNS], schema=coded_schema())


def _column(name: str, value: Any, count: int) -> Any:
    kind = coded_schema().field(name).type
    if value is None:
        return empty(kind, count)
    if isinstance(value, (str, int)):
        return repeated(value, kind, count)
    return as_coded(value.combine_chunks() if isinstance(value, pa.ChunkedArray) else value, kind)


def uids(keys: Any, front: str = "") -> Any:
    """The id of each event, from its key behind `front`: what `event_uid` makes of it, without the way through text."""
    octets, begin = keys.cast(pa.binary()), front.encode()
    made = [digests(octets.slice(at, AT_ONCE).to_pylist(), begin) for at in range(0, len(octets), AT_ONCE)]
    return pa.Array.from_buffers(pa.binary(UID), len(octets), [None, pa.py_buffer(b"".join(made))])


class Coded:
    """Texts of which many are equal: whatever is made of them is made once for each different one."""

    def __init__(self, texts: Any) -> None:
        whole = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
        coded = whole if pa.types.is_dictionary(whole.type) else whole.dictionary_encode()
        self.distinct: list[str | None] = [*coded.dictionary.to_pylist(), None]
        self._indices = pc.fill_null(coded.indices, len(self.distinct) - 1) if coded.null_count else coded.indices

    def spread(self, values: list[Any], kind: Any) -> Any:
        """An array with the value that belongs to each row; `values` is in the order of `distinct`. Texts stay coded."""
        made = pa.array(values, kind)
        if kind != pa.string():
            return made.take(self._indices)
        once = made.dictionary_encode()  # two texts may have become one
        return pa.DictionaryArray.from_arrays(once.indices.take(self._indices), once.dictionary)

    def mapped(self, change: Callable[[Any], str | None]) -> Any:
        """The texts, changed. None stands for a row without text."""
        return self.spread([change(text) for text in self.distinct], pa.string())


def as_text(texts: Any) -> Any:
    """Coded texts as texts, to be joined with others."""
    return texts.cast(pa.string())


def cut(texts: Any, where: Any) -> Any:
    """Of each text the octets from `where` >> 16 to `where` & 0xFFFF; null where that is null."""
    coded, octets = where.dictionary_encode(), texts.cast(pa.binary())
    if len(coded.dictionary) == 1 and not coded.null_count:
        return pc.binary_slice(octets, *_ends(coded.dictionary[0].as_py())).cast(pa.string())
    order = pc.array_sort_indices(coded.indices)
    sorted_by, at, pieces = octets.take(order), 0, []
    for one in pc.value_counts(coded.indices.drop_null()).to_pylist():
        begin, end = _ends(coded.dictionary[one["values"]].as_py())
        pieces.append((one["values"], one["counts"], begin, end))
    found = []
    for _, count, begin, end in sorted(pieces):
        found.append(pc.binary_slice(sorted_by.slice(at, count), begin, end))
        at += count
    whole = pa.concat_arrays([*found, pa.nulls(coded.null_count, pa.binary())])
    return whole.take(pc.inverse_permutation(order.view(pa.int64()))).cast(pa.string())


def _ends(where: int) -> tuple[int, int]:
    return where >> 16, where & 0xFFFF


def placed(block: Block) -> dict[str, Any]:
    """The numbers and the first bytes of the lines of a block."""
    lengths = pc.binary_length(block.rows)
    ends = pc.cumulative_sum(pc.add(lengths.cast(pa.int64()), 1))
    return {
        "seq": pa.arange(block.number + 1, block.number + 1 + len(lengths)),
        "offset": pc.add(pc.subtract(ends, pc.add(lengths, 1)), block.offset),
    }


def parted(place: dict[str, Any], kept: Any) -> tuple[dict[str, Any], list[Line]]:
    """The places that are kept, and the others as lines."""
    taken = {name: values.filter(pc.invert(kept)).to_pylist() for name, values in place.items()}
    rows = zip(taken["seq"], taken["offset"], taken["raw"], strict=True)
    lines = [Line(seq, offset, raw.encode().removesuffix(b"\r")) for seq, offset, raw in rows]
    return {name: values.filter(kept) for name, values in place.items()}, lines


def in_place(joined: bytes | bytearray, begins: Sequence[int]) -> Any:
    """The lines of `joined`, of which each begins behind the end of another, as an array of text that copies none of them.

    Raises ArrowInvalid where they are not UTF-8.
    """
    count = len(begins)
    bounds = [0] * (2 * count + 1)  # of lines, and of the ends between them
    bounds[0:-1:2] = begins
    bounds[1::2] = [*[begin - 1 for begin in begins[1:]], len(joined)]
    bounds[-1] = len(joined)
    at = pa.py_buffer(array("i", bounds))
    pieces = pa.StringArray.from_buffers(2 * count, at, pa.py_buffer(joined)).cast(pa.string_view())
    made = picked(pieces, pa.arange(0, 2 * count, 2))
    if not joined.isascii():
        made.validate(full=True)
    return made


def lines_of(joined: bytes) -> Any:
    """The lines of `joined` as an array of text. Raises ArrowInvalid where they are not UTF-8."""
    ends = b"\0\0\0\0" + len(joined).to_bytes(4, "little")
    whole = pa.StringArray.from_buffers(1, pa.py_buffer(ends), pa.py_buffer(joined))
    if not joined.isascii():
        whole.validate(full=True)
    return pc.split_pattern(whole, "\n").values
