"""CloudTrail a column at a time; parsers/cloudtrail.py says what the events are.

S3 delivers one long line, {"Records":[{...},{...}]}. Where one record seems to end and the next to begin, the comma becomes a new line.
That the lines are as many JSON objects proves the cuts: without a comma in it a list inside a record cannot be decoded. Anything else is
left to the parser. Decoded are only the fields that have a column; what others tell is left out (stores/derived.py).
"""

# Fields are spelled as in the record, as in the parser.
# ruff: noqa: N815

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice, pairwise
from typing import Any, NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Raw
from msgspec.structs import astuple

from hikeshi.errors import Unreadable
from hikeshi.events.addresses import address
from hikeshi.events.columns import TYPES, empty, picked
from hikeshi.events.event import COLUMNS, Event
from hikeshi.events.fast.assembling import Coded, as_text, assembled, in_place, uids
from hikeshi.events.fast.finding import finder
from hikeshi.events.json_records import BROKEN, Document, Record, by_lines, records
from hikeshi.events.parsers import cloudtrail
from hikeshi.events.parsers.cloudtrail import LOGINS, Identity, Resource, Who
from hikeshi.events.reading import stamped
from hikeshi.events.source import Source
from hikeshi.events.times import SECOND, instant

BLOCK = 4096
"""Records made into columns at once."""

ODD = (*BROKEN, pa.ArrowInvalid, pa.ArrowTypeError)
"""What is raised at anything that needs the parser."""

CALLERS = 4096
"""Callers that are kept as they were decoded: the same session calls in file after file. They take 8 MiB at most, usually far less."""

LONG = 2048
"""Bytes of a caller above which it is not kept."""

WHOLE = r"^(?:19|20)\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$"
"""How CloudTrail writes times; the seconds since 1970 tell it (stores/derived.py)."""

WAYS = tuple(
    f'{{"{name}":'.encode()
    for name in (
        "eventVersion", "awsRegion", "additionalEventData", "apiVersion", "errorCode", "eventCategory", "eventID", "eventName", "eventSource",
        "eventTime", "userIdentity",
    )
)  # fmt: skip
"""How records begin as they are delivered, and where somebody put their fields in order. Whoever gathers logs may have several in one."""

NONE = frozenset({None, ""})
NAMES = LOGINS | NONE
"""Names of calls that are odd."""

NULL = Raw(b"null")
NEWLINE = ord("\n")


class Plain(msgspec.Struct, gc=False):
    """The parser's record without what goes to `attrs`, its fields as they follow each other there: so they are sooner found.

    Who called is decoded later, once for all records in which it is the same.
    """

    userIdentity: Raw = NULL
    eventTime: str | None = None
    eventSource: str | None = None
    eventName: str | None = None
    awsRegion: str | None = None
    sourceIPAddress: str | None = None
    userAgent: str | None = None
    errorCode: str | None = None
    errorMessage: str | None = None
    eventID: str | None = None
    readOnly: bool | str | None = None
    resources: list[Resource] | None = None
    recipientAccountId: str | None = None


TEXTS = [name for name in Plain.__struct_fields__ if name not in {"userIdentity", "readOnly", "resources"}]
CODED = ("eventName", "eventTime", "userIdentity")
IDS = TYPES["list<string>"]

_plain = msgspec.json.Decoder(Plain)
plain_lines = _plain.decode_lines
_identity = msgspec.json.Decoder(Identity | None)


def batches(source: Source) -> Iterator[Any | Event | Unreadable]:
    """Record batches of the source's calls, single events where columns do not pay, and what could not be read."""
    if cloudtrail.is_digest(source):
        return
    if by_lines(source.head):
        yield from _by_record(records(source), source)
    else:
        document = Document(source)
        for text in document.pieces():
            yield from of_piece(text, document, source)


