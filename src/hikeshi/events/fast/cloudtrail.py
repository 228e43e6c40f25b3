"""CloudTrail a column at a time; parsers/cloudtrail.py says what the events are.

S3 delivers one long line, {"Records":[{...},{...}]}. Where one record seems to end and the next to begin, the comma becomes a new line.
That the lines are as many JSON objects proves the cuts: without a comma in it a list inside a record cannot be decoded. Anything else is
left to the parser. Decoded are only the fields that have a column; what others tell is left out (stores/derived.py).
"""

# Fields are spelled as in the record, as in the parser.
# ruff: noqa: N815

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Raw

from hikeshi.errors import Unreadable
from hikeshi.events.addresses import address
from hikeshi.events.columns import TYPES
from hikeshi.events.event import COLUMNS, Event
from hikeshi.events.fast.assembling import Coded, as_text, assembled, in_place, uids
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

NONE = frozenset({None, ""})
NAMES = LOGINS | NONE
"""Names of calls that are odd."""

NULL = Raw(b"null")


class Plain(msgspec.Struct, gc=False):
    """The parser's record without what goes to `attrs`; who called is decoded later, once for all records in which it is the same."""

    eventTime: str | None = None
    eventSource: str | None = None
    eventName: str | None = None
    eventID: str | None = None
    userIdentity: Raw = NULL
    awsRegion: str | None = None
    sourceIPAddress: str | None = None
    userAgent: str | None = None
    errorCode: str | None = None
    errorMessage: str | None = None
    readOnly: bool | str | None = None
    recipientAccountId: str | None = None
    resources: list[Resource] | None = None


_plain = msgspec.json.Decoder(Plain)
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


def of_piece(text: bytes, document: Document, source: Source) -> Iterator[Any | Event | Unreadable]:
    """A piece of a document as columns; what is odd in it as events."""
    try:
        cut = Cut.of(b"" if document.damaged else text, document.first, document.seq + 1)
        plain, left = cut.parted(is_odd, document.variant) if has_odd(cut.calls) else (cut, [])
        variant = cloudtrail.VARIANTS.get(document.variant, document.variant)
        made = of_cut(plain, _place(source) | {"seq": pa.array(plain.seqs, pa.int64()), "source_variant": variant})
    except ODD:
        yield from _by_record(document.records(text), source)
        return
    document.seq += len(cut.calls)
    yield made
    yield from stamped(cloudtrail.of_records(left, source), source, cloudtrail)


class Cut(NamedTuple):
    """Records that were decoded, as lines, and their positions in the source. They are surely cut rightly where it `is_sure`."""

    calls: Sequence[Plain]
    lines: bytes
    seqs: Sequence[int]

    @classmethod
    def of(cls, text: bytes, first: bytes, seq: int) -> Cut:
        """Of records that begin with `first`, with commas between them. Raises one of ODD."""
        if not text or b"\n" in text:
            raise pa.ArrowInvalid("this is the parser's")
        lines = text.replace(b"}," + first, b"}\n" + first)
        calls = _plain.decode_lines(lines)
        return cls(calls, lines, range(seq, seq + len(calls)))

    def is_sure(self) -> bool:
        """Whether there are as many lines as records."""
        return len(self.calls) == self.lines.count(b"\n") + 1

    def records(self, variant: str) -> list[Record]:
        """Each as a record. Raises ValueError where they were not cut rightly."""
        pairs = zip(self.lines.split(b"\n"), self.seqs, strict=True)
        return [Record(data, seq, variant) for data, seq in pairs]

    def parted(self, odd: Callable[[Plain], bool], variant: str) -> tuple[Cut, list[Record]]:
        """Those that are not odd, and the others as records. Raises as `records`."""
        records = self.records(variant)
        left = [one for one, call in zip(records, self.calls, strict=True) if odd(call)]
        gone = {one.seq for one in left}
        kept = [one for one in records if one.seq not in gone]
        lines = b"\n".join([one.data for one in kept])
        return Cut([call for call in self.calls if not odd(call)], lines, [one.seq for one in kept]), left


def of_cut(cut: Cut, place: dict[str, Any]) -> Any:
    """The batch of records, with the columns of their place. Raises one of ODD where one is the parser's, or they were not cut rightly."""
    raw = in_place(cut.lines)
    if len(raw) != len(cut.calls):
        raise pa.ArrowInvalid("this is the parser's")
    return assembled(_columns(cut.calls, raw) | place, len(raw))


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


def has_odd(calls: Sequence[Plain]) -> bool:
    """Whether one of them is."""
    return not {call.eventName for call in calls}.isdisjoint(NAMES) or not NONE.isdisjoint(
        [call.eventID for call in calls]
    )


def is_odd(call: Plain) -> bool:
    """Whether the parser has more to say of it than its columns."""
    return not call.eventID or call.eventName in NAMES


