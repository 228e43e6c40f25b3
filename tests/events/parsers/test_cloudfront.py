"""CloudFront: layouts, JSON, encoded letters."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from hikeshi.errors import Unreadable
from hikeshi.events.event import Event
from hikeshi.events.parsers import cloudfront
from hikeshi.events.reading import parse

SAMPLES = Path(__file__).parents[2] / "samples" / "cloudfront"


def sample(name: str) -> list[Event]:
    return [event for event in parse([SAMPLES / name]) if isinstance(event, Event)]


def test_a_request_at_the_edge_says_who_asked_what_and_what_came_back() -> None:
    first = sample("standard.log")[0]
    assert (first.ts_raw, first.ts_desc, first.ts_basis) == ("2026-11-06 14:22:37", "completed", "utc")
    assert (first.method, first.url, first.http_status) == ("GET", "https://www.example.com/", 200)
    assert (first.src_ip, first.src_port, first.bytes, first.bytes_out) == ("198.51.100.23", 12812, 536, 675)
    assert (first.user_agent, first.duration_ms) == ("Mozilla/5.0 (X11; Linux x86_64)", 623.0)
    assert msgspec.json.decode(first.attrs or b"")["x-edge-location"] == "NRT57-C2"


def test_a_query_is_part_of_the_address_and_stays_as_it_was_written() -> None:
    attack = sample("standard.log")[1]
    assert attack.url == "https://www.example.com/login.php?user=admin%2527--"
    assert (attack.outcome, attack.src_ip, attack.user_agent) == ("denied", "2001:db8::7", None)


@pytest.mark.parametrize("name", ["no-header.log", "v2.jsonl"])
def test_the_same_request_is_the_same_event_in_every_shape(name: str) -> None:
    assert [event.event_uid for event in sample(name)] == [event.event_uid for event in sample("standard.log")]
    assert [event.src_port for event in sample(name)] == [12812, 27007]


def test_a_header_inside_the_file_changes_the_layout() -> None:
    short, whole = sample("short-layout.log")
    assert (short.src_ip, short.http_status, short.bytes_out) == ("198.51.100.23", 200, None)
    assert (whole.src_ip, whole.http_status, whole.bytes_out) == ("2001:db8::7", 403, 675)
    assert short.dedup_key is None


def test_lines_that_cannot_be_read_say_where() -> None:
    found = list(parse([SAMPLES / "damaged.log"]))
    places = [one.place if isinstance(one, Unreadable) else "event" for one in found]
    assert places == ["event", "line 4", "line 5", "event"]


def test_other_logs_with_fields_are_other_logs() -> None:
    other = b"#Software: Microsoft Internet Information Services 10.0\n#Fields: date time s-ip cs-method cs-uri-stem\n"
    assert not cloudfront.recognises(other)


def test_real_lines_are_read_to_the_last(shared_data: Path) -> None:
    path = shared_data / "aws-service-log-samples" / "cloudfront.log.gz"
    if not path.exists():
        pytest.skip("../shared/data/aws-service-log-samples is not here")
    assert [type(event) for event in parse([path])] == [Event] * 27