def of_piece(text: bytes | memoryview, document: Document, source: Source) -> Iterator[Any | Event | Unreadable]:
    """A piece of a document as columns; what is odd in it as events."""
    try:
        plain, left = Cut.of(text, document)
        variant = cloudtrail.VARIANTS.get(document.variant, document.variant)
        made = plain.columns(_place(source) | {"source_variant": variant})
    except ODD:
        yield from _by_record(document.records(text), source)
        return
    document.seq += len(plain.raw) + len(left)
    yield made
    yield from stamped(cloudtrail.of_records(left, source), source, cloudtrail)


class Cut(NamedTuple):
    """Records of one or more sources: a table of what they tell, each as it is, and its position in its source."""

    told: Any
    raw: Any
    seqs: Any

    @classmethod
    def of(cls, text: bytes | memoryview, document: Document) -> tuple[Cut, list[Record]]:
        """Of a piece of a document with commas between the records, and those that are odd. They are surely cut rightly. Raises one of ODD."""
        if document.damaged:
            raise pa.ArrowInvalid("this is the parser's")
        for mixed in (document.mixed, not document.mixed):
            lines, begins = cut_anywhere(text) if mixed else cut(text, document.first)
            if (calls := _decoded(lines, begins)) is not None:
                document.mixed = mixed
                return cls._without_odd(fields(calls), in_place(lines, begins), document)
        raise pa.ArrowInvalid("this is the parser's")

    @classmethod
    def _without_odd(cls, found: Mapping[str, list[Any]], raw: Any, document: Document) -> tuple[Cut, list[Record]]:
        first, odd = document.seq + 1, _odd(found)
        if not odd:
            return cls(told(found), raw, pa.arange(first, first + len(raw))), []
        left = [Record(raw[at].as_py().encode(), first + at, document.variant) for at in odd]
        for values in found.values():
            for at in reversed(odd):
                del values[at]
        kept = pa.concat_arrays([pa.arange(before + 1, behind) for before, behind in pairwise([-1, *odd, len(raw)])])
        return cls(told(found), picked(raw, kept), pc.add(kept, first)), left

    @classmethod
    def joined(cls, cuts: Sequence[Cut]) -> Cut:
        """Several as one."""
        tables, *others = zip(*cuts, strict=True)
        return cls(pa.concat_tables(tables), *map(pa.concat_arrays, others))

    def records(self, variant: str) -> list[Record]:
        """Each as a record."""
        pairs = zip(self.raw.cast(pa.binary_view()).to_pylist(), self.seqs.to_pylist(), strict=True)
        return [Record(data, seq, variant) for data, seq in pairs]

    def columns(self, place: dict[str, Any]) -> Any:
        """The batch of events, with the columns of their place. Raises one of ODD where one is the parser's."""
        return assembled(_columns(self.told, self.raw) | {"seq": self.seqs} | place, len(self.raw))


def cut(text: bytes | memoryview, first: bytes) -> tuple[bytearray, list[int]]:
    """Records that begin with `first` and have commas between them as lines, and where these seem to begin."""
    lines, begins, between = bytearray(text), [0], b"}," + first
    find = finder(lines)
    at = find(between, 0)
    while at >= 0:
        lines[at + 1] = NEWLINE
        begins.append(at + 2)
        at = find(between, at + 2)
    return lines, begins


def cut_anywhere(text: bytes | memoryview) -> tuple[bytearray, list[int]]:
    """The same of records that begin in several ways."""
    lines, begins = bytearray(text), [0]
    find = finder(lines)
    at = find(b"},{", 0)
    while at >= 0:
        if lines.startswith(WAYS, at + 2):
            lines[at + 1] = NEWLINE
            begins.append(at + 2)
        at = find(b"},{", at + 2)
    return lines, begins


def _decoded(lines: bytearray, begins: Sequence[int]) -> list[Plain] | None:
    """The records of lines; None where these are none."""
    try:
        calls: list[Plain] = plain_lines(lines)
    except BROKEN:
        return None
    return calls if len(calls) == len(begins) and lines.startswith(b"{") and lines.endswith(b"}") else None


