"""CloudTrail in all shapes it is delivered in."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hikeshi.errors import Unreadable
from hikeshi.events.event import Event
from hikeshi.events.reading import parse, read
from hikeshi.events.source import Source
from hikeshi.events.times import utc

SAMPLES = Path(__file__).parents[2] / "samples" / "cloudtrail"


def sample(name: str) -> list[Event]:
    return [event for event in parse([SAMPLES / name]) if isinstance(event, Event)]


def one(**changes: Any) -> Event:
    record = {
        "eventTime": "2026-11-06T14:21:31Z",
        "eventSource": "iam.amazonaws.com",
        "eventName": "CreateUser",
    } | changes
    (event,) = read(Source.of(msgspec.json.encode(record)))
    assert isinstance(event, Event)
    return event


@pytest.mark.parametrize(
    ("name", "count", "variant"),
    [
        ("array.json", 2, "array"),
        ("eventbridge.json", 1, "eventbridge"),
        ("lines.jsonl", 3, "lines"),
        ("lookup-events.json", 2, "lookup"),
        ("s3.json", 7, "s3"),
        ("shipper.jsonl", 2, "lines"),
        ("single.json", 1, "single"),
    ],
)
def test_every_shape_is_read(name: str, count: int, variant: str) -> None:
    events = sample(name)
    assert len(events) == count
    assert {event.source_variant for event in events} == {variant}


def test_the_same_call_is_the_same_event_in_every_shape() -> None:
    shapes = ("array.json", "eventbridge.json", "lines.jsonl", "s3.json", "single.json")
    ids = [{event.event_uid for event in sample(name) if event.action == "CreateAccessKey"} for name in shapes]
    assert len(set.union(*ids)) == 1
    assert sample("lookup-events.json")[0].event_uid == sample("array.json")[0].event_uid


def test_a_call_says_who_what_where_and_from_where() -> None:
    call = next(event for event in sample("s3.json") if event.action == "CreateAccessKey")
    assert (call.service, call.actor_name, call.src_ip, call.account) == (
        "iam",
        "alice",
        "198.51.100.23",
        "111122223333",
    )
    assert (call.outcome, call.read_only, call.region) == ("success", False, "ap-northeast-1")
    assert call.access_key == "AKIAIOSFODNN7EXAMPLE"
    assert call.message == "alice called iam:CreateAccessKey from 198.51.100.23"
    assert call.attrs is not None
    assert msgspec.json.decode(call.attrs)["requestParameters"] == {"userName": "svc-backup"}


def test_the_time_is_in_whole_seconds_utc_and_kept_as_written() -> None:
    call = sample("s3.json")[0]
    assert utc(call.ts) == datetime(2026, 11, 6, 14, 21, 31, tzinfo=UTC)
    assert call.ts_raw == "2026-11-06T14:21:31Z"
    assert (call.ts_precision, call.ts_desc, call.ts_basis) == ("s", "completed", "utc")


def test_a_role_session_keeps_role_and_session_apart() -> None:
    call = next(event for event in sample("s3.json") if event.action == "PutObject")
    assert (call.actor_type, call.actor_name, call.session_name) == ("AssumedRole", "web-app", "i-0f2a1b2c3d4e50865")
    assert call.session_issuer == "arn:aws:iam::111122223333:role/web-app"
    assert call.mfa is False
    assert call.resource_ids == ["arn:aws:s3:::example-orders/2024/part-0001", "arn:aws:s3:::example-orders"]


def test_a_service_is_no_address() -> None:
    call = next(event for event in sample("s3.json") if event.action == "GenerateDataKey")
    assert (call.src_ip, call.src_service) == (None, "cloudtrail.amazonaws.com")
    assert call.actor_name == "cloudtrail.amazonaws.com"


def test_a_call_without_identity_is_kept() -> None:
    call = next(event for event in sample("s3.json") if event.action == "GetObject")
    assert (call.actor_name, call.src_ip) == (None, "203.0.113.77")


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (None, "success"),
        ("AccessDenied", "denied"),
        ("AccessDeniedException", "denied"),
        ("Client.UnauthorizedOperation", "denied"),
        ("NoSuchBucket", "failure"),
    ],
)
def test_services_call_a_denial_by_many_names(code: str | None, outcome: str) -> None:
    assert one(errorCode=code).outcome == outcome


def test_a_failed_sign_in_is_a_failure_though_there_is_no_error_code() -> None:
    login = next(event for event in sample("s3.json") if event.action == "ConsoleLogin")
    assert (login.category, login.outcome) == ("login", "failure")


def test_a_log_shippers_time_stands_in_for_a_missing_one() -> None:
    event = sample("shipper.jsonl")[0]
    assert event.ts == sample("array.json")[0].ts
    assert event.ts_precision == "ms"


def test_a_digest_file_is_noted_and_holds_no_events() -> None:
    source = Source.of((SAMPLES / "digest.json").read_bytes())
    assert list(read(source)) == []
    assert "digest" in source.note


def test_an_hour_without_calls_is_fine() -> None:
    assert list(read(Source.of(b'{"Records": []}'))) == []


def test_fields_of_another_type_do_not_cost_the_record() -> None:
    first, *others = parse([SAMPLES / "odd-types.jsonl"])
    assert isinstance(first, Event)
    assert (first.action, first.user_agent, first.resource_ids) == ("PutBucketPolicy", None, None)
    assert first.read_only is False
    assert [type(other) for other in others] == [Unreadable] * 3
    assert [other.place for other in others if isinstance(other, Unreadable)] == ["record 2", "record 3", "line 4"]


def test_two_accounts_see_one_call_as_two_events() -> None:
    mine, theirs = (
        one(eventID="e-1", recipientAccountId="111122223333"),
        one(eventID="e-1", recipientAccountId="444455556666"),
    )
    assert mine.event_uid != theirs.event_uid


def test_records_without_an_id_are_told_apart_by_their_place() -> None:
    record = b'{"eventTime":"2026-11-06T14:21:31Z","eventSource":"s3.amazonaws.com","eventName":"GetObject"}'
    first, second = read(Source.of(record + b"\n" + record))
    assert isinstance(first, Event)
    assert isinstance(second, Event)
    assert first.event_uid != second.event_uid


def test_a_damaged_record_costs_only_itself() -> None:
    content = (SAMPLES / "s3.json").read_bytes().replace(b'"eventName":"ListUsers"', b'"eventName":"ListU', 1)
    found = list(read(Source.of(content)))
    assert sum(isinstance(event, Event) for event in found) == 6
    (trouble,) = [event for event in found if isinstance(event, Unreadable)]
    assert "byte" in trouble.place


@pytest.mark.parametrize(
    ("folder", "records", "unique"), [("invictus-aws-dataset", 2093, 2093), ("sans504-s3-ransomware", 7438, 6003)]
)
def test_real_trails_are_read_to_the_last_record(shared_data: Path, folder: str, records: int, unique: int) -> None:
    if not (shared_data / folder).is_dir():
        pytest.skip(f"../shared/data/{folder} is not here")
    found = list(parse([shared_data / folder / "**" / "*.gz"]))
    assert not [event for event in found if isinstance(event, Unreadable)]
    assert len(found) == records
    assert len({event.event_uid for event in found if isinstance(event, Event)}) == unique


def test_real_shapes_are_all_read(shared_data: Path) -> None:
    folder = shared_data / "cloudtrail-shapes"
    if not folder.is_dir():
        pytest.skip("../shared/data/cloudtrail-shapes is not here")
    counts = {
        path.name: len(list(parse([path])))
        for path in sorted(folder.iterdir())
        if path.suffix in {".gz", ".json", ".jsonl", ".rst"}
    }
    assert counts == {
        "111111111111_CloudTrail_eu-central-1_20171211T1505Z_A6kvhMoVeCsc7v8U.json.gz": 2,
        "cloudtrail-digest-elastic.json": 0,
        "cloudtrail-lookup-events-example.rst": 1,
        "lookup-events-cli.jsonl": len((folder / "lookup-events-cli.jsonl").read_text().splitlines()),
        "opensearch-catalog-records.json": 50,
        "trailscraper-smoke-records.json": 3,
    }


def test_an_insight_event_is_none_of_the_calls_it_is_about() -> None:
    begun, ended = parse([SAMPLES / "insight.json"])
    for event, state in ((begun, "Start"), (ended, "End")):
        assert isinstance(event, Event)
        assert (event.action, event.service, event.account) == ("ApiCallRateInsight", "iam", "111122223333")
        assert "CreateUser" in str(event.attrs)
        assert state in str(event.attrs)
