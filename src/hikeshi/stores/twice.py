"""Whether a flow is there twice among those that were just read. What folding would look for (folding.py) is found here for a third of the
time, as long as the columns are in memory; so it only looks where several blocks have flows of the same time.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from functools import reduce
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from hikeshi.events.columns import is_one
from hikeshi.events.parsers import vpcflow

AT_ONCE = 15_000
"""Flows that are compared at once, about: the table of more than 16,384 would not stay in the cache of the processor."""

FACTORS = {
    "ts": -0x61C8864680B583EB, "ts_end": 0x3C6EF372FE94F82B, "src_port": 0x1F83D9ABFB41BD6B, "dst_port": 0x5BE0CD19137E2179,
    "interface": 0x2545F4914F6CDD1D, "src_ip": 0x510E527FADE682D1, "dst_ip": 0x428A2F98D728AE23,
}  # fmt: skip
"""Columns that give a flow a short name, and by what they are multiplied: odd numbers of 64 bits. Texts only where equal ones are coded."""

KEY = ("ts", "ts_end", "src_port", "dst_port", "interface", "src_ip", "dst_ip", "proto", "action")
"""Columns in which the same flow is the same."""


def surely_once(events: pa.Table) -> bool:
    """Whether all of these are flows, and each is another. They are in order (columns.py); columns without a value may be left out."""
    kind = events["source_kind"]
    if not is_one(kind) or kind[0].as_py() != vpcflow.NAME:
        return False
    named = [name for name in FACTORS if name in events.column_names and events[name].type != pa.string()]
    names = reduce(pc.add, (pc.multiply(_numbers(events[name].combine_chunks()), FACTORS[name]) for name in named))
    return all(_differ(names[start:end], events, start) for start, end in _of_one_time(events["ts"].combine_chunks()))


def _numbers(whole: Any) -> Any:
    numbers = (whole.indices if pa.types.is_dictionary(whole.type) else whole).cast(pa.int64())
    return pc.fill_null(numbers, -1) if numbers.null_count else numbers


def _of_one_time(times: Any) -> Iterator[tuple[int, int]]:
    """From which to which row is compared at once: rows of one time are together."""
    start = 0
    while start < len(times):
        last = min(start + AT_ONCE, len(times)) - 1
        end = bisect_right(times, times[last].as_py(), lo=last, key=lambda time: time.as_py())
        yield start, end
        start = end


def _differ(names: Any, events: pa.Table, start: int) -> bool:
    """Whether these rows are different flows: by their names, and by their texts where a name is there twice."""
    if pc.count_distinct(names).as_py() == len(names):
        return True
    counted = pc.value_counts(names)
    several = counted.field("values").filter(pc.greater(counted.field("counts"), 1))
    columns = [name for name in KEY if name in events.column_names]
    rows = events.slice(start, len(names)).select(columns).filter(pc.is_in(names, several))
    texts = [pc.fill_null(column.cast(pa.string()), "-") for column in rows.columns]
    return bool(pc.count_distinct(pc.binary_join_element_wise(*texts, " ")).as_py() == rows.num_rows)
