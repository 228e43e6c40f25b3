"""Security Hub: findings of many products in one format."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from hikeshi.errors import Unreadable
from hikeshi.events.event import Event
from hikeshi.events.reading import parse, read
from hikeshi.events.source import Source

SAMPLES = Path(__file__).parents[2] / "samples" / "securityhub"


def sample(name: str) -> list[Event]:
    return [event for event in parse([SAMPLES / name]) if isinstance(event, Event)]


def test_a_finding_of_guardduty_has_guardduties_id_and_type() -> None:
    finding = sample("export.jsonl")[0]
    assert finding.finding_id == "a6c556fcbc9bea427a19f8b787099a0b"
    assert finding.finding_type == finding.action == "Backdoor:EC2/C&CActivity.B"
    assert (finding.service, finding.severity, finding.finding_count) == ("guardduty", 80, 3)


def test_a_finding_lasts_from_first_to_last_seen() -> None:
    finding = sample("export.jsonl")[0]
    assert (finding.ts_desc, finding.ts_raw, finding.ts_precision) == ("first_seen", "2026-11-06T14:20:00.000Z", "ms")
    assert finding.ts_end == finding.ts + 41 * 60 * 1_000_000


def test_of_an_outbound_connection_our_machine_is_the_source() -> None:
    finding = sample("export.jsonl")[0]
    assert (finding.src_ip, finding.src_port, finding.dst_ip, finding.dst_port) == (
        "10.0.14.23",
        50514,
        "198.51.100.23",
        443,
    )
    assert (finding.instance, finding.proto, finding.direction) == ("i-0f2a1b2c3d4e50865", "tcp", "outbound")


def test_a_sample_is_marked_and_what_is_real_is_not() -> None:
    assert [finding.sample for finding in sample("export.jsonl")] == [True, None, None, None]


def test_a_label_stands_for_a_number_and_a_failed_control_says_so() -> None:
    control = sample("export.jsonl")[1]
    assert (control.severity, control.region, control.ts_desc) == (40, "ap-northeast-1", "created")
    assert control.message == "Security Hub: S3 buckets should block public access (FAILED)"
    assert control.resource_ids == ["arn:aws:s3:::example-orders"]


def test_ends_stand_in_network_or_in_action() -> None:
    _, _, scan, read_table = sample("export.jsonl")
    assert (scan.src_ip, scan.src_port, scan.dst_ip, scan.dst_port) == ("2001:db8::7", 40000, "10.0.14.23", 22)
    assert (read_table.src_ip, read_table.dst_ip) == ("203.0.113.9", None)


@pytest.mark.parametrize(("name", "count"), [("get-findings.json", 4), ("eventbridge.json", 2)])
def test_the_same_finding_is_the_same_event_in_every_delivery(name: str, count: int) -> None:
    assert [one.event_uid for one in sample(name)] == [one.event_uid for one in sample("export.jsonl")[:count]]


def test_an_update_is_an_event_of_its_own_with_the_same_finding_id() -> None:
    record = msgspec.json.decode((SAMPLES / "export.jsonl").read_bytes().splitlines()[0])
    later = record | {"UpdatedAt": "2026-11-06T16:05:00.000Z"}
    first, update = read(Source.of(msgspec.json.encode([record, later])))
    assert isinstance(first, Event)
    assert isinstance(update, Event)
    assert first.event_uid != update.event_uid
    assert first.finding_id == update.finding_id


def test_fields_of_another_type_do_not_cost_the_record() -> None:
    odd, *others = parse([SAMPLES / "damaged.jsonl"])
    assert isinstance(odd, Event)
    assert (odd.severity, odd.resource_type, odd.sample) == (70, "AwsEc2Instance", None)
    assert [type(other) for other in others] == [Unreadable] * 3


def test_real_findings_are_read(shared_data: Path) -> None:
    path = shared_data / "guardduty-findings" / "securityhub-asff-guardduty-findings.json"
    if not path.exists():
        pytest.skip("../shared/data/guardduty-findings is not here")
    count = len(msgspec.json.decode(path.read_bytes())["Findings"])
    found = list(parse([path]))
    assert [type(one) for one in found] == [Event] * count
    first = found[0]
    assert isinstance(first, Event)
    assert (first.finding_type, first.dst_ip) == ("DefenseEvasion:EC2/UnusualDNSResolver", "1.1.1.1")


def test_real_events_and_copies_of_a_siem_are_read(shared_data: Path) -> None:
    if not (shared_data / "eventbridge-shapes").is_dir() or not (shared_data / "panther-analysis-tests").is_dir():
        pytest.skip("../shared/data/eventbridge-shapes is not here")
    shapes = shared_data / "eventbridge-shapes"
    found = list(
        parse(
            [
                shapes / "event-securityhub-lambda-cross.json",
                shapes / "event-securityhub-cloudtrail-finding-action.json",
            ]
        )
    )
    assert [type(one) for one in found] == [Event] * 2
    path = shared_data / "panther-analysis-tests" / "AWS.SecurityFindingFormat.jsonl.gz"
    lines = Source(str(path), path.open("rb")).body().splitlines()
    logs = b"\n".join(msgspec.json.encode(msgspec.json.decode(line)["log"]) for line in lines)
    assert [type(one) for one in read(Source.of(logs))] == [Event] * 10
