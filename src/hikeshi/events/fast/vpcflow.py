"""VPC flow logs a column at a time; parsers/vpcflow.py says what the events are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from hikeshi.errors import Unreadable
from hikeshi.events.addresses import address
from hikeshi.events.columns import TYPES, batch, schema
from hikeshi.events.event import COLUMNS, Event, event_uid
from hikeshi.events.parsers import vpcflow
from hikeshi.events.parsers.vpcflow import DOCUMENTED, KEY, LAST, OUTCOMES, PROTOCOLS, WIDTHS, Layout
from hikeshi.events.reading import stamped
from hikeshi.events.source import Line, Source
from hikeshi.events.times import SECOND

BLOCK = 8192
PLAIN = bytes(code for code in range(0x20, 0x7F) if chr(code) not in '"\\') + b"\n"
"""Bytes that mean the same to lines, CSV and JSON."""

NUMBERS = {
    "start": LAST, "end": LAST, "srcport": 65535, "dstport": 65535, "tcp-flags": 65535, "bytes": 1 << 62, "packets": 1 << 62,
}  # fmt: skip
"""Fields that are numbers, and the most they can be."""

SAME = {
    "direction": "flow-direction", "flow_action": "action", "flow_status": "log-status", "account": "account-id", "region": "region",
    "zone": "az-id", "vpc": "vpc-id", "subnet": "subnet-id", "instance": "instance-id", "interface": "interface-id",
}  # fmt: skip
"""Columns that hold a field as it is."""


class _NotPlainError(Exception):
    """Something in the block needs the parser."""


def batches(source: Source) -> Iterator[Any | Unreadable]:
    """Record batches of the source's flows and gaps, and what could not be read."""
    layout: Layout | None = None
    block: list[Line] = []
    for line in source.lines():
        if not line.data[:1].isdigit():
            if not line.data.strip():
                continue
            if (told := vpcflow.header(line)) is not None:
                yield from _block(block, layout, source)
                layout, block = told, []
                continue
        block.append(line)
        if len(block) == BLOCK:
            yield from _block(block, layout, source)
            block = []
    yield from _block(block, layout, source)


def _block(lines: list[Line], layout: Layout | None, source: Source) -> Iterator[Any | Unreadable]:
    if not lines:
        return
    try:
        plain, odd = _columns(lines, layout, source)
    except (_NotPlainError, pa.ArrowInvalid):
        yield from _slowly(lines, layout, source)
        return
    yield plain
    yield from _slowly(odd, layout, source)


def _slowly(lines: list[Line], layout: Layout | None, source: Source) -> Iterator[Any | Unreadable]:
    events: list[Event] = []
    for found in stamped(vpcflow.of_lines(lines, layout, source), source, vpcflow):
        if isinstance(found, Event):
            events.append(found)
        else:
            yield found
    if events:
        yield batch(events)


def _columns(lines: list[Line], layout: Layout | None, source: Source) -> tuple[Any, list[Line]]:
    """The plain lines as columns, and the lines that are left. Raises _NotPlainError where the block is the parser's."""
    fields = _fields(lines, layout)
    odd = _odd(fields)
    left: list[Line] = []
    if pc.any(odd).as_py():
        left = [line for line, is_odd in zip(lines, odd.to_pylist(), strict=True) if is_odd]
        lines = [line for line, is_odd in zip(lines, odd.to_pylist(), strict=True) if not is_odd]
        fields = fields.filter(pc.invert(odd))
    made = _made(fields, lines) | {
        "source_kind": vpcflow.NAME, "parser_version": vpcflow.VERSION, "path": source.name, "evidence_sha256": source.sha256,
        "provider": "aws", "service": "vpc", "category": "flow", "ts_precision": "window", "ts_desc": "window_start", "ts_basis": "utc",
    }  # fmt: skip
    count = len(lines)
    return pa.record_batch([_column(name, made.get(name), count) for name in COLUMNS], schema=schema()), left


def _column(name: str, value: Any, count: int) -> Any:
    kind = TYPES[COLUMNS[name].arrow]
    if value is None:
        return pa.nulls(count, kind)
    if isinstance(value, str):
        return pa.repeat(pa.scalar(value, kind), count)
    found = value.combine_chunks() if isinstance(value, pa.ChunkedArray) else value
    return found if found.type == kind else found.cast(kind)


