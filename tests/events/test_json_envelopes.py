"""Records out of what they were delivered in: every one, counted, with its place where it has one."""

from __future__ import annotations

import msgspec
import pytest

from hikeshi.errors import Unreadable
from hikeshi.events.event import Event
from hikeshi.events.json_envelopes import made, messages, opened
from hikeshi.events.json_records import Record, records
from hikeshi.events.source import Source

ONE, TWO = b'{"a":1}', b'{"a": 2}'


def found(content: bytes) -> list[tuple[bytes, int, str] | str]:
    return [
        one.place if isinstance(one, Unreadable) else (bytes(one.data), one.seq, one.variant)
        for one in messages(Source.of(content))
    ]


def envelope(*texts: bytes) -> bytes:
    events = [{"id": "x", "timestamp": 1, "message": text.decode()} for text in texts]
    return msgspec.json.encode({"messageType": "DATA_MESSAGE", "logEvents": events})


def test_records_without_an_envelope_are_themselves() -> None:
    assert found(ONE + b"\n" + TWO) == [(ONE, 1, "lines"), (TWO, 2, "lines")]


@pytest.mark.parametrize(
    "content",
    [
        envelope(ONE, TWO),
        envelope(ONE) + b"\n" + envelope(TWO),
        msgspec.json.encode({"events": [{"timestamp": 1, "message": text.decode()} for text in (ONE, TWO)]}),
        b"2026-11-06T14:20:00.123Z " + ONE + b"\n2026-11-06T14:20:01Z\t" + TWO + b"\n",
    ],
)
def test_records_out_of_an_envelope_are_their_text_and_counted_through(content: bytes) -> None:
    assert found(content) == [(ONE, 1, "cloudwatch"), (TWO, 2, "cloudwatch")]


def test_an_export_says_where_its_records_begin() -> None:
    content = b"2026-11-06T14:20:00.123Z " + ONE + b"\nnothing\n2026-11-06T14:20:01Z " + TWO
    first, other, last = messages(Source.of(content))
    assert isinstance(first, Record)
    assert isinstance(last, Record)
    assert (first.offset, last.offset) == (content.index(ONE), content.index(TWO))
    assert isinstance(other, Unreadable)
    assert other.place == "line 2"


@pytest.mark.parametrize(
    "record",
    [
        b'{"message":"no object","timestamp":1}',
        b'{"message":{"a":1},"timestamp":1}',
        b'{"message":"{\\"a\\":1}"}',
        b'{"logEvents":"none"}',
        envelope(b"text", ONE),
    ],
)
def test_a_record_that_only_looks_like_an_envelope_is_itself(record: bytes) -> None:
    assert found(record) == [(record, 1, "single")]


def test_pieces_have_no_place_of_their_own_and_an_empty_list_is_its_record() -> None:
    source = Source.of(b'{"list":[1,2]}\n{"list":[]}\n{"list":[3]}')
    inside = opened(records(source), lambda data, _: [(one.encode(), "piece") for one in "12" if one.encode() in data])
    assert [(one.seq, one.offset, one.variant) for one in inside if isinstance(one, Record)] == [
        (1, None, "piece"),
        (2, None, "piece"),
        (3, 15, "lines"),
        (4, 27, "lines"),
    ]


def test_what_makes_no_event_is_unreadable_with_its_number() -> None:
    def event(record: Record) -> Event:
        if record.seq == 2:
            raise ValueError("it has no time")
        return Event(ts=record.seq)

    source = Source.of(ONE + b"\n" + TWO + b"\nnothing\n" + ONE)
    assert [str(one) if isinstance(one, Unreadable) else one.ts for one in made(source, records(source), event)] == [
        1,
        "memory, record 2: it has no time",
        "memory, line 3: this line is no JSON object",
        3,
    ]
