"""A person of Identity Center: what was cut off in between, and what AWS may refuse."""

from __future__ import annotations

import pytest

from actions.account import Cloud, stored
from actions.worlds import WatchedWorld
from hikeshi.actions import action
from hikeshi.errors import Refused
from hikeshi.simulation.building import identity as built


def test_a_policy_that_is_not_in_the_accounts_yet_is_no_proof_and_is_finished(
    cloud: Cloud, world: WatchedWorld
) -> None:
    off = action("aws.idc.user_off", built.a_person(cloud))
    plan = stored(off.plan(world))
    first, put = next((part, new) for part, new in plan.after["parts"].items() if part != "user")
    center = cloud.client("sso-admin").list_instances()["Instances"][0]["InstanceArn"]
    cloud.client("sso-admin").put_inline_policy_to_permission_set(
        InstanceArn=center, PermissionSetArn=first, InlinePolicy=put["text"]
    )
    assert off.check(world, plan).outcome == "failed"
    assert off.do(world, plan).outcome == "done"
    assert "sso-admin:ProvisionPermissionSet" in [call.operation for call in world.sent]


def test_where_aws_refuses_to_disable_the_user_the_sessions_are_still_denied(cloud: Cloud, world: WatchedWorld) -> None:
    off = action("aws.idc.user_off", built.a_person(cloud))
    plan = stored(off.plan(world))
    world.fault, world.at = "denied", 1
    told = off.do(world, plan)
    assert (told.outcome, told.observed["parts"]["user"]) == ("partial", "ENABLED")
    assert "identitystore:UpdateUser is not permitted" in told.summary.en


def test_a_person_nobody_knows_is_refused(cloud: Cloud, world: WatchedWorld) -> None:
    with pytest.raises(Refused, match="no user"):
        action("aws.idc.user_off", {"user_id": "00000000-0000-4000-8000-000000000000"}).plan(world)
