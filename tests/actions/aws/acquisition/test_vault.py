"""Locking, sharing and copying snapshots: what is special to each."""

from __future__ import annotations

from typing import Any

import pytest

from actions.account import ACCOUNT, REGION, Cloud
from actions.worlds import WatchedWorld
from hikeshi.actions.aws.acquisition.copy_snapshots import CopySnapshot
from hikeshi.actions.aws.acquisition.lock_compliance import LockCompliance
from hikeshi.actions.aws.acquisition.lock_snapshots import LockSnapshots
from hikeshi.actions.aws.acquisition.share_snapshots import ShareSnapshots
from hikeshi.errors import Failed, Refused
from hikeshi.simulation.building.acquisition import a_snapshot, customer_key

FORENSIC = "210987654321"


def kept(name: str) -> Any:
    """The snapshot in moto, for what cannot be set over HTTP."""
    from moto.ec2.models import ec2_backends

    return ec2_backends[ACCOUNT][REGION].snapshots[name]


def done(action: Any, cloud: Cloud) -> Any:
    world = cloud.world()
    return action.do(world, action.plan(world))


def test_a_pending_snapshot_is_locked_at_once_and_cannot_be_deleted(cloud: Cloud) -> None:
    name = a_snapshot(cloud)
    kept(name).status = "pending"
    assert done(LockSnapshots(evidence_of=name), cloud).outcome == "done"
    with pytest.raises(cloud.ec2.exceptions.ClientError, match="SnapshotLocked"):
        cloud.ec2.delete_snapshot(SnapshotId=name)


def test_a_lock_is_made_longer_and_never_shorter(cloud: Cloud, world: WatchedWorld) -> None:
    name = a_snapshot(cloud)
    done(LockSnapshots(evidence_of=name, days=90), cloud)
    assert LockSnapshots(evidence_of=name, days=30).plan(world).calls == ()
    assert done(LockSnapshots(evidence_of=name, days=365), cloud).outcome == "done"
    done(LockCompliance(evidence_of=name, days=10), cloud)
    assert LockSnapshots(evidence_of=name, days=3650).plan(world).calls == ()


def test_a_lock_for_good_names_the_bill_and_is_not_taken_back_by_us(cloud: Cloud, world: WatchedWorld) -> None:
    action = LockCompliance(evidence_of=a_snapshot(cloud), days=30)
    plan = action.plan(world)
    assert plan.calls[0].params["CoolOffPeriod"] == 24
    assert "paid for 30 days" in plan.warnings[0].en
    action.do(world, plan)
    with pytest.raises(Refused, match="never undone"):
        action.undo(world, plan)
    with pytest.raises(Refused, match="already"):
        action.plan(world)


def test_what_the_default_key_encrypts_is_not_shared_without_a_second_key(cloud: Cloud, world: WatchedWorld) -> None:
    name = a_snapshot(cloud, Encrypted=True)
    with pytest.raises(Refused, match="default key"):
        ShareSnapshots(evidence_of=name, account=FORENSIC).plan(world)
    kms = cloud.client("kms")
    kept(name).kms_key_id = kms.describe_key(KeyId=kms.create_key()["KeyMetadata"]["KeyId"])["KeyMetadata"]["Arn"]
    [warning] = ShareSnapshots(evidence_of=name, account=FORENSIC).plan(world).warnings
    assert f"does not name {FORENSIC}" in warning.en


def test_it_is_opened_before_it_is_shared_and_unshared_before_it_is_closed(cloud: Cloud, world: WatchedWorld) -> None:
    name = a_snapshot(cloud, Encrypted=True)
    action = ShareSnapshots(evidence_of=name, account=FORENSIC, key=customer_key(cloud))
    plan = action.plan(world)
    assert plan.warnings == ()
    action.do(world, plan)
    action.undo(world, plan)
    assert [line.operation for line in world.record.lines] == [
        "ec2:AssociateKmsKeyId",
        "ec2:ModifySnapshotAttribute",
        "ec2:ModifySnapshotAttribute",
        "ec2:DisassociateKmsKeyId",
    ]


def test_what_was_shared_before_stays_shared(cloud: Cloud, world: WatchedWorld) -> None:
    name = a_snapshot(cloud)
    cloud.ec2.modify_snapshot_attribute(
        SnapshotId=name, Attribute="createVolumePermission", OperationType="add", UserIds=["333322221111"]
    )
    action = ShareSnapshots(evidence_of=name, account=FORENSIC)
    plan = action.plan(world)
    action.do(world, plan)
    action.undo(world, plan)
    assert action.read(world) == {f"{name} shared with": ["333322221111"]}


def test_a_copy_waits_for_its_source_and_for_its_turn(cloud: Cloud, world: WatchedWorld) -> None:
    name = a_snapshot(cloud)
    action = CopySnapshot(snapshot_id=name, key=customer_key(cloud))
    kept(name).status = "pending"
    plan = action.plan(world)
    assert plan.warnings
    with pytest.raises(Failed, match="before it is complete") as failed:
        action.do(world, plan)
    assert not failed.value.permanent
    kept(name).status = "completed"
    cloud.layer.refusals = {"CopySnapshot": "ResourceLimitExceeded"}
    with pytest.raises(Failed, match="wait for each other") as failed:
        action.do(world, plan)
    assert not failed.value.permanent


def test_a_copy_under_another_key_is_no_copy(cloud: Cloud, world: WatchedWorld) -> None:
    action = CopySnapshot(snapshot_id=a_snapshot(cloud), key=customer_key(cloud))
    plan = action.plan(world)
    told = action.do(world, plan)
    kept(told.held_at).kms_key_id = "arn:aws:kms:elsewhere"
    assert action.check(world, plan).outcome == "failed"