def _by_record(found: Iterator[Record | Unreadable], source: Source) -> Iterator[Any | Event | Unreadable]:
    """Columns of the records that are plain; events of the others, by the parser."""
    while block := list(islice(found, BLOCK)):
        plain: list[tuple[Plain, Record]] = []
        left: list[Record | Unreadable] = []
        for one in block:
            if isinstance(one, Record) and (call := plain_call(one)) is not None:
                plain.append((call, one))
            else:
                left.append(one)
        try:
            yield of_plain(plain, _place(source))
        except ODD:
            left = block
        yield from stamped(cloudtrail.of_records(left, source), source, cloudtrail)


def plain_call(record: Record) -> Plain | None:
    """The record where it is plain: what the parser would look at twice is its own."""
    try:
        call = _plain.decode(record.data)
        _identity.decode(call.userIdentity)
    except BROKEN:
        return None
    return None if is_odd(call) or not call.eventTime or instant(call.eventTime) is None else call


def is_odd(call: Plain) -> bool:
    """Whether the parser has more to say of it than its columns."""
    return not call.eventID or call.eventName in NAMES


def _odd(found: Mapping[str, Sequence[Any]]) -> list[int]:
    """Which calls of these fields are. Most often few are, or none."""
    names, ids = found["eventName"], found["eventID"]
    odd = NAMES.intersection(names)
    rows = {at for at, name in enumerate(names) if name in odd} if odd else set()
    return sorted(rows if all(ids) else rows.union(at for at, one in enumerate(ids) if not one))


def of_plain(plain: Sequence[tuple[Plain, Record]], place: dict[str, Any]) -> Any:
    """The batch of plain records; `place` has path and SHA-256 of their source, or of each. Raises one of ODD where one is the parser's."""
    found = [record for _, record in plain]
    made = _columns(told(fields([call for call, _ in plain])), _texts([record.data for record in found])) | place
    variants = [cloudtrail.VARIANTS.get(record.variant, record.variant) for record in found]
    made |= {
        "seq": pa.array([record.seq for record in found], pa.int64()),
        "offset": pa.array([record.offset for record in found], pa.int64()),
        "source_variant": pa.array(variants, pa.string()),
    }
    return assembled(made, len(found))


def _place(source: Source) -> dict[str, Any]:
    return {"path": source.name, "evidence_sha256": source.sha256}


def _texts(values: Sequence[bytes | Raw]) -> Any:
    """An array of the texts as they are. Raises ArrowInvalid where they are not UTF-8, or more than an array holds."""
    joined = b"".join(values)
    ends = pc.cumulative_sum_checked(pa.array([0, *map(len, values)], pa.int32()))
    made = pa.StringArray.from_buffers(len(values), ends.buffers()[1], pa.py_buffer(joined))
    if not joined.isascii():
        made.validate(full=True)
    return made


def fields(calls: Sequence[Plain]) -> dict[str, list[Any]]:
    """The values of each field."""
    values = [*map(list, zip(*map(astuple, calls), strict=True))] or [[] for _ in Plain.__struct_fields__]
    return dict(zip(Plain.__struct_fields__, values, strict=True))


def told(found: Mapping[str, Sequence[Any]]) -> Any:
    """What fields tell, as a table with their names. Raises one of ODD where one is the parser's."""
    columns = {name: pa.array(found[name], pa.string()) for name in TEXTS}
    columns |= {"userIdentity": _texts(found["userIdentity"]), "readOnly": _truths(found["readOnly"])}
    columns |= {name: columns[name].dictionary_encode() for name in CODED}
    return pa.table(columns | _acted_on(found["resources"]))


def _columns(table: Any, raw: Any) -> dict[str, Any]:
    """Every column but those that tell the place, of calls that are not odd. Raises one of ODD where one is the parser's."""
    told = {name: table[name].combine_chunks() for name in table.column_names}
    who = _who(told["userIdentity"])
    recipient = told["recipientAccountId"]
    account = pc.if_else(pc.equal(pc.fill_null(recipient, ""), ""), as_text(who["actor_account"]), recipient)
    keys = pc.binary_join_element_wise("cloudtrail", told["eventID"], pc.fill_null(account, ""), ":")
    return who | when(told["eventTime"]) | _what(told, who["actor_name"]) | {
        "event_uid": uids(keys),
        "raw": raw,
        "account": account,
        "region": told["awsRegion"],
        "source_kind": cloudtrail.NAME, "parser_version": cloudtrail.VERSION, "provider": "aws", "category": "api",
        "ts_desc": "completed",
    }  # fmt: skip


