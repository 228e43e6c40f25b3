"""Isolation that leaves Systems Manager its way, and what would keep it from working."""

from __future__ import annotations

import pytest

from actions.account import Cloud
from actions.worlds import WatchedWorld
from hikeshi.actions.aws.network.isolate import IsolateInstance
from hikeshi.actions.aws.network.isolate_ssm import IsolateExceptSsm
from hikeshi.errors import Refused
from hikeshi.simulation.building.network import with_endpoints


def test_the_group_reaches_the_endpoints_and_the_prefix_list_of_s3_and_nothing_else(
    cloud: Cloud, world: WatchedWorld
) -> None:
    action = IsolateExceptSsm(**with_endpoints(cloud))
    plan = action.plan(world)
    action.do(world, plan)
    (group,) = {one for groups in cloud.groups_of(action.instance_id).values() for one in groups}
    rules = cloud.rules_of(group)
    assert all(rule["IsEgress"] and (rule["FromPort"], rule["ToPort"]) == (443, 443) for rule in rules)
    peers = {rule.get("PrefixListId") or rule["ReferencedGroupInfo"]["GroupId"] for rule in rules}
    assert sorted(peer.partition("-")[0] for peer in peers) == ["pl", "sg"]
    assert world.record.operations == [call.operation for call in plan.calls]
    assert not any("Would fail" in text.en for text in plan.warnings)


def test_an_endpoint_whose_own_group_does_not_admit_us_is_named_with_what_would_fail(
    cloud: Cloud, world: WatchedWorld
) -> None:
    plan = IsolateExceptSsm(**with_endpoints(cloud, admits=False)).plan(world)
    told = [text.en for text in plan.warnings if "does not admit" in text.en]
    assert len(told) == 5
    assert any("ssmmessages" in text and "every step through Systems Manager" in text for text in told)


def test_without_the_endpoints_it_is_refused(cloud: Cloud, world: WatchedWorld) -> None:
    with pytest.raises(Refused, match="no endpoint for ssm, ssmmessages"):
        IsolateExceptSsm(instance_id=cloud.machine(1).id).plan(world)


def test_a_rule_somebody_added_is_taken_away_and_one_taken_is_added(cloud: Cloud) -> None:
    action = IsolateExceptSsm(**with_endpoints(cloud))
    plan = action.plan(cloud.world())
    action.do(cloud.world(), plan)
    (group,) = {one for groups in cloud.groups_of(action.instance_id).values() for one in groups}
    right = cloud.rules_of(group)
    cloud.add_rule(group)
    cloud.ec2.revoke_security_group_egress(GroupId=group, SecurityGroupRuleIds=[right[0]["SecurityGroupRuleId"]])
    assert len(action.check(cloud.world(), plan).still_open[0:2]) == 2
    world = cloud.world()
    action.do(world, plan)
    assert world.record.operations == ["ec2:RevokeSecurityGroupIngress", "ec2:AuthorizeSecurityGroupEgress"]
    assert action.check(cloud.world(), plan).grade == "configured"


def test_isolations_follow_each_other_and_are_undone_newest_first(cloud: Cloud) -> None:
    soft = IsolateExceptSsm(**with_endpoints(cloud))
    original = cloud.groups_of(soft.instance_id)
    hard = IsolateInstance(instance_id=soft.instance_id)
    first = soft.plan(cloud.world())
    soft.do(cloud.world(), first)
    between = cloud.groups_of(soft.instance_id)
    second = hard.plan(cloud.world())
    assert hard.do(cloud.world(), second).outcome == "done"
    assert soft.undo(cloud.world(), first).outcome == "refused"
    assert hard.undo(cloud.world(), second).outcome == "done"
    assert cloud.groups_of(soft.instance_id) == between
    assert soft.undo(cloud.world(), first).outcome == "done"
    assert cloud.groups_of(soft.instance_id) == original
