"""VPC flow logs a column at a time; parsers/vpcflow.py says what the events are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from hikeshi.errors import Unreadable
from hikeshi.events.addresses import address
from hikeshi.events.event import Event
from hikeshi.events.fast.assembling import Coded, assembled, parted, placed, uids
from hikeshi.events.fast.blocks import SIZE as BLOCK, SMALL, Block, blocks
from hikeshi.events.parsers import vpcflow
from hikeshi.events.parsers.vpcflow import DOCUMENTED, KEY, LAST, OUTCOMES, PROTOCOLS, WIDTHS, Layout
from hikeshi.events.reading import stamped
from hikeshi.events.source import Line, Source
from hikeshi.events.times import SECOND

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

OFTEN = {"version", *SAME.values()}.difference(KEY)
"""Fields with few different values that are not put together with others as text."""

DEFAULT = DOCUMENTED[:14]
"""The layout where nobody chose another."""

LEFT = frozenset({"dedup_key", "message", "ts_raw"})
"""Columns that the others tell where all fields are written as we would write them."""

CODED = pa.dictionary(pa.int32(), pa.string())


class _NotPlainError(Exception):
    """Something in the block needs the parser."""


def batches(source: Source) -> Iterator[Any | Event | Unreadable]:
    """Record batches of the source's flows, events that are the parser's, and what could not be read."""
    flows = _Flows(source)
    for block in blocks(source, BLOCK):
        yield from flows.block(block) if isinstance(block, Block) else flows.slowly(block)


class _Flows:
    """The flows of a source, and the layout as far as it has been read."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._layout: Layout | None = None

    def slowly(self, lines: Iterable[Line]) -> Iterator[Event | Unreadable]:
        """What the parser makes of the lines."""
        for line in lines:
            if not line.data[:1].isdigit() and line.data.strip() and (told := vpcflow.header(line)) is not None:
                self._layout = told
                continue
            yield from stamped(vpcflow.of_lines([line], self._layout, self._source), self._source, vpcflow)

    def block(self, block: Block) -> Iterator[Any | Event | Unreadable]:
        if not block.text[:1].isdigit():  # a header, most likely
            first, newline, rest = block.text.partition(b"\n")
            yield from self.slowly(self._source.lines([first], number=block.number, offset=block.offset))
            block = Block(rest, block.number + 1, block.offset + len(first) + 1)
            if not newline:
                return
        try:
            plain, left = _columns(block, self._layout, self._source)
        except (_NotPlainError, pa.ArrowInvalid):
            if block.text.count(b"\n") < SMALL:
                yield from self.slowly(block.lines(self._source))
                return
            for half in block.halves():
                yield from self.block(half)
            return
        if plain is not None:
            yield plain
        yield from self.slowly(left)


def _columns(block: Block, layout: Layout | None, source: Source) -> tuple[Any, list[Line]]:
    """The plain lines as columns, and the lines that are left. Raises _NotPlainError where the block is the parser's."""
    place = placed(block.text, block.number, block.offset)
    count = len(place["raw"])
    fields, wrong = _fields(block.text, count, layout)
    numbers, odd = _numbers(fields)
    left: list[Line] = []
    if wrong or pc.any(odd).as_py():
        keep = pc.invert(odd)
        fields, numbers = fields.filter(keep), {name: values.filter(keep) for name, values in numbers.items()}
        place, left = _parted(place, wrong, odd)
    if not fields.num_rows:
        return None, left
    told = _told(fields, numbers)
    made = _made(fields, numbers, told) | {name: value for name, value in place.items() if name not in told} | {
        "source_kind": vpcflow.NAME, "parser_version": vpcflow.VERSION, "path": source.name, "evidence_sha256": source.sha256,
        "provider": "aws", "service": "vpc", "category": "flow", "ts_precision": "window", "ts_desc": "window_start", "ts_basis": "utc",
    }  # fmt: skip
    return assembled(made, fields.num_rows), left


def _parted(place: dict[str, Any], wrong: set[int], odd: Any) -> tuple[dict[str, Any], list[Line]]:
    """The places of the plain lines, and the lines that are not: `wrong` by their number in the block, `odd` of the others."""
    marks = iter(odd.to_pylist())
    return parted(
        place, pa.array([not (n in wrong or next(marks)) for n in range(1, len(place["raw"]) + 1)], pa.bool_())
    )


def _fields(text: bytes, count: int, layout: Layout | None) -> tuple[Any, set[int]]:
    """A table of text, one column for each field; "-" is null. And the numbers of the lines that have too many fields or too few."""
    first = text.partition(b"\n")[0]
    names = layout.names if layout else DOCUMENTED[: len(first.split())]
    if (
        text.translate(None, PLAIN)
        or (layout is None and len(names) not in WIDTHS)
        or not set(KEY) <= set(names)
        or len(set(names)) < len(names)
    ):
        raise _NotPlainError
    wrong: set[int] = set()
    table = csv.read_csv(
        pa.py_buffer(text),
        read_options=csv.ReadOptions(column_names=list(names), use_threads=False, block_size=len(text) + 1),
        parse_options=csv.ParseOptions(
            delimiter=" ", quote_char=False, double_quote=False, invalid_row_handler=lambda row: _passed(row, wrong)
        ),
        convert_options=csv.ConvertOptions(
            column_types={name: CODED if name in OFTEN else pa.string() for name in names},
            null_values=["-"],
            strings_can_be_null=True,
        ),
    )
    if table.num_rows + len(wrong) != count or (wrong and layout is None):  # an empty line is no row
        raise _NotPlainError
    fields = table.combine_chunks()
    if not fields.num_rows or (all(map(_has_text, fields.columns)) and _begins_with_digits(fields.column(0))):
        return fields, wrong
    raise _NotPlainError


