"""Releasing, watching and restoring: what is special to each."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest

from actions.account import BUCKET, IMAGE, Cloud
from actions.worlds import WatchedWorld
from hikeshi.actions import action
from hikeshi.actions.aws.acquisition.lock_snapshots import LockSnapshots
from hikeshi.actions.aws.acquisition.snapshot_set import SnapshotSet
from hikeshi.actions.aws.network.isolate import IsolateInstance
from hikeshi.actions.aws.recovery import watch_trail
from hikeshi.actions.aws.recovery.release import Release
from hikeshi.actions.aws.recovery.watch_trail import WatchTrail
from hikeshi.errors import Refused
from hikeshi.simulation.building import identity
from hikeshi.simulation.building.recovery import INVOICES, destroyed, to_rebuild


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


def _later(world: WatchedWorld, **by: int) -> WatchedWorld:
    world.ahead = timedelta(**by)
    return world


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"clean_before": "2026-01-01T00:00:00Z"}, "not older than the attack"),
        ({"clean_before": "2999-01-01T00:00:00Z"}, "in the future"),
        ({"image_id": "ami-0123456789abcdef0"}, "no image"),
        ({"new_profile": "web-profile"}, "is the profile of"),
        ({"key_pair": "operators"}, "is the key pair of"),
        ({"user_data_sha256": "0" * 64}, "not the one given"),
    ],
)
def test_what_could_be_the_attackers_is_not_taken(cloud: Cloud, world: WatchedWorld, change: Any, why: str) -> None:
    made = to_rebuild(cloud)
    with pytest.raises(Refused, match=why):
        action("aws.ec2.rebuild", made | change).plan(world)


def test_an_image_of_the_suspect_is_refused_and_its_own_image_needs_a_reason(cloud: Cloud) -> None:
    world = cloud.world(sleep=time.sleep)  # CloudTrail answers twice a second
    made = to_rebuild(cloud)
    of_it = cloud.ec2.create_image(InstanceId=made["instance_id"], Name="backdoored")["ImageId"]
    later = _later(world, minutes=5)
    since = (later.now() - timedelta(minutes=1)).isoformat()
    with pytest.raises(Refused, match="was made from"):
        action("aws.ec2.rebuild", made | {"image_id": of_it, "clean_before": since}).plan(later)
    own = made | {"image_id": IMAGE}
    with pytest.raises(Refused, match="itself was launched from"):
        action("aws.ec2.rebuild", own).plan(later)
    assert action("aws.ec2.rebuild", own | {"known_good": "the vendor's, checked by hash"}).plan(later).calls


def test_the_replacement_has_nothing_of_the_old_one_and_what_that_held_is_listed(cloud: Cloud) -> None:
    world = cloud.world(sleep=time.sleep)  # CloudTrail answers twice a second
    made = to_rebuild(cloud)
    rebuild = action("aws.ec2.rebuild", made)
    plan = rebuild.plan(world)
    assert plan.before["held"] == {"key_pair": "operators", "roles": [identity.ROLE], "secrets": []}
    assert all("systemctl" not in one for one in (str(plan.calls), str(plan.before)))
    told = rebuild.do(world, plan)
    assert "systemctl" not in str(world.record.lines)
    found = cloud.ec2.describe_instances(InstanceIds=[told.observed["instance"]])["Reservations"][0]["Instances"][0]
    assert found.get("KeyName") is None
    assert [one["GroupId"] for one in found["NetworkInterfaces"][0]["Groups"]] == made["group_ids"]
    assert "LaunchTemplate" not in str(plan.calls)


def test_a_deny_is_gone_with_its_user(cloud: Cloud, world: WatchedWorld) -> None:
    iam = cloud.client("iam")
    iam.create_user(UserName="planted")
    deny, cleanup = action("aws.iam.deny_user", {"user": "planted"}), action("aws.iam.cleanup", {})
    plan = deny.plan(world)
    deny.do(world, plan)
    iam.delete_user_policy(UserName="planted", PolicyName="HikeshiDenyAll")
    iam.delete_user(UserName="planted")
    world = cloud.world(earlier=[plan])
    assert cleanup.check(world, cleanup.plan(world)).outcome == "done"


def test_denies_stay_as_long_as_a_stolen_session_can_live(cloud: Cloud, world: WatchedWorld) -> None:
    identity.user(cloud)
    identity.role(cloud)
    deny = action("aws.iam.deny_user", {"user": identity.USER})
    revoke = action("aws.iam.revoke_role_sessions", {"role": identity.ROLE, "release_early": True})
    plans = [deny.plan(world), revoke.plan(world)]
    for one, plan in zip((deny, revoke), plans, strict=True):
        one.do(world, plan)
    cleanup = action("aws.iam.cleanup", {})
    world = cloud.world(earlier=plans)
    told = cleanup.check(world, cleanup.plan(world))
    assert (told.outcome, told.summary.en) == (
        "pending",
        "Denies that may be undone now: 0; that have to stay a while: 2.",
    )
    cloud.simulated.ahead = timedelta(hours=13).total_seconds()
    told = cleanup.check(world, cleanup.plan(world))
    assert told.still_open[0].en.startswith("Undo the step aws.iam.revoke_role_sessions")
    assert told.still_open[1].en.startswith("Not before")
    cloud.simulated.ahead = timedelta(hours=37).total_seconds()
    told = cleanup.check(world, cleanup.plan(world))
    assert (told.outcome, len([one for one in told.still_open if one.en.startswith("Undo")])) == ("done", 2)
    cloud.simulated.ahead = 0.0
    for one, plan in zip((deny, revoke), plans, strict=True):
        one.undo(cloud.world(), plan)
    told = cleanup.check(world, cleanup.plan(world))
    assert (told.outcome, told.still_open) == ("done", ())
