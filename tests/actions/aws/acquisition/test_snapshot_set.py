"""Snapshots of a whole instance."""

from __future__ import annotations

from typing import Any

import pytest

from actions.account import ACCOUNT, Cloud, Machine, stored
from actions.worlds import WatchedWorld
from hikeshi.actions.aws.acquisition import snapshot_set
from hikeshi.actions.aws.acquisition.snapshot_set import SnapshotSet
from hikeshi.errors import Failed, Refused

STEP = "INC-2026-0001/2.1"


def with_volumes(cloud: Cloud, count: int = 2, **more: Any) -> Machine:
    machine = cloud.machine(1, **more)
    for number in range(count - 1):
        volume = cloud.ec2.create_volume(Size=1, AvailabilityZone="ap-northeast-1a")["VolumeId"]
        cloud.ec2.attach_volume(VolumeId=volume, InstanceId=machine.id, Device=f"/dev/sd{'fgh'[number]}")
    return machine


def take(machine: Machine) -> SnapshotSet:
    return SnapshotSet(instance_id=machine.id)


def test_one_call_takes_all_volumes_with_their_tags(cloud: Cloud, world: WatchedWorld) -> None:
    action = take(with_volumes(cloud, 3))
    plan = stored(action.plan(world))
    done = action.do(world, plan)
    assert (done.outcome, done.grade) == ("done", "configured")
    assert world.record.operations == ["ec2:CreateSnapshots"]
    assert world.record.lines[0].params == plan.calls[0].params
    snapshots = cloud.snapshots_of(STEP)
    assert done.held_at.split() == sorted(snapshot["SnapshotId"] for snapshot in snapshots)
    assert {snapshot["VolumeId"] for snapshot in snapshots} == set(plan.before["volumes"])
    tags = {tag["Key"]: tag["Value"] for tag in snapshots[0]["Tags"]}
    assert tags["hikeshi:incident"] == "INC-2026-0001"
    assert tags["hikeshi:purpose"] == "forensic"
    assert tags["hikeshi:evidence"] == action.instance_id


def test_a_repeat_takes_nothing_again(cloud: Cloud, world: WatchedWorld) -> None:
    action = take(with_volumes(cloud))
    plan = action.plan(world)
    action.do(cloud.world(), plan)
    assert action.do(world, plan).outcome == "already-done"
    assert world.record.operations == []
    assert len(cloud.snapshots_of(STEP)) == 2


def test_another_step_takes_its_own(cloud: Cloud, world: WatchedWorld) -> None:
    action = take(with_volumes(cloud))
    plan = action.plan(world)
    action.do(world, plan)
    assert action.do(cloud.world(step="INC-2026-0001/2.9"), plan).outcome == "done"


def test_a_volume_that_is_missing_is_taken_alone(cloud: Cloud, world: WatchedWorld) -> None:
    action = take(with_volumes(cloud))
    plan = action.plan(world)
    action.do(cloud.world(), plan)
    first = cloud.snapshots_of(STEP)[0]
    cloud.ec2.delete_snapshot(SnapshotId=first["SnapshotId"])
    assert action.do(world, plan).outcome == "done"
    assert world.record.operations == ["ec2:CreateSnapshot"]
    assert world.record.lines[0].params["VolumeId"] == first["VolumeId"]


def test_volumes_are_taken_one_by_one_when_the_set_fails(cloud: Cloud, world: WatchedWorld) -> None:
    action = take(with_volumes(cloud))
    plan = action.plan(world)
    cloud.layer.refusals = {"CreateSnapshots": "InvalidParameterValue"}
    assert action.do(world, plan).outcome == "done"
    assert world.record.operations == ["ec2:CreateSnapshots", "ec2:CreateSnapshot", "ec2:CreateSnapshot"]


def test_one_failed_volume_is_partial(cloud: Cloud, world: WatchedWorld) -> None:
    action = take(with_volumes(cloud))
    plan = action.plan(world)
    cloud.layer.refusals = {"CreateSnapshots": "InvalidParameterValue"}
    cloud.layer.faults = [("CreateSnapshot", "denied")]
    done = action.do(world, plan)
    assert (done.outcome, done.grade, len(done.still_open)) == ("partial", "none", 1)


def test_denied_names_the_permission(cloud: Cloud, world: WatchedWorld) -> None:
    action = take(with_volumes(cloud))
    plan = action.plan(world)
    cloud.layer.faults = [("CreateSnapshots", "denied")]
    with pytest.raises(Failed, match="Grant ec2:CreateSnapshots") as failed:
        action.do(world, plan)
    assert failed.value.permanent
    assert cloud.snapshots_of(STEP) == []


