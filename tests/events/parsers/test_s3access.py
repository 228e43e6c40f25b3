"""S3 server access logs: sessions, anonymous requests, S3's own deeds, quotes nobody escaped."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from hikeshi.errors import Unreadable
from hikeshi.events.event import Event
from hikeshi.events.reading import parse, read
from hikeshi.events.source import Source

SAMPLES = Path(__file__).parents[2] / "samples" / "s3access"


def sample(name: str) -> list[Event]:
    return [event for event in parse([SAMPLES / name]) if isinstance(event, Event)]


def test_a_download_says_who_took_what_and_how_much() -> None:
    taken = sample("access.log")[0]
    assert (taken.action, taken.outcome, taken.read_only, taken.bytes_out) == (
        "REST.GET.OBJECT",
        "success",
        True,
        4406583,
    )
    assert (taken.actor_type, taken.actor_name, taken.session_name) == ("AssumedRole", "web-app", "i-0f2a1b2c3d4e50865")
    assert (taken.actor_account, taken.src_ip, taken.duration_ms) == ("111122223333", "198.51.100.23", 41754.0)
    assert taken.resource_ids == ["arn:aws:s3:::example-orders/2024/part+0001.csv"]


def test_the_offset_of_the_time_counts() -> None:
    first, second, *_ = sample("access.log")
    assert second.ts - first.ts == 5_000_000
    assert (first.ts_basis, second.ts_basis) == ("utc", "offset")
    assert second.ts_raw == "06/Nov/2026:23:31:07 +0900"


def test_quotes_that_nobody_escaped_do_not_move_the_fields() -> None:
    denied = sample("access.log")[1]
    assert denied.user_agent == 'scanner "two" quotes/1.0'
    assert denied.dst_host == "example-orders.s3.amazonaws.com"


def test_an_anonymous_request_is_called_so() -> None:
    denied = sample("access.log")[1]
    assert (denied.actor_type, denied.actor_name, denied.outcome, denied.error_code) == (
        "Anonymous",
        None,
        "denied",
        "AccessDenied",
    )
    assert denied.message.startswith("anonymous: REST.GET.OBJECT example-orders/backup.sql from 203.0.113.9")


def test_what_s3_did_itself_has_no_request() -> None:
    marker = sample("access.log")[2]
    assert (marker.actor_type, marker.src_ip, marker.url) == ("AWSService", None, None)
    assert marker.resource_ids == ["arn:aws:s3:::example-orders/2024/old name.csv"]


def test_a_bucket_is_the_target_where_there_is_no_key_and_newer_fields_are_kept() -> None:
    policy = sample("access.log")[3]
    assert (policy.resource_type, policy.resource_ids) == ("AWS::S3::Bucket", ["arn:aws:s3:::example-orders"])
    assert (policy.actor_type, policy.actor_name) == ("IAMUser", "alice")
    assert msgspec.json.decode(policy.attrs or b"")["more"] == ["one", "more"]


def test_the_oldest_layout_is_read() -> None:
    (old,) = sample("oldest.log")
    assert (old.actor_type, old.src_ip, old.action) == ("CanonicalUser", "2001:db8::7", "REST.GET.VERSIONING")


def test_a_line_delivered_twice_is_one_event() -> None:
    line = (SAMPLES / "access.log").read_bytes().splitlines()[0]
    one, again = read(Source.of(line + b"\n" + line))
    assert isinstance(one, Event)
    assert isinstance(again, Event)
    assert one.event_uid == again.event_uid


def test_lines_that_cannot_be_read_say_where() -> None:
    found = list(parse([SAMPLES / "damaged.log"]))
    places = [one.place if isinstance(one, Unreadable) else "event" for one in found]
    assert places == ["event", "line 2", "line 3", "event"]


def test_many_quotes_cost_no_more_than_a_line() -> None:
    line = (SAMPLES / "access.log").read_bytes().splitlines()[0]
    bad = line.replace(b"Python", b'" 200 - - - - - "' * 10_000).replace(b"TLSv1.2", b'"')
    first, odd = read(Source.of(line + b"\n" + bad))
    assert isinstance(first, Event)
    assert isinstance(odd, Event | Unreadable)


def test_real_lines_are_read_to_the_last(shared_data: Path) -> None:
    path = shared_data / "aws-service-log-samples" / "s3-server-access.log.gz"
    if not path.exists():
        pytest.skip("../shared/data/aws-service-log-samples is not here")
    found = list(parse([path]))
    assert [type(event) for event in found] == [Event] * 12


def test_a_hand_made_attack_is_read(shared_data: Path) -> None:
    path = shared_data / "panther-analysis-tests" / "compromised-root-creds" / "attacker_s3_access.yml"
    if not path.exists():
        pytest.skip("../shared/data/panther-analysis-tests is not here")
    lines = [line.removeprefix("  - ") for line in path.read_text().splitlines() if line.startswith("  - 79a59")]
    found = list(read(Source.of("\n".join(lines).encode())))
    assert {one.actor_name if isinstance(one, Event) else None for one in found} == {"tracy_stone"}
    assert len(found) == len(lines) >= 3