def of_plain(plain: Sequence[tuple[Plain, Record]], place: dict[str, Any]) -> Any:
    """The batch of plain records; `place` has path and SHA-256 of their source, or of each. Raises one of ODD where one is the parser's."""
    calls, found = [call for call, _ in plain], [record for _, record in plain]
    made = _columns(calls, _texts([record.data for record in found])) | place
    variants = [cloudtrail.VARIANTS.get(record.variant, record.variant) for record in found]
    made |= {
        "seq": pa.array([record.seq for record in found], pa.int64()),
        "offset": pa.array([record.offset for record in found], pa.int64()),
        "source_variant": pa.array(variants, pa.string()),
    }
    return assembled(made, len(calls))


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


def _columns(calls: Sequence[Plain], raw: Any) -> dict[str, Any]:
    """Every column but those that tell the place, of calls that are not odd. Raises one of ODD where one is the parser's."""
    who = _who(calls)
    recipient = _text([call.recipientAccountId for call in calls])
    account = pc.if_else(pc.equal(pc.fill_null(recipient, ""), ""), as_text(who["actor_account"]), recipient)
    keys = pc.binary_join_element_wise(
        "cloudtrail", _text([call.eventID for call in calls]), pc.fill_null(account, ""), ":"
    )
    return who | when(calls) | _what(calls, who["actor_name"]) | {
        "event_uid": uids(keys),
        "dedup_key": keys,
        "raw": raw,
        "account": account,
        "region": _text([call.awsRegion for call in calls]),
        "source_kind": cloudtrail.NAME, "parser_version": cloudtrail.VERSION, "provider": "aws", "category": "api",
        "ts_desc": "completed",
    }  # fmt: skip


def _text(values: list[str | None]) -> Any:
    return pa.array(values, pa.string())


def _who(calls: Sequence[Plain]) -> dict[str, Any]:
    coded = Coded(_texts([call.userIdentity for call in calls]))
    who = [_who_is(text) if text is None or len(text) < LONG else _caller(text) for text in coded.distinct]
    return {
        name: coded.spread(list(values), TYPES[COLUMNS[name].arrow])
        for name, values in zip(Who._fields, zip(*who, strict=True), strict=True)
    }


def _caller(text: str | None) -> Who:
    return cloudtrail.who(_identity.decode(text) if text else None)


_who_is = lru_cache(CALLERS)(_caller)


def when(calls: Sequence[Plain]) -> dict[str, Any]:
    """The columns of time. Raises ArrowInvalid where one cannot be read."""
    texts = _text([call.eventTime for call in calls])
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
    return {"ts": us, "ts_raw": texts, "ts_precision": precision, "ts_basis": basis}


def _what(calls: Sequence[Plain], name: Any) -> dict[str, Any]:
    action = _text([call.eventName for call in calls])
    code = _text([call.errorCode for call in calls])
    service = Coded(_text([call.eventSource for call in calls]))
    address_of, codes = Coded(_text([call.sourceIPAddress for call in calls])), Coded(code)
    return _acted_on([call.resources for call in calls]) | {
        "action": action,
        "error_code": code,
        "outcome": codes.mapped(cloudtrail.outcome_of),
        "error_message": _text([call.errorMessage for call in calls]),
        "read_only": _truths([call.readOnly for call in calls]),
        "service": service.mapped(cloudtrail.service_of),
        "src_ip": address_of.mapped(address),
        "src_service": address_of.mapped(lambda text: text if address(text) is None else None),
        "user_agent": _text([call.userAgent for call in calls]),
        "message": None if _is_same(address_of) else pc.binary_join_element_wise(
            pc.fill_null(as_text(name), "somebody"), " called ", as_text(service.mapped(lambda text: str(cloudtrail.service_of(text)))), ":", action,
            " from ", as_text(address_of.mapped(lambda text: text or "nowhere known")),
            as_text(codes.mapped(lambda text: f": {text}" if text else "")), "",
        ),
    }  # fmt: skip


def _acted_on(listed: Sequence[list[Resource] | None]) -> dict[str, Any]:
    if not any(listed):
        return {}
    ids = [[resource.ARN for resource in one if resource.ARN] if one else None for one in listed]
    kinds = [one[0].type if one else None for one in listed]
    return {"resource_type": _text(kinds), "resource_ids": pa.array(ids, pa.list_(pa.string()))}


def _is_same(addresses: Coded) -> bool:
    """Whether all addresses are written as we would write them, so that the other columns tell the message (stores/derived.py)."""
    return all(address(text) in {None, text} for text in addresses.distinct)


def _truths(values: list[bool | str | None]) -> Any:
    try:
        return pa.array(values, pa.bool_())
    except (pa.ArrowInvalid, pa.ArrowTypeError):  # some are text
        return pa.array(list(map(cloudtrail.true, values)), pa.bool_())