def _who(callers: Any) -> dict[str, Any]:
    coded = Coded(callers)
    who = [_who_is(text) if text is None or len(text) < LONG else _caller(text) for text in coded.distinct]
    return {
        name: coded.spread(list(values), TYPES[COLUMNS[name].arrow])
        for name, values in zip(Who._fields, zip(*who, strict=True), strict=True)
    }


def _caller(text: str | None) -> Who:
    return cloudtrail.who(_identity.decode(text) if text else None)


_who_is = lru_cache(CALLERS)(_caller)


def when(texts: Any) -> dict[str, Any]:
    """The columns of time. Raises ArrowInvalid where one cannot be read."""
    if texts.null_count:
        raise pa.ArrowInvalid("there is no time")
    coded = texts.dictionary_encode()
    if pc.all(pc.match_substring_regex(coded.dictionary, WHOLE), min_count=0).as_py():
        us = pc.multiply(coded.dictionary.cast(pa.timestamp("s", "UTC")).cast(pa.int64()), SECOND)
        return {"ts": us.take(coded.indices), "ts_precision": "s", "ts_basis": "utc"}
    at = [instant(text) for text in coded.dictionary.to_pylist()]
    if None in at:
        raise pa.ArrowInvalid("a time cannot be read")
    us, precision, basis = (pa.array(values).take(coded.indices) for values in zip(*at, strict=True))
    return {"ts": us, "ts_raw": as_text(coded), "ts_precision": precision, "ts_basis": basis}


def _what(told: Mapping[str, Any], name: Any) -> dict[str, Any]:
    action, code = told["eventName"], told["errorCode"]
    service, address_of, codes = Coded(told["eventSource"]), Coded(told["sourceIPAddress"]), Coded(code)
    return {
        "action": action,
        "error_code": code,
        "outcome": codes.mapped(cloudtrail.outcome_of),
        "error_message": told["errorMessage"],
        "read_only": told["readOnly"],
        "resource_type": told["resource_type"],
        "resource_ids": told["resource_ids"],
        "service": service.mapped(cloudtrail.service_of),
        "src_ip": address_of.mapped(address),
        "src_service": address_of.mapped(lambda text: text if address(text) is None else None),
        "user_agent": told["userAgent"],
        "message": None if _is_same(address_of) else pc.binary_join_element_wise(
            pc.fill_null(as_text(name), "somebody"), " called ", as_text(service.mapped(lambda text: str(cloudtrail.service_of(text)))), ":", as_text(action),
            " from ", as_text(address_of.mapped(lambda text: text or "nowhere known")),
            as_text(codes.mapped(lambda text: f": {text}" if text else "")), "",
        ),
    }  # fmt: skip


def _acted_on(listed: Sequence[list[Resource] | None]) -> dict[str, Any]:
    if not any(listed):
        return {"resource_type": empty(pa.string(), len(listed)), "resource_ids": empty(IDS, len(listed))}
    ids = [[resource.ARN for resource in one if resource.ARN] if one else None for one in listed]
    kinds = [one[0].type if one else None for one in listed]
    return {"resource_type": pa.array(kinds, pa.string()), "resource_ids": pa.array(ids, IDS)}


def _is_same(addresses: Coded) -> bool:
    """Whether all addresses are written as we would write them, so that the other columns tell the message (stores/derived.py)."""
    return all(address(text) in {None, text} for text in addresses.distinct)


def _truths(values: Sequence[bool | str | None]) -> Any:
    try:
        return pa.array(values, pa.bool_())
    except (pa.ArrowInvalid, pa.ArrowTypeError):  # some are text
        return pa.array(list(map(cloudtrail.true, values)), pa.bool_())
