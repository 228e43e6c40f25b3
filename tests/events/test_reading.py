"""From paths to events, and the guide's one list."""

from __future__ import annotations

import bz2
import gzip
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
import zstandard

from hikeshi.errors import Refused, Unreadable
from hikeshi.events.event import Event
from hikeshi.events.parsers import PARSERS
from hikeshi.events.reading import build_timeline, parse
from hikeshi.events.source import Limits

SAMPLES = Path(__file__).parents[1] / "samples"
CALLS = SAMPLES / "cloudtrail" / "s3.json"
FLOWS = SAMPLES / "vpcflow" / "v2-header.log"


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, zstandard.ZstdCompressor().compress])
def test_packing_is_known_by_content_not_by_name(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "no-ending"
    path.write_bytes(pack(CALLS.read_bytes()))
    assert len(list(parse([path]))) == 7


def test_events_say_where_they_come_from() -> None:
    event = next(iter(parse([CALLS])))
    assert isinstance(event, Event)
    assert (event.path, event.source_kind, event.parser_version) == (
        str(CALLS),
        "cloudtrail",
        PARSERS["cloudtrail"].VERSION,
    )
    assert len(event.evidence_sha256) == 64


def test_a_truncated_file_gives_its_readable_part_and_says_where_it_ends(tmp_path: Path) -> None:
    path = tmp_path / "calls.json.gz"
    records = [
        {"eventTime": "2026-11-06T14:21:31Z", "eventName": f"Call{n}", "eventSource": "x", "eventID": str(n)}
        for n in range(4000)
    ]
    packed = gzip.compress(msgspec.json.encode({"Records": records}))
    path.write_bytes(packed[: len(packed) // 2])
    found = list(parse([path]))
    events = [event for event in found if isinstance(event, Event)]
    assert [event.action for event in events] == [f"Call{n}" for n in range(len(events))]
    assert 1000 < len(events) < 4000
    assert any(isinstance(one, Unreadable) and "byte" in one.place and "cut off" in one.message for one in found)


def test_what_is_no_log_is_said_and_empty_files_are_fine(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (trouble,) = parse([tmp_path])
    assert isinstance(trouble, Unreadable)
    assert "no log that is known" in trouble.message
    assert trouble.source.endswith("picture.png")


def test_a_parser_can_be_chosen_and_a_wrong_name_is_refused() -> None:
    assert all(isinstance(one, Unreadable) for one in parse([CALLS], parser="vpcflow"))
    with pytest.raises(Refused, match="no parser 'cloudtrial'") as caught:
        list(parse([CALLS], parser="cloudtrial"))
    assert "cloudtrail" in caught.value.hint


def test_limits_are_kept() -> None:
    found = list(parse([FLOWS], limits=Limits(file=200)))
    assert any(isinstance(one, Unreadable) and "limit of 200 bytes" in one.message for one in found)


def test_one_list_in_time_order_of_all_logs() -> None:
    lines = build_timeline(cloudtrail=[CALLS], vpcflow=[FLOWS], other=[SAMPLES / "guardduty" / "export.jsonl"])
    assert [line["time"] for line in lines] == sorted(line["time"] for line in lines)
    assert {line["source"] for line in lines} == {"cloudtrail", "vpcflow", "guardduty"}
    assert set(lines[0]) == {"time", "source", "action", "actor", "address", "details"}
    assert len(lines) == 7 + 4 + 3


def test_the_list_takes_content_records_and_events_made_elsewhere() -> None:
    record = msgspec.json.decode(CALLS.read_bytes())["Records"][0]
    own = Event(ts=0, source_kind="app", action="deploy", actor_name="bob", message="version 17")
    first, second = build_timeline(cloudtrail=[record, CALLS.read_bytes()[:0]], other=[own])
    assert first == {
        "time": datetime(1970, 1, 1, tzinfo=UTC), "source": "app", "action": "deploy",
        "actor": "bob", "address": "", "details": "version 17",
    }  # fmt: skip
    assert (second["action"], second["actor"], second["address"]) == ("GetCallerIdentity", "alice", "198.51.100.23")


def test_an_event_delivered_twice_is_in_the_list_once() -> None:
    assert len(build_timeline(cloudtrail=[CALLS, SAMPLES / "cloudtrail" / "array.json"])) == 7
