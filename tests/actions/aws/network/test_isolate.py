"""Isolation and its undo, against a real server."""

from __future__ import annotations

import pytest

from actions.account import ACCOUNT, BUCKET, Cloud, Machine, stored
from actions.worlds import WatchedWorld
from hikeshi.actions import action
from hikeshi.actions.action import Plan
from hikeshi.actions.aws.network.isolate import IsolateInstance
from hikeshi.actions.aws.network.isolation_group import EMPTY, ROLE_TAG
from hikeshi.actions.aws.world import AwsSettings
from hikeshi.errors import Failed, Refused


def isolate(machine: Machine) -> IsolateInstance:
    return IsolateInstance(instance_id=machine.id)


def isolated(cloud: Cloud, machine: Machine) -> tuple[IsolateInstance, Plan, str]:
    """The action, its plan and the isolation group, after a whole isolation."""
    action = isolate(machine)
    plan = stored(action.plan(cloud.world()))
    assert action.do(cloud.world(), plan).outcome == "done"
    groups = {group for listed in cloud.groups_of(machine.id).values() for group in listed}
    assert len(groups) == 1
    return action, plan, groups.pop()


@pytest.mark.parametrize("kind", ["two interfaces", "one interface", "plain groups"])
def test_the_exact_groups_of_each_interface_come_back(cloud: Cloud, kind: str) -> None:
    machine = cloud.plain_machine() if kind == "plain groups" else cloud.machine(2 if kind.startswith("two") else 1)
    action, plan, group = isolated(cloud, machine)
    assert cloud.groups_of(machine.id) == {eni: [group] for eni in machine.groups}
    checked = action.check(cloud.world(), plan)
    assert (checked.outcome, checked.grade) == ("done", "configured")
    undone = action.undo(cloud.world(), plan)
    assert (undone.outcome, undone.still_open) == ("done", ())
    assert cloud.groups_of(machine.id) == machine.groups


def test_planning_changes_nothing_and_names_every_call(cloud: Cloud, world: WatchedWorld) -> None:
    machine = cloud.machine()
    plan = isolate(machine).plan(world)
    assert (world.sent, cloud.groups_of(machine.id)) == ([], machine.groups)
    assert [call.operation for call in plan.calls] == [
        "ec2:CreateSecurityGroup",
        "ec2:RevokeSecurityGroupEgress",
        *["ec2:ModifyNetworkInterfaceAttribute"] * 2,
    ]
    assert {eni: saved["groups"] for eni, saved in plan.before["interfaces"].items()} == machine.groups
    assert plan.simulated
    assert stored(plan).digest == plan.digest


def test_the_planned_calls_are_the_calls_sent(cloud: Cloud, world: WatchedWorld) -> None:
    action = isolate(cloud.plain_machine())
    plan = action.plan(world)
    action.do(world, plan)
    assert world.record.operations == [call.operation for call in plan.calls]


def test_the_group_has_no_rule_left_in_either_address_family(cloud: Cloud) -> None:
    _, _, group = isolated(cloud, cloud.machine())
    assert cloud.rules_of(group) == []


