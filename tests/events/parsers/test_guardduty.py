"""GuardDuty findings in three spellings."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from hikeshi.errors import Unreadable
from hikeshi.events.event import Event
from hikeshi.events.parsers import recognise
from hikeshi.events.reading import parse, read
from hikeshi.events.source import Source

SAMPLES = Path(__file__).parents[2] / "samples" / "guardduty"


def sample(name: str) -> list[Event]:
    return [event for event in parse([SAMPLES / name]) if isinstance(event, Event)]


def test_all_spellings_are_the_same_event() -> None:
    found = {
        sample(name)[0].event_uid
        for name in ("export.jsonl", "eventbridge.json", "eventbridge-capitals.json", "get-findings.json")
    }
    assert len(found) == 1


def test_a_finding_lasts_from_first_to_last_seen() -> None:
    finding = sample("export.jsonl")[0]
    assert (finding.ts_desc, finding.ts_raw) == ("first_seen", "2026-11-06T14:20:00Z")
    assert finding.ts_end is not None
    assert finding.ts_end - finding.ts == 41 * 60 * 1_000_000
    assert (finding.severity, finding.finding_count) == (80, 3)


def test_an_update_is_an_event_of_its_own_with_the_same_finding_id() -> None:
    first, update, _ = sample("export.jsonl")
    assert first.finding_id == update.finding_id
    assert first.event_uid != update.event_uid
    assert (first.finding_count, update.finding_count) == (3, 9)


def test_of_an_outbound_connection_our_machine_is_the_source() -> None:
    finding = sample("eventbridge-capitals.json")[0]
    assert (finding.src_ip, finding.src_port, finding.dst_ip, finding.dst_port) == (
        "10.0.14.23",
        50514,
        "198.51.100.23",
        443,
    )
    assert (finding.instance, finding.vpc) == ("i-0f2a1b2c3d4e50865", "vpc-0abc1234def567890")


def test_of_a_call_the_remote_address_is_the_source() -> None:
    finding = sample("get-findings.json")[1]
    assert (finding.src_ip, finding.actor_name, finding.access_key) == (
        "198.51.100.23",
        "alice",
        "AKIAIOSFODNN7EXAMPLE",
    )


def test_a_sample_finding_is_marked() -> None:
    assert [finding.sample for finding in sample("export.jsonl")] == [None, None, True]


def test_a_sample_marked_inside_a_string_is_marked() -> None:
    record = msgspec.json.decode((SAMPLES / "export.jsonl").read_bytes().splitlines()[0])
    record["service"]["additionalInfo"] = {"value": '{"sample": true}', "type": "default"}
    (finding,) = read(Source.of(msgspec.json.encode(record)))
    assert isinstance(finding, Event)
    assert finding.sample is True


def test_what_is_no_whole_finding_is_unreadable_with_its_place() -> None:
    found = list(parse([SAMPLES / "damaged.jsonl"]))
    assert [one.place if isinstance(one, Unreadable) else "event" for one in found] == ["event", "record 2", "record 3"]


def test_a_finding_without_service_has_the_time_it_was_made() -> None:
    record = msgspec.json.decode((SAMPLES / "export.jsonl").read_bytes().splitlines()[0])
    del record["service"]
    (finding,) = read(Source.of(msgspec.json.encode(record)))
    assert isinstance(finding, Event)
    assert (finding.ts_desc, finding.ts_raw) == ("created", "2026-11-06T14:40:10.005Z")


def test_security_hubs_format_is_another_log() -> None:
    assert (
        recognise(b'{"Findings":[{"SchemaVersion":"2018-10-08","ProductArn":"arn:aws:securityhub:x","Severity":{}}]}')
        is None
    )


def test_real_findings_are_read(shared_data: Path) -> None:
    if not (shared_data / "guardduty-findings").is_dir():
        pytest.skip("../shared/data/guardduty-findings is not here")
    found = list(parse([shared_data / "guardduty-findings" / "eventbridge-*.json"]))
    assert [type(event) for event in found] == [Event] * 7
    (documented,) = [e for e in parse([shared_data / "guardduty-findings" / "*.rst"]) if isinstance(e, Event)]
    assert documented.finding_type == "Recon:IAMUser/UserPermissions"
    assert documented.src_ip == "52.94.36.7"
