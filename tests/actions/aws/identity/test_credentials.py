"""Keys, sessions and users: the traps of each."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from actions.account import Cloud, stored
from actions.worlds import WatchedWorld
from hikeshi.actions import action
from hikeshi.actions.aws.identity.revoke_role_sessions import POLICY, date_of, older_than
from hikeshi.errors import Refused
from hikeshi.simulation.building import identity as built


def refused(world: WatchedWorld, name: str, **inputs: Any) -> Refused:
    with pytest.raises(Refused) as problem:
        action(name, inputs).plan(world)
    return problem.value


def our_own_user(cloud: Cloud) -> WatchedWorld:
    world = cloud.world()
    world.__dict__["caller"] = f"arn:aws:iam::111122223333:user/machines/{built.USER}"
    return world


def test_a_temporary_key_is_refused_with_what_to_do_instead(world: WatchedWorld) -> None:
    assert (
        "revoke_instance_sessions" in refused(world, "aws.iam.disable_key", access_key_id="ASIAIOSFODNN7EXAMPLE").hint
    )


def test_a_key_nobody_knows_is_refused(world: WatchedWorld) -> None:
    assert "does not know" in str(refused(world, "aws.iam.disable_key", access_key_id="AKIAIOSFODNN7EXAMPLE"))


def test_our_own_key_and_user_are_refused(cloud: Cloud) -> None:
    key = built.user(cloud)
    world = our_own_user(cloud)
    assert "lock itself out" in str(refused(world, "aws.iam.disable_key", access_key_id=key))
    assert "lock itself out" in str(refused(world, "aws.iam.deny_user", user=built.USER))


def test_a_protected_user_protects_its_keys(cloud: Cloud) -> None:
    key = built.user(cloud)
    assert "protected" in str(refused(cloud.world(protected=("ci-*",)), "aws.iam.disable_key", access_key_id=key))


def test_the_other_active_key_of_the_user_is_named(cloud: Cloud, world: WatchedWorld) -> None:
    key = built.user(cloud)
    others = {k["AccessKeyId"] for k in cloud.client("iam").list_access_keys(UserName=built.USER)["AccessKeyMetadata"]}
    plan = action("aws.iam.disable_key", {"access_key_id": key}).plan(world)
    assert [w.en.split()[0] for w in plan.warnings] == sorted(others - {key})


@pytest.mark.parametrize(
    ("name", "path", "hint"),
    [
        ("AWSServiceRoleForSupport", "/aws-service-role/support.amazonaws.com/", "quarantine_account"),
        ("AWSReservedSSO_Admin_0123456789abcdef", "/aws-reserved/sso.amazonaws.com/", "user_off"),
    ],
)
def test_roles_that_cannot_be_changed_are_refused(
    cloud: Cloud, world: WatchedWorld, name: str, path: str, hint: str
) -> None:
    built.role(cloud, name, path)
    assert hint in refused(world, "aws.iam.revoke_role_sessions", role=name).hint


def test_our_own_role_is_refused(cloud: Cloud, world: WatchedWorld) -> None:
    built.role(cloud, "hikeshi-contain")
    world.__dict__["caller"] = "arn:aws:sts::111122223333:assumed-role/hikeshi-contain/INC-2026-0001"
    assert "lock itself out" in str(refused(world, "aws.iam.revoke_role_sessions", role="hikeshi-contain"))


def test_sessions_end_at_the_clock_of_aws_and_not_at_ours(cloud: Cloud, world: WatchedWorld) -> None:
    built.role(cloud)
    world.ahead = timedelta(hours=9)
    plan = action("aws.iam.revoke_role_sessions", {"role": built.ROLE}).plan(world)
    moment = date_of(plan.after["parts"][built.ROLE])
    assert moment is not None
    assert abs(moment - datetime.now(UTC)) < timedelta(minutes=1)


def test_a_date_that_was_set_back_is_noticed(cloud: Cloud, world: WatchedWorld) -> None:
    built.role(cloud)
    revoke = action("aws.iam.revoke_role_sessions", {"role": built.ROLE})
    plan = stored(revoke.plan(world))
    revoke.do(world, plan)
    early = older_than(datetime(2020, 1, 1, tzinfo=UTC))
    cloud.client("iam").put_role_policy(RoleName=built.ROLE, PolicyName=POLICY, PolicyDocument=early)
    assert revoke.check(world, plan).outcome == "failed"


def test_stolen_sessions_are_not_revived_by_undoing_too_early(cloud: Cloud, world: WatchedWorld) -> None:
    built.role(cloud)
    revoke = action("aws.iam.revoke_role_sessions", {"role": built.ROLE})
    plan = stored(revoke.plan(world))
    revoke.do(world, plan)
    with pytest.raises(Refused, match="revive"):
        revoke.undo(world, plan)


def test_the_role_a_profile_had_before_it_was_swapped_is_meant(cloud: Cloud, world: WatchedWorld) -> None:
    inputs = built.a_forensic_profile(cloud)
    swap = action("aws.ec2.swap_profile", inputs)
    swapped = stored(swap.plan(world))
    swap.do(world, swapped)
    later = cloud.world(earlier=(swapped,))
    plan = action("aws.iam.revoke_instance_sessions", inputs).plan(later)
    document = json.loads(plan.after["parts"][built.ROLE])
    assert document["Statement"][0]["Condition"] == {"StringLike": {"aws:userid": f"*:{inputs['instance_id']}"}}


def test_the_forensic_role_keeps_its_sessions(cloud: Cloud, world: WatchedWorld) -> None:
    inputs = built.a_forensic_profile(cloud)
    swapped = stored(action("aws.ec2.swap_profile", inputs).plan(world))
    now = {**inputs, "instance_id": cloud.machine(1, IamInstanceProfile={"Name": "hikeshi-forensic"}).id}
    was, after = (part["parts"][inputs["instance_id"]] for part in (swapped.before, swapped.after))
    swapped = msgspec.structs.replace(
        swapped,
        inputs=now,
        before={"parts": {now["instance_id"]: was}},
        after={"parts": {now["instance_id"]: after}},
    )
    plan = action("aws.iam.revoke_instance_sessions", now).plan(cloud.world(earlier=(swapped,)))
    assert list(plan.after["parts"]) == [built.ROLE]


def test_a_role_without_room_for_a_deny_is_refused_before_anything_is_done(cloud: Cloud, world: WatchedWorld) -> None:
    inputs = built.an_instance_with_role(cloud)
    full = json.dumps({"Version": "2012-10-17", "Statement": [{**built.READS["Statement"][0], "Sid": "x" * 10_050}]})  # type: ignore[dict-item]
    cloud.client("iam").put_role_policy(RoleName=built.ROLE, PolicyName="long", PolicyDocument=full)
    assert "full" in str(refused(world, "aws.iam.revoke_instance_sessions", **inputs))


@pytest.mark.parametrize("build", [built.a_user_by_arn, built.a_role_by_arn])
def test_shells_are_denied_and_nothing_else_and_only_our_deny_goes_again(
    cloud: Cloud, world: WatchedWorld, build: Callable[[Cloud], dict[str, Any]]
) -> None:
    deny = action("aws.iam.deny_shells", build(cloud))
    plan = stored(deny.plan(world))
    document = json.loads(plan.calls[0].params["PolicyDocument"])
    assert [one["Effect"] for one in document["Statement"]] == ["Deny"]
    assert {name.split(":")[0] for name in document["Statement"][0]["Action"]} == {
        "ec2",
        "ec2-instance-connect",
        "ecs",
        "ssm",
    }
    assert [deny.do(world, plan).outcome, deny.check(world, plan).outcome] == ["done", "done"]
    assert [deny.undo(world, plan).outcome, deny.undo(world, plan).outcome] == ["done", "already-done"]


def test_a_deny_of_shells_that_somebody_has_altered_is_noticed_and_left(cloud: Cloud, world: WatchedWorld) -> None:
    deny = action("aws.iam.deny_shells", built.a_user_by_arn(cloud))
    plan = stored(deny.plan(world))
    deny.do(world, plan)
    theirs = {"UserName": built.USER, "PolicyName": "HikeshiDenyShells", "PolicyDocument": json.dumps(built.READS)}
    cloud.client("iam").put_user_policy(**theirs)
    assert [deny.check(world, plan).outcome, deny.undo(world, plan).outcome] == ["failed", "refused"]


def test_where_inline_policies_are_full_the_deny_of_aws_is_attached(cloud: Cloud, world: WatchedWorld) -> None:
    deny = action("aws.iam.deny_user", built.a_full_user(cloud))
    plan = stored(deny.plan(world))
    assert [call.operation for call in plan.calls] == ["iam:AttachUserPolicy"]
    assert deny.do(world, plan).outcome == "done"
    assert deny.undo(world, plan).outcome == "done"
    assert cloud.client("iam").list_attached_user_policies(UserName=built.USER)["AttachedPolicies"] == []


def test_a_deny_that_was_there_before_is_not_taken_away(cloud: Cloud, world: WatchedWorld) -> None:
    deny = action("aws.iam.deny_user", built.a_user(cloud))
    deny.do(world, deny.plan(world))
    again = stored(deny.plan(world))
    assert again.calls == ()
    assert deny.undo(world, again).outcome == "already-done"
    assert deny.check(world, msgspec.structs.replace(again)).outcome == "done"


def test_an_instance_without_a_profile_gets_one_and_loses_it_again(cloud: Cloud, world: WatchedWorld) -> None:
    built.a_forensic_profile(cloud)
    swap = action("aws.ec2.swap_profile", {"instance_id": cloud.machine(1).id})
    plan = stored(swap.plan(world))
    assert swap.do(world, plan).outcome == "done"
    assert swap.undo(world, plan).outcome == "done"
    assert [call.operation for call in world.sent] == [
        "ec2:AssociateIamInstanceProfile", "ec2:DisassociateIamInstanceProfile"
    ]  # fmt: skip
