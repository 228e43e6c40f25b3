"""Web access logs a column at a time; parsers/webaccess.py says what the events are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from hikeshi.errors import Failed, Unreadable
from hikeshi.events.addresses import address
from hikeshi.events.event import Event
from hikeshi.events.fast.assembling import Coded, as_text, assembled, parted, placed, uids
from hikeshi.events.fast.blocks import SIZE as BLOCK, SMALL, Block, blocks
from hikeshi.events.parsers import webaccess
from hikeshi.events.parsers.webaccess import attrs_of, instant, status_of
from hikeshi.events.reading import stamped
from hikeshi.events.source import Source

_COMMON = (
    r'^[!#-~]+ [!#-~]+ [!#-~]+ \[\d\d/[A-Z][a-z][a-z]/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] '
    r'"[A-Z]{3,16} [!#-~]+ HTTP/[\d.]{1,3}" [1-9]\d\d (?:0|[1-9]\d{0,17}|-)'
)  # fmt: skip
SHAPES = {"combined": rf'{_COMMON} "[ !#-~]*" "[ !#-~]*"$', "common": f"{_COMMON}$"}
"""Lines that mean the same to the parser and to CSV, and whose numbers are written as we would write them."""

NAMES = ("client", "ident", "user", "day", "zone", "request", "status", "size", "referer", "user_agent")


def batches(source: Source) -> Iterator[Any | Event | Unreadable]:
    """Record batches of the source's requests, events that are the parser's, and what could not be read."""
    for block in blocks(source, BLOCK):
        if isinstance(block, Block):
            yield from _of_block(block, source)
        else:
            yield from stamped(webaccess.of_lines(block, source), source, webaccess)


def _of_block(block: Block, source: Source) -> Iterator[Any | Event | Unreadable]:
    try:
        place = {"raw": block.rows} | placed(block)
    except pa.ArrowInvalid:  # some line is not UTF-8
        if block.count <= SMALL:
            yield from stamped(webaccess.of_lines(block.lines(source), source), source, webaccess)
            return
        for half in block.halves():
            yield from _of_block(half, source)
        return
    variant = "common" if pc.match_substring_regex(place["raw"][:1], SHAPES["common"])[0].as_py() else "combined"
    place, left = parted(place, pc.match_substring_regex(place["raw"], SHAPES[variant]))
    if len(place["raw"]):
        fields, plain = _fields(place["raw"], variant)
        if not pc.all(plain).as_py():
            place, more = parted(place, plain)
            fields = {name: values.filter(plain) for name, values in fields.items()}
            left = sorted([*left, *more], key=lambda line: line.number)
        if len(place["raw"]):
            yield _made(fields, place, variant, source)
    yield from stamped(webaccess.of_lines(left, source), source, webaccess)


def _fields(lines: Any, variant: str) -> tuple[dict[str, Any], Any]:
    """The fields as text, "-" being null, and of which lines the client is an address and the time one that there is."""
    text = pc.binary_join(pa.ListArray.from_arrays([0, len(lines)], lines), "\n")[0].as_buffer()
    names = NAMES if variant == "combined" else NAMES[:8]
    table = csv.read_csv(
        text,
        read_options=csv.ReadOptions(column_names=names, use_threads=False, block_size=text.size + 1),
        parse_options=csv.ParseOptions(delimiter=" ", double_quote=False),
        convert_options=csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), null_values=["-"], strings_can_be_null=True
        ),
    ).combine_chunks()
    if table.num_rows != len(lines):
        raise Failed(f"{table.num_rows} lines of an access log where there are {len(lines)}.", hint="Please report it.")
    fields = {name: table[name].combine_chunks() for name in names}
    asked = pc.split_pattern(fields.pop("request"), " ")
    fields |= {name: pc.list_element(asked, at) for at, name in enumerate(("method", "url", "protocol"))}
    fields["time"] = pc.binary_join_element_wise(fields.pop("day"), fields.pop("zone"), " ")
    times = Coded(fields["time"])
    fields["ts"] = times.spread([text and instant(text[1:-1]) for text in times.distinct], pa.int64())
    fields["src_ip"] = Coded(fields["client"]).mapped(address)
    return fields, pc.and_(pc.is_valid(fields["ts"]), pc.is_valid(fields["src_ip"]))


def _made(fields: dict[str, Any], place: dict[str, Any], variant: str, source: Source) -> Any:
    statuses, rest = Coded(fields["status"]), Coded(_rest(fields))
    made = {
        "event_uid": uids(place["offset"].cast(pa.string()), f"{source.sha256}{source.part}:"),
        "ts": fields["ts"],
        "ts_desc": "recorded",
        "ts_basis": "offset",
        "ts_raw": pc.utf8_slice_codeunits(fields["time"], 1, 27),
        "source_variant": variant,
        "category": "http",
        "service": "http",
        "action": fields["method"],
        "outcome": statuses.mapped(lambda text: status_of(text)[1] if text else None),
        "actor_name": fields["user"],
        "src_ip": fields["src_ip"],
        "user_agent": fields.get("user_agent"),
        "method": fields["method"],
        "url": fields["url"],
        "http_status": fields["status"].cast(pa.int32()),
        "referer": fields.get("referer"),
        "bytes_out": fields["size"].cast(pa.int64()),
        "attrs": as_text(rest.mapped(_attrs)),
        "source_kind": webaccess.NAME,
        "parser_version": webaccess.VERSION,
        "path": source.name,
        "evidence_sha256": source.sha256,
        "ts_precision": "s",
    }
    same = pc.all(pc.equal(fields["client"], as_text(fields["src_ip"]))).as_py()
    if not same:  # else the columns tell it (stores/derived.py)
        made["message"] = pc.binary_join_element_wise(
            fields["client"], " ", fields["method"], " ", fields["url"], ": ", fields["status"], ""
        )
    if not same or fields["ident"].null_count < len(fields["ident"]):
        made["raw"] = place["raw"]
    return assembled(made | {"seq": place["seq"], "offset": place["offset"]}, len(place["raw"]))


def _rest(fields: dict[str, Any]) -> Any:
    return pc.binary_join_element_wise(fields["protocol"], pc.fill_null(fields["ident"], "-"), " ")


def _attrs(text: str | None) -> str | None:
    protocol, _, ident = (text or "").partition(" ")
    return (attrs_of(protocol, ident, "") or b"").decode() or None
