"""Snapshots that take a while."""

from __future__ import annotations

from typing import Any

from hikeshi.simulation.cloud import SimulatedCloud
from hikeshi.simulation.faults import Fault, Faults
from hikeshi.simulation.snapshots import describe
from hikeshi.simulation.wire import Answer, Call

SLOW = [Fault(service="ec2", operation="DescribeSnapshots", error="pending", times=2)]


def make(ec2: Any, count: int) -> list[str]:
    volume = ec2.create_volume(Size=1, AvailabilityZone="ap-northeast-1a")["VolumeId"]
    tags = [{"ResourceType": "snapshot", "Tags": [{"Key": "purpose", "Value": "evidence"}]}]
    return [ec2.create_snapshot(VolumeId=volume, TagSpecifications=tags)["SnapshotId"] for _ in range(count)]


def states(ec2: Any, ids: list[str]) -> list[tuple[str, str]]:
    found = {one["SnapshotId"]: one for one in ec2.describe_snapshots(SnapshotIds=ids)["Snapshots"]}
    return [(found[one]["State"], found[one]["Progress"]) for one in ids]


def test_a_snapshot_is_done_at_once_in_good_weather(cloud: SimulatedCloud) -> None:
    ec2 = cloud.client("ec2")
    assert states(ec2, make(ec2, 2)) == [("completed", "100%")] * 2


def test_a_slow_snapshot_is_pending_first_and_completed_then(cloud: SimulatedCloud) -> None:
    ec2 = cloud.client("ec2")
    cloud.switch(SLOW)
    ids = make(ec2, 2)
    assert states(ec2, ids) == [("pending", "42%")] * 2
    assert states(ec2, ids) == [("pending", "42%")] * 2
    assert states(ec2, ids) == [("completed", "100%")] * 2


def test_each_snapshot_has_its_own_patience(cloud: SimulatedCloud) -> None:
    ec2 = cloud.client("ec2")
    cloud.switch(SLOW)
    first, second = make(ec2, 2)
    for _ in range(2):
        states(ec2, [first])
    assert [state for state, _ in states(ec2, [first, second])] == ["completed", "pending"]


def test_tags_and_volumes_of_a_pending_snapshot_are_kept(cloud: SimulatedCloud) -> None:
    ec2 = cloud.client("ec2")
    cloud.switch(SLOW)
    [snapshot] = make(ec2, 1)
    [shown] = ec2.describe_snapshots(SnapshotIds=[snapshot])["Snapshots"]
    assert shown["Tags"] == [{"Key": "purpose", "Value": "evidence"}]
    assert shown["VolumeId"].startswith("vol-")


def test_an_error_passes_unchanged() -> None:
    call = Call(service="ec2", region="", operation="DescribeSnapshots", protocol="ec2", params={}, body=b"")
    answer = Answer(status=400, headers=(), body=b"<Response><Errors/></Response>")
    assert describe(Faults(), call, answer) == answer