def test_an_ipv6_egress_rule_is_removed_as_well(cloud: Cloud) -> None:
    _, plan, group = isolated(cloud, machine := cloud.machine())
    anywhere = [{"IpProtocol": "-1", "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}]
    cloud.ec2.authorize_security_group_egress(GroupId=group, IpPermissions=anywhere)
    assert len(cloud.rules_of(group)) == 1
    isolate(machine).do(cloud.world(), plan)
    assert cloud.rules_of(group) == []


def test_a_rule_somebody_added_is_noticed_and_removed(cloud: Cloud) -> None:
    action, plan, group = isolated(cloud, cloud.machine())
    cloud.add_rule(group)
    seen = action.check(cloud.world(), plan)
    assert (seen.outcome, seen.grade) == ("partial", "none")
    assert group in seen.still_open[0].en
    world = cloud.world()
    assert action.do(world, plan).outcome == "done"
    assert world.record.operations == ["ec2:RevokeSecurityGroupIngress"]
    assert action.check(cloud.world(), plan).grade == "configured"


def test_a_second_run_sends_nothing(cloud: Cloud, world: WatchedWorld) -> None:
    action, plan, _ = isolated(cloud, cloud.machine())
    assert action.do(world, plan).outcome == "already-done"
    assert world.record.operations == []


def test_a_second_undo_sends_nothing(cloud: Cloud, world: WatchedWorld) -> None:
    action, plan, _ = isolated(cloud, cloud.machine())
    action.undo(cloud.world(), plan)
    assert action.undo(world, plan).outcome == "already-done"
    assert world.record.operations == []


def test_the_isolation_group_is_never_saved_as_original(cloud: Cloud, world: WatchedWorld) -> None:
    _, _, _ = isolated(cloud, machine := cloud.machine())
    with pytest.raises(Refused, match="already isolated by Hikeshi"):
        isolate(machine).plan(world)


def test_an_interface_isolated_earlier_is_said_and_left(cloud: Cloud, world: WatchedWorld) -> None:
    action, plan, group = isolated(cloud, machine := cloud.machine())
    action.undo(cloud.world(), plan)
    first, second = sorted(machine.groups)
    cloud.ec2.modify_network_interface_attribute(NetworkInterfaceId=first, Groups=[group])
    later = action.plan(world)
    assert later.before["interfaces"][first]["groups"] == []
    assert any("isolated earlier" in warning.en for warning in later.warnings)
    assert action.do(cloud.world(), later).outcome == "done"
    assert action.undo(cloud.world(), later).outcome == "done"
    assert cloud.groups_of(machine.id) == {first: [group], second: machine.groups[second]}


def test_an_isolation_group_beside_others_is_not_saved(cloud: Cloud, world: WatchedWorld) -> None:
    action, plan, group = isolated(cloud, machine := cloud.machine())
    action.undo(cloud.world(), plan)
    first = min(machine.groups)
    cloud.ec2.modify_network_interface_attribute(NetworkInterfaceId=first, Groups=[*machine.groups[first], group])
    later = action.plan(world)
    assert later.before["interfaces"][first]["groups"] == machine.groups[first]
    assert any("beside others" in warning.en for warning in later.warnings)


def test_an_isolation_by_somebody_else_is_said(cloud: Cloud, world: WatchedWorld) -> None:
    machine = cloud.machine(1)
    (eni,) = machine.groups
    foreign = cloud.group(machine.vpc, "quarantine")
    rules = [rule["SecurityGroupRuleId"] for rule in cloud.rules_of(foreign)]
    cloud.ec2.revoke_security_group_egress(GroupId=foreign, SecurityGroupRuleIds=rules)
    cloud.ec2.modify_network_interface_attribute(NetworkInterfaceId=eni, Groups=[foreign])
    assert any(foreign in warning.en for warning in isolate(machine).plan(world).warnings)


def test_a_group_added_by_somebody_else_is_refused_for_that_interface(cloud: Cloud, world: WatchedWorld) -> None:
    machine = cloud.machine()
    plan = isolate(machine).plan(cloud.world())
    first, second = sorted(machine.groups)
    changed = [cloud.group(machine.vpc, "new")]
    cloud.ec2.modify_network_interface_attribute(NetworkInterfaceId=first, Groups=changed)
    done = isolate(machine).do(world, plan)
    assert done.outcome == "partial"
    assert "changed by somebody else" in done.still_open[0].en
    assert cloud.groups_of(machine.id)[first] == changed
    assert cloud.groups_of(machine.id)[second] != machine.groups[second]


def test_nothing_is_swapped_when_all_was_changed(cloud: Cloud, world: WatchedWorld) -> None:
    machine = cloud.machine(1)
    plan = isolate(machine).plan(cloud.world())
    (eni,) = machine.groups
    cloud.ec2.modify_network_interface_attribute(NetworkInterfaceId=eni, Groups=[cloud.group(machine.vpc, "new")])
    assert isolate(machine).do(world, plan).outcome == "refused"
    assert "ec2:ModifyNetworkInterfaceAttribute" not in world.record.operations
    assert isolate(machine).check(cloud.world(), plan).outcome == "failed"


def test_an_interface_attached_after_the_plan_is_reported(cloud: Cloud, world: WatchedWorld) -> None:
    machine = cloud.machine()
    plan = isolate(machine).plan(cloud.world())
    made = cloud.ec2.create_network_interface(SubnetId=machine.subnet, Groups=[cloud.group(machine.vpc, "new")])
    eni = made["NetworkInterface"]["NetworkInterfaceId"]
    cloud.ec2.attach_network_interface(NetworkInterfaceId=eni, InstanceId=machine.id, DeviceIndex=5)
    done = isolate(machine).do(world, plan)
    assert done.outcome == "partial"
    assert [eni in open_one.en for open_one in done.still_open] == [True]


def test_an_undo_leaves_what_somebody_else_changed(cloud: Cloud) -> None:
    action, plan, _ = isolated(cloud, machine := cloud.machine())
    first, second = sorted(machine.groups)
    changed = [cloud.group(machine.vpc, "new")]
    cloud.ec2.modify_network_interface_attribute(NetworkInterfaceId=first, Groups=changed)
    undone = action.undo(cloud.world(), plan)
    assert undone.outcome == "partial"
    assert cloud.groups_of(machine.id) == {first: changed, second: machine.groups[second]}


def test_a_vanished_group_is_dropped_and_said(cloud: Cloud) -> None:
    action, plan, _ = isolated(cloud, machine := cloud.machine(1))
    (eni,) = machine.groups
    lost, kept = machine.groups[eni]
    cloud.ec2.delete_security_group(GroupId=lost)
    undone = action.undo(cloud.world(), plan)
    assert undone.outcome == "partial"
    assert lost in undone.still_open[0].en
    assert cloud.groups_of(machine.id) == {eni: [kept]}
    again = cloud.world()
    assert action.undo(again, plan).outcome == "partial"
    assert again.record.operations == []


def test_an_undo_without_any_group_left_is_refused(cloud: Cloud) -> None:
    action, plan, group = isolated(cloud, machine := cloud.machine(1))
    (eni,) = machine.groups
    for lost in machine.groups[eni]:
        cloud.ec2.delete_security_group(GroupId=lost)
    undone = action.undo(cloud.world(), plan)
    assert undone.outcome == "refused"
    assert "stays isolated" in undone.still_open[0].en
    assert cloud.groups_of(machine.id) == {eni: [group]}


def test_an_unknown_instance_is_refused(world: WatchedWorld) -> None:
    with pytest.raises(Refused, match="There is no instance i-0123456789abcdef0"):
        IsolateInstance(instance_id="i-0123456789abcdef0").plan(world)


def test_a_terminated_instance_is_refused(cloud: Cloud, world: WatchedWorld) -> None:
    machine = cloud.machine()
    plan = isolate(machine).plan(world)
    cloud.ec2.terminate_instances(InstanceIds=[machine.id])
    with pytest.raises(Refused, match="is terminated"):
        isolate(machine).plan(world)
    with pytest.raises(Refused, match="is terminated"):
        isolate(machine).do(world, plan)
    assert isolate(machine).check(world, plan).outcome == "failed"


def test_a_protected_instance_is_refused(cloud: Cloud, world: WatchedWorld) -> None:
    machine = cloud.machine()
    cloud.ec2.create_tags(Resources=[machine.id], Tags=[{"Key": "hikeshi:protected", "Value": ""}])
    with pytest.raises(Refused, match="hikeshi:protected"):
        isolate(machine).plan(world)


def test_our_own_infrastructure_is_refused(cloud: Cloud) -> None:
    machine = cloud.machine()
    ours = cloud.world(settings=AwsSettings(evidence_bucket=BUCKET, protected=(machine.id,)))
    with pytest.raises(Refused, match="protected"):
        isolate(machine).plan(ours)


def test_another_accounts_instance_is_refused_outside_a_simulation(cloud: Cloud) -> None:
    machine = cloud.machine()
    world = cloud.world(account="999988887777")
    world.simulated = False
    with pytest.raises(Refused, match="belongs to account"):
        isolate(machine).plan(world)


def test_one_interface_denied_is_partial_and_names_the_permission(cloud: Cloud, world: WatchedWorld) -> None:
    machine = cloud.machine()
    plan = isolate(machine).plan(cloud.world())
    cloud.layer.faults = [("ModifyNetworkInterfaceAttribute", "denied")]
    done = isolate(machine).do(world, plan)
    assert done.outcome == "partial"
    assert "Grant ec2:ModifyNetworkInterfaceAttribute" in done.still_open[0].en
    assert isolate(machine).do(cloud.world(), plan).outcome == "done"


def test_denied_before_anything_is_a_failure_for_good(cloud: Cloud, world: WatchedWorld) -> None:
    machine = cloud.machine()
    plan = isolate(machine).plan(cloud.world())
    cloud.layer.faults = [("CreateSecurityGroup", "denied")]
    with pytest.raises(Failed, match="ec2:CreateSecurityGroup is not permitted") as failed:
        isolate(machine).do(world, plan)
    assert failed.value.permanent


def test_throttling_is_waited_out(cloud: Cloud, world: WatchedWorld) -> None:
    machine = cloud.machine()
    plan = isolate(machine).plan(cloud.world())
    cloud.layer.faults = [("ModifyNetworkInterfaceAttribute", "throttled")] * 3
    assert isolate(machine).do(world, plan).outcome == "done"
    assert [line.outcome for line in world.record.lines] == ["done"] * 4


def test_lasting_throttling_asks_for_a_repeat(cloud: Cloud, world: WatchedWorld) -> None:
    machine = cloud.machine()
    plan = isolate(machine).plan(cloud.world())
    cloud.layer.faults = [("ModifyNetworkInterfaceAttribute", "throttled")] * 6
    with pytest.raises(Failed, match="throttled") as failed:
        isolate(machine).do(world, plan)
    assert not failed.value.permanent
    assert isolate(machine).do(cloud.world(), plan).outcome == "done"


def test_a_lost_answer_is_settled_by_reading(cloud: Cloud, world: WatchedWorld) -> None:
    machine = cloud.machine()
    plan = isolate(machine).plan(cloud.world())
    cloud.layer.faults = [("ModifyNetworkInterfaceAttribute", "lost after")]
    assert isolate(machine).do(world, plan).outcome == "done"
    assert [line.outcome for line in world.record.lines[-2:]] == ["unknown", "done"]


def test_a_call_lost_on_the_way_is_unknown_and_then_repeated(cloud: Cloud, world: WatchedWorld) -> None:
    machine = cloud.machine()
    plan = isolate(machine).plan(cloud.world())
    cloud.layer.faults = [("ModifyNetworkInterfaceAttribute", "lost before")]
    assert isolate(machine).do(world, plan).outcome == "unknown"
    again = cloud.world()
    assert isolate(machine).do(again, plan).outcome == "done"
    assert again.record.operations == ["ec2:ModifyNetworkInterfaceAttribute"]


def test_a_group_with_our_name_that_is_not_ours_is_never_used(cloud: Cloud) -> None:
    machine = cloud.machine()
    foreign = cloud.group(machine.vpc, EMPTY.name)
    _, _, group = isolated(cloud, machine)
    assert group != foreign
    assert len(cloud.rules_of(foreign)) == 2  # IPv4 and IPv6


def test_a_production_group_with_our_tag_keeps_its_rules(cloud: Cloud) -> None:
    machine = cloud.machine()
    production = cloud.group(machine.vpc, "production")
    cloud.ec2.create_tags(Resources=[production], Tags=[{"Key": ROLE_TAG, "Value": EMPTY.role}])
    _, _, group = isolated(cloud, machine)
    assert group != production
    assert len(cloud.rules_of(production)) == 2  # IPv4 and IPv6


def test_a_group_another_worker_has_just_made_is_used(cloud: Cloud, world: WatchedWorld) -> None:
    machine = cloud.machine()
    plan = isolate(machine).plan(cloud.world())
    tags = [{"ResourceType": "security-group", "Tags": [{"Key": ROLE_TAG, "Value": EMPTY.role}]}]
    made = cloud.ec2.create_security_group(
        GroupName=EMPTY.name, Description=EMPTY.description, VpcId=machine.vpc, TagSpecifications=tags
    )["GroupId"]
    assert isolate(machine).do(world, plan).outcome == "done"
    assert "ec2:CreateSecurityGroup" not in world.record.operations
    assert cloud.rules_of(made) == []


def test_a_requester_managed_interface_is_listed_and_left(cloud: Cloud, world: WatchedWorld) -> None:
    from moto.ec2.models import ec2_backends  # moto cannot make one over HTTP

    machine = cloud.machine()
    managed, own = sorted(machine.groups)
    ec2_backends[ACCOUNT]["ap-northeast-1"].enis[managed].requester_managed = True
    plan = isolate(machine).plan(world)
    assert list(plan.before["interfaces"]) == [own]
    assert any(managed in warning.en for warning in plan.warnings)
    assert isolate(machine).do(cloud.world(), plan).outcome == "done"
    assert cloud.groups_of(machine.id)[managed] == machine.groups[managed]


@pytest.mark.parametrize("name", ["aws.ec2.isolate", "aws.ec2.untrack"])
def test_an_approver_may_leave_interfaces_out_but_add_none(cloud: Cloud, name: str) -> None:
    machine = cloud.machine(2)
    isolation = action(name, {"instance_id": machine.id})
    whole = stored(isolation.plan(cloud.world()))
    left, out = sorted(machine.groups)
    assert isolation.parts(whole) == (left, out)
    less = stored(isolation.narrowed(cloud.world(), whole, [left, "eni-00000000000000000"]))
    assert out not in str([call.params for call in less.calls])
    assert (set(less.resources), less.digest != whole.digest) == ({machine.id, left}, True)
    told = isolation.do(cloud.world(), less)
    assert (told.outcome, "left out by an approver" in told.still_open[-1].en) == ("done", True)
    now = cloud.groups_of(machine.id)
    assert (now[out], now[left] != machine.groups[left]) == (machine.groups[out], True)
    assert isolation.check(cloud.world(), less).grade == "configured"
    isolation.undo(cloud.world(), less)
    assert cloud.groups_of(machine.id) == machine.groups
    with pytest.raises(Refused, match="None of the interfaces"):
        isolation.narrowed(cloud.world(), whole, [])
