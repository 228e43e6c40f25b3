"""VPC flow logs a column at a time; parsers/vpcflow.py says what the events are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, reduce
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from hikeshi.errors import Unreadable
from hikeshi.events.addresses import address
from hikeshi.events.event import Event
from hikeshi.events.fast.assembling import Coded, as_text, assembled
from hikeshi.events.fast.blocks import SMALL, Block, blocks
from hikeshi.events.parsers import vpcflow
from hikeshi.events.parsers.vpcflow import DOCUMENTED, GAPS, KEY, LAST, OUTCOMES, PROTOCOLS, WIDTHS, Layout
from hikeshi.events.reading import stamped
from hikeshi.events.source import Line, Source
from hikeshi.events.times import SECOND

BLOCK = 12 << 20
"""Bytes of lines made into columns at once: in a larger block texts are equal more often."""

PLAIN = bytes(code for code in range(0x20, 0x7F) if chr(code) not in '"\\') + b"\n"
"""Bytes that mean the same to lines, CSV and JSON."""

NUMBERS = {
    "start": LAST, "end": LAST, "srcport": 65535, "dstport": 65535, "protocol": 255, "tcp-flags": 65535, "bytes": 1 << 62,
    "packets": 1 << 62,
}  # fmt: skip
"""Fields that are numbers, and the most they can be."""

SAME = {
    "action": "action", "src_ip": "srcaddr", "dst_ip": "dstaddr", "src_port": "srcport", "dst_port": "dstport", "bytes": "bytes",
    "packets": "packets", "tcp_flags": "tcp-flags", "direction": "flow-direction", "flow_status": "log-status",
    "account": "account-id", "region": "region", "zone": "az-id", "vpc": "vpc-id", "subnet": "subnet-id",
    "instance": "instance-id", "interface": "interface-id",
}  # fmt: skip
"""Columns that hold a field as it is."""

DEFAULT = DOCUMENTED[:14]
"""The layout where nobody chose another, of which the other columns tell the line as well (stores/derived.py)."""

FEW = ("version", "account-id", "action")
"""Fields that are mostly as long in every line as in the first, and of which a block has one text or two."""

ADDRESSES = ("srcaddr", "dstaddr")
_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
V4 = rf"(?:{_OCTET}\.){{3}}{_OCTET}"
"""Fields with addresses, and addresses that need no other look: of the internet there may be hundreds of thousands."""

TOGETHER = 64
"""Addresses that are looked at together: to begin with one takes as long as to look at it."""

LACKING = ("dstaddr", "srcport", "dstport", "protocol", "action")
"""Fields that a gap has as little as a source, and a flow has as well."""

CODED = pa.dictionary(pa.int32(), pa.string())


@cache
def _protocols() -> Any:
    """What protocols are called, by their number."""
    return pa.array([PROTOCOLS.get(str(number), str(number)) for number in range(NUMBERS["protocol"] + 1)])


class _NotPlainError(Exception):
    """Something in the block needs the parser."""


def batches(source: Source) -> Iterator[Any | Event | Unreadable]:
    """Record batches of the source's flows, events that are the parser's, and what could not be read."""
    flows = _Flows(source)
    for block in blocks(source, BLOCK, headed=lambda text: not text[:1].isdigit()):
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
        if block.text[:1].isdigit():
            yield from self._plain(block)
            return
        first = block.first  # a header, most likely
        yield from self.slowly(self._source.lines([first], number=block.number, offset=block.offset))
        if len(first) < len(block.text):
            rest = block.behind(first)
            yield from self._plain(rest)
            block.count = rest.count + 1

    def _plain(self, block: Block) -> Iterator[Any | Event | Unreadable]:
        try:
            plain, left = _columns(block, self._layout, self._source)
        except (_NotPlainError, pa.ArrowInvalid):
            if block.count <= SMALL:
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
    fields, wrong = _fields(block, layout)
    block.count = fields.num_rows + len(wrong)
    place = {"seq": pa.arange(block.number + 1, block.number + 1 + block.count)}
    if tuple(fields.schema.names) != DEFAULT:
        place["raw"] = block.rows
    gap, left = _gap(fields), list[Line]()
    odd = _odd(fields, gap)
    if odd is not None:
        fields = fields.filter(pc.invert(odd))
        gap = _gap(fields)
    if wrong or odd is not None:
        kept = pc.invert(_among_lines(odd, wrong, block.count))
        left = block.some(pc.indices_nonzero(pc.invert(kept)).to_pylist())
        place = {name: values.filter(kept) for name, values in place.items()}
    if not fields.num_rows:
        return None, left
    made = _made(fields, gap) | place | {
        "source_kind": vpcflow.NAME, "parser_version": vpcflow.VERSION, "path": source.name, "evidence_sha256": source.sha256,
        "provider": "aws", "service": "vpc", "ts_precision": "window", "ts_desc": "window_start", "ts_basis": "utc",
    }  # fmt: skip
    return assembled(made, fields.num_rows), left


def _among_lines(odd: Any, wrong: set[int], count: int) -> Any:
    """Which lines are left: `wrong` by their number in the block, `odd` of the others."""
    if not wrong:
        return odd
    marks = iter(odd.to_pylist() if odd is not None else [False] * count)
    return pa.array([n in wrong or next(marks) for n in range(1, count + 1)], pa.bool_())


def _fields(block: Block, layout: Layout | None) -> tuple[Any, set[int]]:
    """The fields as numbers, and as texts of which equal ones are there once; "-" is null. And the numbers of the lines that have too many
    or too few.

    They are spelled as we would spell them: together, and with what is between them, they are as long as the lines are.
    """
    text = block.text
    names = layout.names if layout else DOCUMENTED[: len(block.first.split())]
    if (
        not text.isascii()
        or any(sign in text and b"0" + sign in text for sign in (b"x", b"X"))  # Arrow reads hexadecimal numbers
        or (layout is None and len(names) not in WIDTHS)
        or not set(KEY) <= set(names)
        or len(set(names)) < len(names)
    ):
        raise _NotPlainError
    try:
        table, wrong = _read(text, names, _lengths(block.first, names))
    except pa.ArrowInvalid:
        table, wrong = _read(text, names, {})
    length = len(text) + 1
    if wrong:  # their numbers are those of rows, which an empty line is none of
        if layout is None or table.num_rows + len(wrong) != block.count:
            raise _NotPlainError
        length -= sum(len(block.rows[n - 1].as_py()) + 1 for n in wrong)
    fields = table.combine_chunks().to_batches()[0] if table.num_rows else pa.RecordBatch.from_pylist([], table.schema)
    if fields.num_rows and not (_length(fields) == length and _is_ours(fields)):
        raise _NotPlainError
    return fields, wrong


def _lengths(line: bytes, names: Sequence[str]) -> dict[str, int]:
    """How long the few texts are in a line, where it has them."""
    first = dict(zip(names, line.split(b" "), strict=False))
    return {name: len(first[name]) for name in FEW if first.get(name, b"-") not in {b"", b"-"}}


def _read(text: bytes, names: Sequence[str], lengths: Mapping[str, int]) -> tuple[Any, set[int]]:
    """The fields, and the numbers of the rows that have too many or too few. Texts of which the length is given are not looked up one by one.

    Raises ArrowInvalid where something is not as long, or no number.
    """
    wrong: set[int] = set()
    fixed = {name: pa.binary(length) for name, length in lengths.items()}
    table = csv.read_csv(
        pa.py_buffer(text),
        read_options=csv.ReadOptions(column_names=list(names), use_threads=False, block_size=len(text) + 1),
        parse_options=csv.ParseOptions(
            delimiter=" ", quote_char=False, double_quote=False, invalid_row_handler=lambda row: _passed(row, wrong)
        ),
        convert_options=csv.ConvertOptions(
            column_types={name: pa.int64() if name in NUMBERS else fixed.get(name, CODED) for name in names},
            null_values=["-"],
            strings_can_be_null=True,
            check_utf8=False,
        ),
    )
    for name in fixed if table.num_rows else ():
        table = table.set_column(names.index(name), name, _of_few(table[name].combine_chunks()))
    return table, wrong


def _of_few(texts: Any) -> Any:
    """Texts of one length, of which equal ones are there once. One text or two are sooner found by comparing."""
    first = pc.first(texts)
    if not first.is_valid:
        return pa.nulls(len(texts), CODED)
    is_first = pc.equal(texts, first)
    words, indices = [first], pc.invert(is_first)
    if pc.any(indices).as_py():
        words.append(texts[pc.index(is_first, value=False).as_py()])
        is_second = pc.equal(texts, words[1])
        if not pc.all(pc.or_(is_first, is_second)).as_py():
            return texts.cast(pa.string()).dictionary_encode()
    return pa.DictionaryArray.from_arrays(
        indices.cast(pa.int32()), pa.array([word.as_py().decode() for word in words], pa.string())
    )


def _passed(row: Any, wrong: set[int]) -> str:
    if row.number is None or not row.text[:1].isdigit():  # a header tells another layout for what follows
        return "error"
    wrong.add(row.number)
    return "skip"


def _length(fields: Any) -> int:
    """Bytes of the lines that these fields would be, each with its end."""
    return sum(map(_length_of, fields.columns)) + int(fields.num_columns * fields.num_rows)


def _length_of(column: Any) -> int:
    count, empty = len(column), column.null_count
    if not pa.types.is_dictionary(column.type):
        return _digits(column) + int(empty)
    lengths = pc.binary_length(column.dictionary)
    span = pc.min_max(lengths).as_py()
    if span["min"] == span["max"]:
        return int((span["min"] or 0) * (count - empty) + empty)
    return int(pc.sum(lengths.take(column.indices)).as_py() + empty)


def _digits(numbers: Any) -> int:
    """The digits that the numbers need together. Raises _NotPlainError where one is negative."""
    span = pc.min_max(numbers).as_py()
    if (span["min"] or 0) < 0:
        raise _NotPlainError
    least, most = len(str(span["min"] or 0)), len(str(span["max"] or 0))
    longer = (pc.sum(pc.greater_equal(numbers, 10**length)).as_py() or 0 for length in range(least, most))
    return int((len(numbers) - numbers.null_count) * least + sum(longer))


def _is_ours(fields: Any) -> bool:
    """Whether each line begins as a flow does and a header does not, no field is empty, and addresses are as we would write them."""
    first = fields.column(0)
    return (
        not first.null_count
        and all(text[:1].isdigit() for text in _texts(first))
        and all(_are_shortest(fields[name].dictionary) for name in ADDRESSES)
        and all(_is_plain(fields[name]) for name in fields.schema.names if name not in ADDRESSES)
    )


def _texts(column: Any) -> list[str]:
    """The texts of a column, each once; none of numbers, which Arrow has read."""
    return list(column.dictionary.to_pylist()) if pa.types.is_dictionary(column.type) else []


def _is_plain(column: Any) -> bool:
    """Whether the texts mean the same to lines, CSV and JSON."""
    texts = _texts(column)
    return "" not in texts and not "".join(texts).encode().translate(None, PLAIN)


def _are_shortest(addresses: Any) -> bool:
    """Whether these are addresses as we would write them."""
    ends = pa.array([*range(0, len(addresses), TOGETHER), len(addresses)], pa.int32())
    several = pa.ListArray.from_arrays(ends, addresses)
    others = several.filter(
        pc.invert(pc.match_substring_regex(pc.binary_join(several, " "), rf"^{V4}(?: {V4})*$"))
    ).flatten()
    return all(address(text) == text for text in others.to_pylist())


def _gap(fields: Any) -> Any:
    """Which lines may be gaps; None where none is."""
    return pc.is_null(fields["srcaddr"]) if fields["srcaddr"].null_count else None


def _odd(fields: Any, gap: Any) -> Any:
    """Which lines have a number that cannot be, or lack a field without which they are neither a flow nor a gap; None where there is none."""
    found = [pc.is_null(fields[name]) for name in ("interface-id", "start", "end") if fields[name].null_count]
    if gap is None:
        found += [pc.is_null(fields[name]) for name in LACKING if fields[name].null_count]
    else:
        found += [pc.xor(pc.is_null(fields[name]), gap) for name in LACKING]
        found.append(pc.and_not(gap, _is_gap(fields)))
    for name, most in NUMBERS.items():
        if name in fields.schema.names and (pc.max(fields[name]).as_py() or 0) > most:
            found.append(pc.fill_null(pc.greater(fields[name], most), False))
    odd = reduce(pc.or_, found) if found else None
    return odd if odd is not None and pc.any(odd).as_py() else None


def _is_gap(fields: Any) -> Any:
    """Which lines say so."""
    if "log-status" not in fields.schema.names:
        return pa.repeat(pa.scalar(False), fields.num_rows)
    status = fields["log-status"]
    return pc.fill_null(pc.is_in(status.dictionary, pa.array(list(GAPS))).take(status.indices), False)


def _made(fields: Any, gap: Any) -> dict[str, Any]:
    """The columns but for those that these tell (stores/derived.py)."""
    names = fields.schema.names
    acted = {*_texts(fields["action"])}
    action = fields["action"] if gap is None else _with_gaps(fields["action"], fields["log-status"], gap)
    return {column: fields[name] for column, name in SAME.items() if name in names} | {
        "ts": pc.multiply(fields["start"], SECOND),
        "ts_end": pc.multiply(fields["end"], SECOND),
        "source_variant": Coded(fields["version"]).mapped(lambda text: f"v{text or '?'}") if "version" in names else "v?",
        "category": "flow" if gap is None else pa.DictionaryArray.from_arrays(gap.cast(pa.int32()), pa.array(["flow", "gap"])),
        "action": action,
        "outcome": Coded(action).mapped(lambda text: OUTCOMES.get(text, "unknown") if text in acted else None),
        "proto": pa.DictionaryArray.from_arrays(fields["protocol"].cast(pa.int32()), _protocols()),
        "attrs": _attrs(fields),
    }  # fmt: skip


def _with_gaps(action: Any, status: Any, gap: Any) -> Any:
    """What was done, and of gaps their status. Raises _NotPlainError where both are called the same."""
    words = pa.concat_arrays([action.dictionary, status.dictionary])
    if len(words.unique()) < len(words):
        raise _NotPlainError
    indices = pc.if_else(gap, pc.add(status.indices, len(action.dictionary)), action.indices)
    return pa.DictionaryArray.from_arrays(indices, words)


def _attrs(fields: Any) -> Any:
    """JSON of the fields without a column, put together as text: quotes and backslashes are the parser's."""
    rest = [name for name in fields.schema.names if name not in vpcflow.COLUMNS]
    if not rest:
        return None
    pairs = [pc.binary_join_element_wise(f'"{name}":"', as_text(fields[name]), '",', "") for name in rest]
    joined = pc.binary_join_element_wise(*(pc.fill_null(pair, "") for pair in pairs), "")
    whole = pc.binary_join_element_wise("{", pc.ascii_rtrim(joined, ","), "}", "")
    return pc.if_else(pc.equal(joined, ""), pa.scalar(None, pa.string()), whole)