def _fields(lines: list[Line], layout: Layout | None) -> Any:
    """A table of text, one column for each field; "-" is null."""
    text = b"\n".join([line.data for line in lines])
    names = layout.names if layout else DOCUMENTED[: len(lines[0].data.split())]
    if (
        text.translate(None, PLAIN)
        or (layout is None and len(names) not in WIDTHS)
        or not set(KEY) <= set(names)
        or len(set(names)) < len(names)
    ):
        raise _NotPlainError
    table = csv.read_csv(
        pa.py_buffer(text),
        read_options=csv.ReadOptions(column_names=list(names), use_threads=False, block_size=len(text) + 1),
        parse_options=csv.ParseOptions(delimiter=" ", quote_char=False, double_quote=False),
        convert_options=csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), null_values=["-"], strings_can_be_null=True
        ),
    )
    if table.num_rows != len(lines):
        raise _NotPlainError
    return table


def _odd(fields: Any) -> Any:
    """Lines without one of the fields that make a flow a flow: gaps, and others that are not plain."""
    odd = pc.is_null(fields[KEY[0]])
    for name in KEY[1:]:
        odd = pc.or_(odd, pc.is_null(fields[name]))
    return odd.combine_chunks()


def _made(fields: Any, lines: list[Line]) -> dict[str, Any]:
    numbers = {name: _number(fields[name], most) for name, most in NUMBERS.items() if name in fields.column_names}
    keys = pc.binary_join_element_wise("vpcflow", *(fields[name] for name in KEY), ":")
    version = fields["version"] if "version" in fields.column_names else None
    made: dict[str, Any] = {
        "event_uid": pa.array([event_uid(key) for key in keys.to_pylist()], pa.binary(16)),
        "dedup_key": keys,
        "ts": pc.multiply(numbers["start"], SECOND),
        "ts_end": pc.multiply(numbers["end"], SECOND),
        "ts_raw": fields["start"],
        "seq": pa.array([line.number for line in lines], pa.int64()),
        "offset": pa.array([line.offset for line in lines], pa.int64()),
        "raw": pa.array([line.data for line in lines], pa.binary()).cast(pa.string()),
        "source_variant": "v?" if version is None else pc.binary_join_element_wise("v", pc.fill_null(version, "?"), ""),
        "action": fields["action"],
        "outcome": _mapped(fields["action"], lambda text: OUTCOMES.get(text, "unknown")),
        "src_ip": _mapped(fields["srcaddr"], address),
        "dst_ip": _mapped(fields["dstaddr"], address),
        "src_port": numbers["srcport"],
        "dst_port": numbers["dstport"],
        "proto": _mapped(fields["protocol"], lambda text: PROTOCOLS.get(text, text)),
        "bytes": numbers.get("bytes"),
        "packets": numbers.get("packets"),
        "tcp_flags": numbers.get("tcp-flags"),
        "attrs": _attrs(fields),
        "message": _message(fields),
    }
    return made | {column: fields[name] for column, name in SAME.items() if name in fields.column_names}


def _number(texts: Any, most: int) -> Any:
    if not pc.all(pc.ascii_is_decimal(texts)).as_py() and texts.null_count < len(texts):
        raise _NotPlainError
    numbers = texts.cast(pa.int64())
    if (pc.max(numbers).as_py() or 0) > most:
        raise _NotPlainError
    return numbers


def _mapped(texts: Any, change: Any) -> Any:
    """Each different text is changed once."""
    coded = texts.combine_chunks().dictionary_encode()
    return pa.array([change(text) for text in coded.dictionary.to_pylist()], pa.string()).take(coded.indices)


def _message(fields: Any) -> Any:
    have = fields.column_names

    def shown(name: str) -> Any:
        return pc.fill_null(fields[name], "?") if name in have else "?"

    return pc.binary_join_element_wise(
        shown("srcaddr"), ":", shown("srcport"), " -> ", shown("dstaddr"), ":", shown("dstport"), " ",
        shown("action"), ", ", shown("bytes"), " bytes", "",
    )  # fmt: skip


def _attrs(fields: Any) -> Any:
    """JSON of the fields without a column, put together as text: quotes and backslashes are the parser's."""
    rest = [name for name in fields.column_names if name not in vpcflow.COLUMNS]
    if not rest:
        return None
    pairs = [pc.binary_join_element_wise(f'"{name}":"', fields[name], '"', "") for name in rest]
    joined = pc.binary_join_element_wise(*pairs, ",", null_handling="skip")
    whole = pc.binary_join_element_wise("{", joined, "}", "")
    return pc.if_else(pc.equal(joined, ""), pa.scalar(None, pa.string()), whole)
