"""AWS Config: items, changes, verdicts."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from hikeshi.errors import Unreadable
from hikeshi.events.event import Event
from hikeshi.events.reading import parse

SAMPLES = Path(__file__).parents[2] / "samples" / "awsconfig"


def sample(name: str) -> list[Event]:
    return [event for event in parse([SAMPLES / name]) if isinstance(event, Event)]


def test_an_item_says_what_a_resource_was_when_it_was_looked_at() -> None:
    group, machine = sample("snapshot.json")
    assert (group.ts_raw, group.ts_desc, group.ts_precision) == ("2026-11-06T14:26:11.300Z", "captured", "ms")
    assert (group.resource_type, group.action) == ("AWS::EC2::SecurityGroup", "ResourceDiscovered")
    assert group.resource_ids == ["arn:aws:ec2:ap-northeast-1:111122223333:security-group/sg-0a1b2c3d", "sg-0a1b2c3d"]
    assert (group.zone, group.account, group.region) == (None, "111122223333", "ap-northeast-1")
    assert msgspec.json.decode(group.attrs or b"")["configuration"]["ipPermissions"][0]["fromPort"] == 22
    assert (machine.instance, machine.action, machine.zone) == (
        "i-0f2a1b2c3d4e50865",
        "ResourceDeleted",
        "ap-northeast-1a",
    )


def test_an_answer_of_the_api_is_the_same_item() -> None:
    (answer,) = sample("history.json")
    assert answer.event_uid == sample("snapshot.json")[0].event_uid
    assert answer.ts_precision == "ms"


def test_a_change_says_what_kind_it_was() -> None:
    change, _ = sample("eventbridge.jsonl")
    assert (change.action, change.message) == ("UPDATE", "AWS::EC2::SecurityGroup open-ssh: UPDATE")
    assert sample("notification.json")[0].event_uid == change.event_uid


def test_a_verdict_is_a_finding_of_its_rule() -> None:
    _, verdict = sample("eventbridge.jsonl")
    assert (verdict.category, verdict.action, verdict.finding_type) == ("finding", "NON_COMPLIANT", "restricted-ssh")
    assert verdict.resource_ids == ["sg-0a1b2c3d"]


def test_fields_of_another_type_do_not_cost_the_record() -> None:
    odd, *others = parse([SAMPLES / "damaged.jsonl"])
    assert isinstance(odd, Event)
    assert odd.message == "AWS::EC2::SecurityGroup sg-0a1b2c3d: ResourceDiscovered"
    assert [type(other) for other in others] == [Unreadable] * 3


def test_a_real_change_is_read(shared_data: Path) -> None:
    path = shared_data / "eventbridge-shapes" / "sqs-discover.json"
    if not path.exists():
        pytest.skip("../shared/data/eventbridge-shapes is not here")
    (change,) = parse([path])
    assert isinstance(change, Event)
    assert (change.action, change.resource_type, change.account) == ("CREATE", "AWS::SQS::Queue", "662108712480")