def _has_text(column: Any) -> bool:
    """Whether no field is empty, as one is where two spaces follow each other or a line ends in one."""
    shortest = pc.min(pc.binary_length(_different(column))).as_py()
    return shortest is None or shortest > 0


def _begins_with_digits(column: Any) -> bool:
    """Whether each line begins as a flow does and a header does not."""
    first = pc.binary_slice(_different(column).cast(pa.binary()), 0, 1).cast(pa.string())
    return not column.null_count and bool(pc.all(pc.ascii_is_decimal(first)).as_py())


def _different(column: Any) -> Any:
    """The values of a column; of a coded one each once."""
    whole = _one(column)
    return whole.dictionary if pa.types.is_dictionary(whole.type) else whole


def _passed(row: Any, wrong: set[int]) -> str:
    if row.number is None or not row.text[:1].isdigit():  # a header tells another layout for what follows
        return "error"
    wrong.add(row.number)
    return "skip"


def _numbers(fields: Any) -> tuple[dict[str, Any], Any]:
    """The fields that are numbers, and which lines are odd: without a field that makes a flow a flow, or with a number that is none."""
    odd = pa.repeat(pa.scalar(False), fields.num_rows)
    for name in KEY:
        odd = pc.or_(odd, pc.is_null(_one(fields[name])))
    numbers: dict[str, Any] = {}
    for name, most in NUMBERS.items():
        if name not in fields.column_names:
            continue
        texts = _one(fields[name])
        read = pc.and_(pc.ascii_is_decimal(texts), pc.less(pc.binary_length(texts), 19))
        if not pc.all(read).as_py():
            odd = pc.or_(odd, pc.fill_null(pc.invert(read), False))
            texts = pc.if_else(pc.fill_null(read, False), texts, pa.scalar(None, pa.string()))
        numbers[name] = texts.cast(pa.int64())
        if (pc.max(numbers[name]).as_py() or 0) > most:
            odd = pc.or_(odd, pc.fill_null(pc.greater(numbers[name], most), False))
    return numbers, odd


def _one(column: Any) -> Any:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _told(fields: Any, numbers: dict[str, Any]) -> frozenset[str]:
    """The columns that the other columns tell of every row, so that they are left empty (stores/derived.py)."""
    verbatim = (
        all(_is_shortest(_one(fields[name]), values) for name, values in numbers.items())
        and all(_is_same(fields[name], address) for name in ("srcaddr", "dstaddr"))
        and _is_same(fields["protocol"], lambda text: None if text in PROTOCOLS.values() else text)
    )
    if not verbatim:
        return frozenset()
    return LEFT if tuple(fields.column_names) != DEFAULT else LEFT | {"raw"}


def _is_same(texts: Any, change: Callable[[str], str | None]) -> bool:
    """Whether no text would be changed."""
    return all(change(text) == text for text in pc.unique(_one(texts)).to_pylist())


def _is_shortest(texts: Any, numbers: Any) -> bool:
    """Whether no number has zeros in front: together the texts are then as long as the digits that their numbers need."""
    span = pc.min_max(numbers).as_py()
    least, most = len(str(span["min"] or 0)), len(str(span["max"] or 0))
    longer = (pc.sum(pc.greater_equal(numbers, 10**length)).as_py() or 0 for length in range(least, most))
    digits = (len(numbers) - numbers.null_count) * least + sum(longer)
    return bool(digits == (pc.sum(pc.binary_length(texts)).as_py() or 0))


def _made(fields: Any, numbers: dict[str, Any], told: frozenset[str]) -> dict[str, Any]:
    keys = _one(pc.binary_join_element_wise("vpcflow", *(fields[name] for name in KEY), ":"))
    version = fields["version"] if "version" in fields.column_names else None
    protocols, actions = Coded(fields["protocol"]), Coded(fields["action"])
    made: dict[str, Any] = {
        "event_uid": uids(keys),
        "dedup_key": None if "dedup_key" in told else keys,
        "ts": pc.multiply(numbers["start"], SECOND),
        "ts_end": pc.multiply(numbers["end"], SECOND),
        "ts_raw": None if "ts_raw" in told else fields["start"],
        "source_variant": "v?" if version is None else Coded(version).mapped(lambda text: f"v{text or '?'}"),
        "action": fields["action"],
        "outcome": actions.mapped(lambda text: OUTCOMES.get(text, "unknown")),
        "src_ip": Coded(fields["srcaddr"]).mapped(address),
        "dst_ip": Coded(fields["dstaddr"]).mapped(address),
        "src_port": numbers["srcport"],
        "dst_port": numbers["dstport"],
        "proto": protocols.mapped(lambda text: PROTOCOLS.get(text, text)),
        "bytes": numbers.get("bytes"),
        "packets": numbers.get("packets"),
        "tcp_flags": numbers.get("tcp-flags"),
        "attrs": _attrs(fields),
        "message": None if "message" in told else _message(fields),
    }
    return made | {column: fields[name] for column, name in SAME.items() if name in fields.column_names}


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
