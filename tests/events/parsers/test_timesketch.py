from __future__ import annotations

import json
from pathlib import Path

import pytest

from hikeshi.errors import Unreadable
from hikeshi.events.event import Event
from hikeshi.events.parsers import timesketch
from hikeshi.events.reading import parse, read
from hikeshi.events.source import Source

SAMPLES = Path(__file__).parents[2] / "samples" / "timesketch"
SHARED = Path(__file__).parents[3] / ".." / "shared" / "data" / "timesketch-events"
NOON = 1_794_018_667_000_000  # 2026-11-07 02:31:07 UTC


def found(content: bytes | str) -> tuple[list[Event], list[Unreadable]]:
    data = content if isinstance(content, bytes) else (SAMPLES / content).read_bytes()
    both = list(read(Source.of(data), timesketch))
    return [e for e in both if isinstance(e, Event)], [u for u in both if isinstance(u, Unreadable)]


def test_datetime_counts_where_both_times_are_there() -> None:
    first, old, far = found("rows.csv")[0]
    assert (first.ts, first.ts_precision) == (NOON, "s")
    assert old.ts == -11_644_473_600_000_000
    assert far.ts > NOON


def test_rows_without_a_time_are_unreadable_with_their_place() -> None:
    assert [str(one) for one in found("rows.csv")[1]] == ["memory, line 6: the row has no time that can be read"]
    assert [one.place for one in found("rows.jsonl")[1]] == ["record 4"]


def test_the_size_of_a_number_says_its_unit_and_that_is_noted() -> None:
    source = Source.of((SAMPLES / "numbers.csv").read_bytes())
    good = [event for event in read(source) if isinstance(event, Event)]
    assert [(event.ts, event.ts_precision, event.ts_basis) for event in good] == [
        (NOON, "s", "utc"),
        (NOON + 123_000, "ms", "utc"),
        (NOON + 123_456, "us", "utc"),
        (NOON + 123_456, "ns", "utc"),
    ]
    assert source.note == "times that are numbers were taken for ms, ns, s by their size"


def test_fields_find_their_columns_and_the_others_are_kept() -> None:
    login, _, local = found("rows.jsonl")[0]
    assert (login.host, login.actor_name, login.src_ip) == ("srv1", "alice", "192.0.2.7")
    assert (login.action, login.ts_desc, login.message) == ("linux:ssh:login", "Login Time", "Login of alice")
    assert local.ts_basis == "zone_assumed"
    assert json.loads(local.attrs or b"") == {"extra_field": {"a": [1, 2]}}


def test_equal_rows_are_one_event() -> None:
    row = (SAMPLES / "rows.jsonl").read_bytes().splitlines()[0]
    assert len({event.event_uid for event in found(row + b"\n" + row)[0]}) == 1


def test_a_row_with_more_values_than_columns_is_unreadable() -> None:
    content = b"message,datetime,timestamp_desc\na,2026-11-07T02:31:07Z,x,what\n"
    assert "the row has 4 values for 3 columns" in str(found(content)[1][0])


def test_logs_without_the_three_fields_are_not_timelines() -> None:
    assert not timesketch.recognises(b"message,when\n")
    assert not timesketch.recognises(b'{"message": "x", "datetime": "2026-11-07"}')


@pytest.mark.parametrize(
    ("name", "events"),
    [
        ("csv_timestamp_as_datetime.csv", 4),
        ("csv_timestamp_no_datetime.csv", 3),
        ("e2e-sigma_events.csv", 4),
        ("e2e-sigma_events.jsonl", 4),
        ("large_field_event.jsonl", 3),
        ("mapping_limit_exceed.csv", 1),
        ("sigma_events.csv", 4),
        ("validate_date_events_missing_timestamp.csv", 1),
        ("validate_time_out_of_range.csv", 2),
        ("validate_time_precision.csv", 2),
        ("validate_timestamp_conversion.csv", 3),
    ],
)
def test_timesketchs_own_test_files_are_read(name: str, events: int) -> None:
    if not (SHARED / name).exists():
        pytest.skip("../shared/data/timesketch-events is not here")
    both = list(parse([SHARED / name]))
    assert [str(one) for one in both if isinstance(one, Unreadable)] == []
    assert len(both) == events
    assert {event.source_kind for event in both if isinstance(event, Event)} == {"timesketch"}
