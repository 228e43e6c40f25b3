from __future__ import annotations

import json
from pathlib import Path

import pytest

from hikeshi.errors import Unreadable
from hikeshi.events.event import Event
from hikeshi.events.parsers import plaso, recognise
from hikeshi.events.reading import read
from hikeshi.events.source import Source

SAMPLES = Path(__file__).parents[2] / "samples" / "plaso"
NOON = 1_794_018_667_000_000  # 2026-11-07 02:31:07 UTC


def found(content: bytes | str) -> tuple[list[Event], list[Unreadable]]:
    data = content if isinstance(content, bytes) else (SAMPLES / content).read_bytes()
    both = list(read(Source.of(data), plaso))
    return [e for e in both if isinstance(e, Event)], [u for u in both if isinstance(u, Unreadable)]


@pytest.mark.parametrize(
    ("name", "events", "unreadable"),
    [("json_line.jsonl", 3, 1), ("json.json", 2, 0), ("l2t.csv", 2, 1), ("dynamic.csv", 2, 1)],
)
def test_all_outputs_are_read_and_records_without_a_time_are_counted(name: str, events: int, unreadable: int) -> None:
    good, bad = found(name)
    assert (len(good), len(bad)) == (events, unreadable)
    assert all("time" in str(one) for one in bad)


def test_the_class_of_a_time_says_how_fine_it_is() -> None:
    fine, _, first = found("json_line.jsonl")[0]
    assert (fine.ts, fine.ts_sub, fine.ts_precision, fine.ts_desc) == (NOON + 123_456, 700, "100ns", "created")
    assert (first.ts, first.ts_sub) == (-11_644_473_600_000_000 + 1, 200)
    nanosecond, second = found("json.json")[0]
    assert (nanosecond.ts_sub, nanosecond.ts_precision, second.ts_precision) == (789, "ns", "s")


def test_a_local_time_is_marked() -> None:
    assert found("json_line.jsonl")[0][1].ts_basis == "zone_assumed"


def test_fields_find_their_columns_and_the_others_are_kept() -> None:
    created, login, _ = found("json_line.jsonl")[0]
    assert (created.file_path, created.file_size, created.host) == ("\\Users\\alice\\evil.exe", 4711, "pc-7")
    assert (created.hash_sha256, created.actor_name, created.action) == ("2c" * 32, None, "fs:stat")
    assert (login.src_ip, login.actor_name, login.service) == ("192.0.2.7", "alice", "text/ssh")
    assert json.loads(created.attrs or b"")["inode"] == "4242"


def test_l2tcsv_knows_zones_and_quotes_are_letters() -> None:
    first, second = found("l2t.csv")[0]
    assert (first.ts, first.ts_basis, first.actor_name) == (NOON, "utc", "alice")
    assert (second.ts, second.ts_basis) == (NOON + 1_000_000, "offset")
    assert first.message == 'Reporter <CRON> PID: 8442 "session closed" for alice'
    assert second.message.endswith("/c start")
    assert json.loads(first.attrs or b"")["body_size"] == "12"


def test_columns_of_which_the_zone_is_missing_are_read_with_a_zone_assumed() -> None:
    (event,), bad = found(b"date,time,MACB,desc\n11/07/2026,02:31:07,M...,gone\n")
    assert (event.ts, event.ts_basis, bad) == (NOON, "zone_assumed", [])


def test_the_same_event_of_two_exports_has_one_key() -> None:
    line = (SAMPLES / "json_line.jsonl").read_bytes().splitlines()[0]
    reordered = json.dumps(dict(reversed(json.loads(line).items()))).encode()
    assert found(line)[0][0].event_uid == found(reordered)[0][0].event_uid


def test_a_row_of_another_length_is_unreadable() -> None:
    content = (SAMPLES / "dynamic.csv").read_bytes() + b"2026-11-07T02:31:07+00:00,too,short\n"
    assert "the row has 3 values for 8 columns" in str(found(content)[1][-1])


def test_a_line_that_is_another_log_is_unreadable() -> None:
    assert len(found(b'{"__container_type__": "event", "timestamp": 1}\n{"a": 1}\n{"timestamp": 4e300}\n')[1]) == 2


def test_a_timeline_of_timesketch_is_not_taken_for_ours() -> None:
    assert not plaso.recognises(b"message,datetime,timestamp_desc,parser\n")
    assert recognise((SAMPLES / "l2t.csv").read_bytes()) is plaso
