"""Closing, locking and preserving buckets: what is special to them."""

from __future__ import annotations

import json

import pytest

from actions.account import ACCOUNT, Cloud, stored
from actions.worlds import WatchedWorld
from hikeshi.actions.aws.data.block_account import BlockAccount
from hikeshi.actions.aws.data.block_bucket import BlockBucket
from hikeshi.actions.aws.data.bucket import CONFIGURATIONS
from hikeshi.actions.aws.data.lock_policy import LOCK, LockPolicy, ourselves
from hikeshi.actions.aws.data.preserve import Preserve
from hikeshi.errors import Refused
from hikeshi.simulation.building.data import FILES, POLICY, bucket_with_policy, bucket_with_rules, public_bucket

BREAK_GLASS = f"arn:aws:iam::{ACCOUNT}:role/break-glass"


def test_the_plan_holds_every_configuration_and_what_is_absent(cloud: Cloud, world: WatchedWorld) -> None:
    plan = BlockBucket(**public_bucket(cloud)).plan(world)
    saved = plan.before["saved"]
    assert set(saved) == set(CONFIGURATIONS)
    assert (saved["Policy"], saved["Replication"], saved["PublicAccessBlock"]) == (POLICY, None, None)
    assert "Policy" in plan.dependants[0].en


def test_a_bucket_that_is_not_there_is_refused(cloud: Cloud, world: WatchedWorld) -> None:
    with pytest.raises(Refused, match="no bucket example-nothing"):
        BlockBucket(bucket="example-nothing").plan(world)
    assert cloud.layer.seen


def test_a_bucket_public_on_purpose_is_left_alone_by_name_and_by_arn(cloud: Cloud) -> None:
    action = BlockBucket(**public_bucket(cloud))
    for line in (FILES, f"arn:aws:s3:::{FILES}"):
        with pytest.raises(Refused, match="protected"):
            action.plan(cloud.world(protected=(line,)))


def test_an_account_is_only_closed_by_a_step_in_it(world: WatchedWorld) -> None:
    with pytest.raises(Refused, match="not in 444455556666"):
        BlockAccount(account_id="444455556666").plan(world)


def test_the_lock_lets_ourselves_in_and_gives_the_policy_back_byte_for_byte(cloud: Cloud, world: WatchedWorld) -> None:
    action = LockPolicy(**(bucket_with_policy(cloud) | {"let_in": (BREAK_GLASS,)}))
    plan = stored(action.plan(world))
    action.do(world, plan)
    s3 = cloud.client("s3")
    deny, web = json.loads(s3.get_bucket_policy(Bucket=FILES)["Policy"])["Statement"]
    assert (deny["Sid"], web["Sid"]) == (LOCK, "Web")
    assert deny["Condition"]["ArnNotLike"]["aws:PrincipalArn"] == [BREAK_GLASS, f"arn:aws:sts::{ACCOUNT}:user/moto"]
    with pytest.raises(Refused, match="already locked"):
        action.plan(cloud.world())
    action.undo(world, plan)
    assert s3.get_bucket_policy(Bucket=FILES)["Policy"] == POLICY


def test_a_session_is_let_in_by_its_role() -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role"
    assert ourselves(f"arn:aws:sts::{ACCOUNT}:assumed-role/hikeshi-contain/INC-1") == (
        f"{role}/hikeshi-contain",
        f"{role}/*/hikeshi-contain",
    )


def test_that_versioning_cannot_go_back_to_never_is_said(cloud: Cloud, world: WatchedWorld) -> None:
    action = Preserve(**bucket_with_rules(cloud))
    plan = action.plan(world)
    action.do(world, plan)
    assert "never returns" in action.undo(world, plan).still_open[0].en


def test_without_object_lock_a_legal_hold_is_left_out_and_said(cloud: Cloud, world: WatchedWorld) -> None:
    plan = Preserve(**bucket_with_rules(cloud), keys=("a",)).plan(world)
    assert "Object Lock is not on" in plan.warnings[0].en
