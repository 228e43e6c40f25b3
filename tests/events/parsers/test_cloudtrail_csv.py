"""CloudTrail as rows: maps in braces, small letters, columns of one's own."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given, strategies as st

from hikeshi.errors import Unreadable
from hikeshi.events.event import Event
from hikeshi.events.parsers import cloudtrail_csv
from hikeshi.events.parsers.cloudtrail_csv import taken_apart
from hikeshi.events.reading import parse, read
from hikeshi.events.source import Source

SAMPLES = Path(__file__).parents[2] / "samples" / "cloudtrail_csv"


def sample(name: str) -> list[Event]:
    return [event for event in parse([SAMPLES / name]) if isinstance(event, Event)]


@pytest.mark.parametrize("name", ["lake.csv", "athena.csv"])
def test_a_call_is_the_same_event_as_in_the_trail(name: str) -> None:
    trail = {
        event.event_uid: event
        for event in parse([SAMPLES.parent / "cloudtrail" / "s3.json"])
        if isinstance(event, Event)
    }
    for event in sample(name):
        same = trail[event.event_uid]
        for field in ("ts", "action", "actor_type", "actor_id", "actor_name", "session_name", "session_issuer", "mfa",
                      "access_key", "src_ip", "region", "account", "read_only", "outcome", "resource_ids", "message"):  # fmt: skip
            assert getattr(event, field) == getattr(same, field), field


def test_times_without_a_zone_are_utc() -> None:
    assert [event.ts_basis for event in sample("lake.csv")] == ["utc", "utc"]
    assert sample("columns.csv")[0].ts_raw == "2026-11-06T14:30:00Z"


def test_parameters_are_kept_as_a_structure() -> None:
    for name in ("lake.csv", "athena.csv"):
        attrs = msgspec.json.decode(sample(name)[0].attrs or b"")
        assert attrs["requestParameters"] == {"userName": "svc-backup"}
        assert attrs["responseElements"]["accessKey"]["status"] == "Active"


def test_the_row_itself_is_kept_with_its_place() -> None:
    content = (SAMPLES / "lake.csv").read_bytes()
    for event in sample("lake.csv"):
        assert event.offset is not None
        assert content[event.offset :].startswith(event.raw)


def test_a_query_may_cut_the_caller_into_columns() -> None:
    (event,) = sample("columns.csv")
    assert (event.actor_type, event.session_name) == ("AssumedRole", "i-0f2a1b2c3d4e50865")
    assert event.session_issuer == "arn:aws:iam::111122223333:role/web-app"


def test_the_event_history_of_the_console_is_read() -> None:
    (event,) = sample("event-history.csv")
    assert (event.actor_name, event.access_key, event.action) == ("alice", "AKIAIOSFODNN7EXAMPLE", "CreateAccessKey")


def test_a_row_that_cannot_be_read_costs_only_itself_and_a_map_that_cannot_stays_in_the_row() -> None:
    broken, short, undated, good = parse([SAMPLES / "damaged.csv"])
    assert isinstance(broken, Event)
    assert broken.actor_name is None
    assert b"broken" in broken.raw
    assert [type(one) for one in (short, undated, good)] == [Unreadable, Unreadable, Event]


def test_names_may_come_again_where_files_were_put_together() -> None:
    content = (SAMPLES / "lake.csv").read_bytes()
    assert [type(one) for one in read(Source.of(content + content))] == [Event] * 4


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("plain", "plain"),
        ("{a=1, b=null}", {"a": "1", "b": None}),
        ("{a={b=c, d=e}, f=g}", {"a": {"b": "c", "d": "e"}, "f": "g"}),
        ("{name=Doe, John, next=x}", {"name": "Doe, John", "next": "x"}),
        ("[{arn=x}, {arn=y}]", [{"arn": "x"}, {"arn": "y"}]),
        ("{l=[a, b], m=[]}", {"l": ["a", "b"], "m": "[]"}),
        (
            '{policy={"Statement":[{"Effect":"Allow"}]}, z=1}',
            {"policy": '{"Statement":[{"Effect":"Allow"}]}', "z": "1"},
        ),
        ('{"a":1}', {"a": 1}),
        ("{}", {}),
        ("{broken", "{broken"),
        ("{a=b} and more", "{a=b} and more"),
        ("{a={" * 30, "{a={" * 30),
    ],
)
def test_what_was_rendered_is_taken_apart_or_stays_text(text: str, value: object) -> None:
    assert taken_apart(text) == value


def test_capital_letters_are_restored_where_the_names_are_known() -> None:
    assert taken_apart("{username=alice, sessioncontext={x=1}}", spelled=True) == {
        "userName": "alice",
        "sessionContext": {"x": "1"},
    }


def test_long_values_cost_no_more_than_their_length() -> None:
    for text in ("{a=" + "b, " * 50_000, "[" + " " * 100_000, "[" * 100_000, "{a={" * 50_000, '{a={"' * 20_000):
        assert taken_apart(text) == text


@given(text=st.text('{}[]=, "ab\\:', max_size=60))
def test_arbitrary_text_never_raises(text: str) -> None:
    taken_apart(text, spelled=True)


def test_other_rows_are_other_logs() -> None:
    assert not cloudtrail_csv.recognises(b"datetime,timestamp_desc,message\n")
    assert not cloudtrail_csv.recognises(b'{"eventName": 1, "eventSource": 2}')