@pytest.mark.parametrize(
    ("fault", "outcome"), [("lost after", "done"), ("lost before", "unknown"), ("html", "unknown")]
)
def test_a_lost_answer_never_makes_duplicates(cloud: Cloud, world: WatchedWorld, fault: Any, outcome: str) -> None:
    action = take(with_volumes(cloud))
    plan = action.plan(world)
    cloud.layer.faults = [("CreateSnapshots", fault)]
    assert action.do(world, plan).outcome == outcome
    action.do(cloud.world(), plan)
    assert len(cloud.snapshots_of(STEP)) == 2


def test_a_pending_snapshot_counts_and_is_named(cloud: Cloud, world: WatchedWorld) -> None:
    from moto.ec2.models import ec2_backends  # moto cannot make one over HTTP

    action = take(with_volumes(cloud, 1))
    plan = action.plan(world)
    action.do(world, plan)
    (snapshot,) = cloud.snapshots_of(STEP)
    ec2_backends[ACCOUNT]["ap-northeast-1"].snapshots[snapshot["SnapshotId"]].status = "pending"
    seen = action.check(cloud.world(), plan)
    assert seen.outcome == "done"
    assert "still being copied" in seen.still_open[0].en


def test_a_failed_snapshot_does_not_count(cloud: Cloud, world: WatchedWorld) -> None:
    from moto.ec2.models import ec2_backends  # moto cannot make one over HTTP

    action = take(with_volumes(cloud, 1))
    plan = action.plan(world)
    action.do(world, plan)
    (snapshot,) = cloud.snapshots_of(STEP)
    ec2_backends[ACCOUNT]["ap-northeast-1"].snapshots[snapshot["SnapshotId"]].status = "error"
    assert action.check(cloud.world(), plan).outcome == "failed"
    assert action.do(cloud.world(), plan).outcome == "done"


def test_instance_store_is_warned_about(cloud: Cloud, world: WatchedWorld) -> None:
    plan = take(with_volumes(cloud, 1, InstanceType="m5d.large")).plan(world)
    assert plan.before["instance_store"] is True
    assert "instance store" in plan.warnings[0].en


def test_a_protected_instance_may_still_give_evidence(cloud: Cloud, world: WatchedWorld) -> None:
    machine = with_volumes(cloud)
    cloud.ec2.create_tags(Resources=[machine.id], Tags=[{"Key": "hikeshi:protected", "Value": "yes"}])
    assert take(machine).plan(world).calls


def test_a_terminated_instance_is_refused(cloud: Cloud, world: WatchedWorld) -> None:
    machine = with_volumes(cloud)
    cloud.ec2.terminate_instances(InstanceIds=[machine.id])
    with pytest.raises(Refused, match="is terminated"):
        take(machine).plan(world)


def test_evidence_is_not_undone(cloud: Cloud, world: WatchedWorld) -> None:
    action = take(with_volumes(cloud))
    plan = action.plan(world)
    action.do(world, plan)
    with pytest.raises(Refused, match="nothing to undo"):
        action.undo(world, plan)
    assert len(cloud.snapshots_of(STEP)) == 2


def test_the_quota_of_pending_snapshots_is_waited_for(cloud: Cloud, world: WatchedWorld) -> None:
    action = take(with_volumes(cloud))
    plan = action.plan(world)
    cloud.layer.refusals = {"CreateSnapshots": "PendingSnapshotLimitExceeded"}
    with pytest.raises(Failed, match="Too many snapshots") as failed:
        action.do(world, plan)
    assert not failed.value.permanent


def test_a_disk_of_several_instances_and_a_crowded_account_are_named(
    cloud: Cloud, world: WatchedWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    from moto.ec2.models import ec2_backends  # moto cannot make either over HTTP

    monkeypatch.setattr(snapshot_set, "PENDING_QUOTA", 1)
    machine = with_volumes(cloud)
    backend = ec2_backends[ACCOUNT]["ap-northeast-1"]
    volume = next(iter(take(machine).plan(world).before["volumes"]))
    backend.volumes[volume].multi_attach_enabled = True
    warnings = [warning.en for warning in take(machine).plan(world).warnings]
    assert "several instances" in warnings[0]
    assert "made to wait" in warnings[1]


def test_the_tags_of_the_volumes_are_copied_where_none_of_them_is_ours(cloud: Cloud, world: WatchedWorld) -> None:
    machine = with_volumes(cloud)
    plan = take(machine).plan(world)
    assert plan.calls[0].params["CopyTagsFromSource"] == "volume"
    volume = next(iter(plan.before["volumes"]))
    cloud.ec2.create_tags(Resources=[volume], Tags=[{"Key": "hikeshi:incident", "Value": "INC-2026-0001"}])
    assert "CopyTagsFromSource" not in take(machine).plan(world).calls[0].params
