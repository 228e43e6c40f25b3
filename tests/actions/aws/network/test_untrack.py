"""The pass through the open group: when it is refused, and that it never stays open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from actions.account import Cloud, Machine
from actions.worlds import Killed, WatchedWorld
from hikeshi.actions.action import Plan
from hikeshi.actions.aws.network.isolate import IsolateInstance
from hikeshi.actions.aws.network.isolation_group import EMPTY, OPEN, our_groups
from hikeshi.actions.aws.network.untrack import Untrack
from hikeshi.actions.aws.recorder import ListRecorder
from hikeshi.errors import Failed, Refused
from hikeshi.simulation.building.network import with_endpoints

OPENED = 5
"""Calls until the first interface is open: two groups with their rules, and the swap."""
SWAP = "ec2:ModifyNetworkInterfaceAttribute"


class Dead(ListRecorder):
    """From the given call on nothing is sent any more, whatever is tried on the way out."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self.at = at

    def intend(self, operation: str, params: Mapping[str, Any]) -> str:
        if len(self.lines) >= self.at:
            raise Killed
        return super().intend(operation, params)


def left_open(cloud: Cloud, machine: Machine) -> tuple[Untrack, Plan]:
    """A worker has opened the first interface and is gone."""
    action = Untrack(instance_id=machine.id)
    plan = action.plan(cloud.world())
    with pytest.raises(Killed):
        action.do(cloud.world(record=Dead(OPENED)), plan)
    assert groups(cloud, machine) & kind(cloud, machine, OPEN)
    return action, plan


def groups(cloud: Cloud, machine: Machine) -> set[str]:
    return {one for listed in cloud.groups_of(machine.id).values() for one in listed}


def kind(cloud: Cloud, machine: Machine, which: Any) -> set[str]:
    return set(our_groups(cloud.world(), [machine.vpc], which).get(machine.vpc, ()))


def route(cloud: Cloud, machine: Machine, **target: str) -> None:
    only = [{"Name": "vpc-id", "Values": [machine.vpc]}]
    table = cloud.ec2.describe_route_tables(Filters=only)["RouteTables"][0]["RouteTableId"]
    cloud.ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", **target)


def exposed(cloud: Cloud) -> Machine:
    machine = cloud.machine()
    gateway = cloud.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    cloud.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=machine.vpc)
    route(cloud, machine, GatewayId=gateway)
    address = cloud.ec2.allocate_address(Domain="vpc")["AllocationId"]
    cloud.ec2.associate_address(AllocationId=address, NetworkInterfaceId=min(machine.groups))
    return machine


def test_all_are_opened_then_held_then_closed(cloud: Cloud) -> None:
    waited: list[float] = []
    machine = cloud.machine()
    world = cloud.world(sleep=waited.append)
    action = Untrack(instance_id=machine.id, hold_seconds=2)
    plan = action.plan(world)
    action.do(world, plan)
    (opened,), (closed,) = kind(cloud, machine, OPEN), kind(cloud, machine, EMPTY)
    swaps = [line.params["Groups"] for line in world.record.lines if line.operation == SWAP]
    assert (swaps, waited) == ([[opened], [opened], [closed], [closed]], [2])
    extra = "ec2:AuthorizeSecurityGroupEgress"  # in a VPC with IPv6 the default rules let everything out already
    assert world.record.operations == [call.operation for call in plan.calls if call.operation != extra]
    assert {rule.get("CidrIpv4") or rule["CidrIpv6"] for rule in cloud.rules_of(opened)} == {"0.0.0.0/0", "::/0"}


def test_an_instance_that_the_internet_reaches_is_refused_unless_that_is_accepted(
    cloud: Cloud, world: WatchedWorld
) -> None:
    machine = exposed(cloud)
    with pytest.raises(Refused, match="whole internet"):
        Untrack(instance_id=machine.id).plan(world)
    assert Untrack(instance_id=machine.id, accept_exposure=True).plan(world).calls


def test_a_public_address_given_after_the_plan_is_refused_before_anything_is_opened(
    cloud: Cloud, world: WatchedWorld
) -> None:
    machine = exposed(cloud)
    plan = Untrack(instance_id=machine.id, accept_exposure=True).plan(cloud.world())
    with pytest.raises(Refused, match="whole internet"):
        Untrack(instance_id=machine.id).do(world, plan)
    assert SWAP not in world.record.operations


def test_what_is_always_tracked_is_refused_with_the_reason(cloud: Cloud, world: WatchedWorld) -> None:
    machine = cloud.machine()
    gateway = cloud.ec2.create_transit_gateway()["TransitGateway"]["TransitGatewayId"]
    route(cloud, machine, TransitGatewayId=gateway)
    with pytest.raises(Refused, match=f"always tracked \\({gateway}\\)"):
        Untrack(instance_id=machine.id).plan(world)


def test_the_next_worker_closes_what_a_dead_one_left_open_first_of_all(cloud: Cloud, world: WatchedWorld) -> None:
    action, plan = left_open(cloud, machine := cloud.machine(1))
    said = action.check(cloud.world(), plan)
    assert (said.outcome, said.grade) == ("failed", "none")
    assert "WIDE OPEN" in said.still_open[0].en
    assert action.do(world, plan).outcome == "done"
    assert world.record.operations == [SWAP]
    assert groups(cloud, machine) == kind(cloud, machine, EMPTY)


def test_undoing_closes_it_as_well(cloud: Cloud, world: WatchedWorld) -> None:
    action, plan = left_open(cloud, machine := cloud.machine())
    assert action.undo(world, plan).outcome == "done"
    assert cloud.groups_of(machine.id) == machine.groups


def test_another_isolation_closes_it_and_never_saves_the_open_group(cloud: Cloud, world: WatchedWorld) -> None:
    left_open(cloud, machine := cloud.machine())
    first = min(machine.groups)
    isolate = IsolateInstance(instance_id=machine.id)
    plan = isolate.plan(world)
    assert plan.before["interfaces"][first]["groups"] == []
    assert isolate.do(world, plan).outcome == "done"
    assert groups(cloud, machine) == kind(cloud, machine, EMPTY)


def test_where_closing_is_refused_the_groups_of_before_come_back(cloud: Cloud) -> None:
    machine = cloud.machine(1)
    action = Untrack(instance_id=machine.id)
    plan = action.plan(cloud.world())
    world = cloud.world()
    world.fault, world.at = "denied", OPENED + 1
    told = action.do(world, plan)
    assert told.outcome == "failed"
    assert cloud.groups_of(machine.id) == machine.groups


def test_it_can_end_in_the_isolation_that_leaves_systems_manager_its_way(cloud: Cloud, world: WatchedWorld) -> None:
    action = Untrack(**with_endpoints(cloud), then="isolate_ssm")
    plan = action.plan(world)
    assert action.do(world, plan).outcome == "done"
    assert action.check(world, plan).grade == "configured"


def test_a_rule_another_worker_has_just_set_is_read_again_and_not_a_failure_for_good(
    cloud: Cloud, world: WatchedWorld
) -> None:
    action = Untrack(instance_id=cloud.machine(1).id)
    plan = action.plan(world)
    cloud.layer.refusals = {"AuthorizeSecurityGroupIngress": "InvalidPermission.Duplicate"}
    with pytest.raises(Failed, match="differ from what was set") as failed:
        action.do(world, plan)
    assert not failed.value.permanent
    assert SWAP not in world.record.operations
    cloud.layer.refusals = {}
    assert action.do(cloud.world(), plan).outcome == "done"
