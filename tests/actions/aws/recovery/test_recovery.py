"""Releasing, watching and restoring: what is special to each."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from actions.account import BUCKET, Cloud
from actions.worlds import WatchedWorld
from hikeshi.actions import action
from hikeshi.actions.aws.acquisition.lock_snapshots import LockSnapshots
from hikeshi.actions.aws.acquisition.snapshot_set import SnapshotSet
from hikeshi.actions.aws.network.isolate import IsolateInstance
from hikeshi.actions.aws.recovery import watch_trail
from hikeshi.actions.aws.recovery.release import Release
from hikeshi.actions.aws.recovery.watch_trail import WatchTrail
from hikeshi.errors import Refused
from hikeshi.simulation.building.recovery import INVOICES, destroyed


def test_an_instance_whose_evidence_is_not_safe_is_not_released(cloud: Cloud, world: WatchedWorld) -> None:
    s3, machine = cloud.bucket(), cloud.machine(1)
    released = Release(instance_id=machine.id)
    with pytest.raises(Refused, match="has no snapshot"):
        released.plan(world)
    taken = SnapshotSet(instance_id=machine.id)
    name = taken.do(world, taken.plan(world)).held_at
    with pytest.raises(Refused, match=r"is not locked; .* is not hashed"):
        released.plan(world)
    lock = LockSnapshots(evidence_of=machine.id)
    lock.do(world, lock.plan(world))
    s3.put_object(Bucket=BUCKET, Key=f"hikeshi/{world.incident}/1/hash/ebs-{name}/image.json", Body=b"{}")
    assert released.plan(world).warnings == ()


def test_it_names_what_to_undo_next_until_nothing_is_left(cloud: Cloud, world: WatchedWorld) -> None:
    machine = cloud.machine(2)
    isolate = IsolateInstance(instance_id=machine.id)
    done = isolate.plan(world)
    isolate.do(world, done)
    released = Release(instance_id=machine.id, without_evidence="a test machine")
    world = cloud.world(earlier=[done])
    plan = released.plan(world)
    assert plan.after["order"] == [f"aws.ec2.isolate ({done.made_at.isoformat(timespec='seconds')})"]
    told = released.do(world, plan)
    assert (told.outcome, "Undo next: aws.ec2.isolate" in told.summary.en) == ("pending", True)
    isolate.undo(cloud.world(), done)
    assert released.check(world, plan).outcome == "done"


class Watched:
    """A trail of our own making."""

    def __init__(self, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
        self.world = cloud.world()
        self.action = WatchTrail(caller="ci-deploy", minutes=30)
        self.plan = self.action.plan(self.world)
        self.events: list[dict[str, Any]] = []
        monkeypatch.setattr(WatchTrail, "_events", lambda *_: self.events)

    def after(self, minutes: int) -> Any:
        self.world.ahead = timedelta(minutes=minutes)
        return self.action.check(self.world, self.plan)


@pytest.fixture
def watched(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Watched:
    return Watched(cloud, monkeypatch)


DENIAL = {"eventName": "ListUsers", "eventSource": "iam.amazonaws.com", "errorCode": "AccessDenied"}
SUCCESS = {"eventName": "PutObject", "eventSource": "s3.amazonaws.com", "eventTime": "2026-01-01T00:00:00Z"}


def test_only_denials_prove_the_effect_once_the_last_events_can_have_come(watched: Watched) -> None:
    watched.events = [DENIAL]
    assert watched.after(20).outcome == "pending"
    assert watched.after(40).outcome == "pending"
    over = watched.after(46)
    assert (over.outcome, over.grade) == ("done", "effect-proven")


def test_silence_proves_nothing(watched: Watched) -> None:
    over = watched.after(46)
    assert (over.outcome, over.grade) == ("done", "none")
    assert "proves nothing" in over.summary.en


def test_a_call_that_gets_through_ends_the_watch_at_once(watched: Watched) -> None:
    watched.events = [DENIAL, SUCCESS]
    told = watched.after(2)
    assert (told.outcome, told.grade) == ("failed", "none")
    assert "PutObject" in told.still_open[0].en


def test_the_trail_is_asked_for_this_caller_only(cloud: Cloud, world: WatchedWorld) -> None:
    watching = WatchTrail(caller="AKIAIOSFODNN7EXAMPLE")
    plan = watching.plan(world)
    world.ahead = timedelta(minutes=5)
    assert watching.do(world, plan).outcome == "pending"
    assert world.used == {"cloudtrail:LookupEvents"}
    assert watch_trail.PAGE == 50


def test_what_was_deleted_and_overwritten_comes_back_and_the_rest_is_left(cloud: Cloud, world: WatchedWorld) -> None:
    restore = action("aws.s3.restore_versions", destroyed(cloud))
    plan = restore.plan(world)
    assert set(plan.after["parts"]) == {"2026/deleted.pdf", "2026/encrypted.pdf"}
    assert restore.do(world, plan).outcome == "done"
    s3 = cloud.client("s3")
    for name in ("deleted", "encrypted", "untouched"):
        assert s3.get_object(Bucket=INVOICES, Key=f"2026/{name}.pdf")["Body"].read() == name.encode()
    assert s3.get_object(Bucket=INVOICES, Key="2026/ransom-note.txt")["Body"].read() == b"pay"
    markers = s3.list_object_versions(Bucket=INVOICES)["DeleteMarkers"]
    assert [one["Key"] for one in markers] == ["2026/deleted.pdf"]


def test_a_bucket_that_is_not_locked_is_not_restored(cloud: Cloud, world: WatchedWorld) -> None:
    with pytest.raises(Refused, match="is not locked"):
        action("aws.s3.restore_versions", destroyed(cloud) | {"unlocked": False}).plan(world)
