"""Tags for people, and their undo."""

from __future__ import annotations

from typing import Any

import pytest

from actions.account import Cloud, Machine, stored
from actions.worlds import WatchedWorld
from hikeshi.actions.aws.network.isolate import IsolateInstance
from hikeshi.actions.aws.network.mark import ORIGINAL_TAG, MarkInstance
from hikeshi.errors import Refused


def tags(cloud: Cloud, resource: str) -> dict[str, str]:
    told = cloud.ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [resource]}])["Tags"]
    return {tag["Key"]: tag["Value"] for tag in told}


def put(cloud: Cloud, resource: str, **values: str) -> None:
    listed = [{"Key": key.replace("__", ":"), "Value": value} for key, value in values.items()]
    cloud.ec2.create_tags(Resources=[resource], Tags=listed)


def mark(machine: Machine) -> MarkInstance:
    return MarkInstance(instance_id=machine.id)


def test_instance_interfaces_and_volumes_are_marked_and_restored(cloud: Cloud, world: WatchedWorld) -> None:
    machine = cloud.machine()
    put(cloud, machine.id, Name="web", hikeshi__incident="INC-2025-0009")
    plan = stored(mark(machine).plan(world))
    assert len(plan.resources) == 4
    before = {resource: tags(cloud, resource) for resource in plan.resources}
    assert mark(machine).do(world, plan).outcome == "done"
    assert world.record.operations == [call.operation for call in plan.calls]
    assert all(tags(cloud, resource)["hikeshi:incident"] == "INC-2026-0001" for resource in plan.resources)
    assert mark(machine).check(world, plan).grade == "configured"
    assert mark(machine).undo(cloud.world(), plan).outcome == "done"
    assert {resource: tags(cloud, resource) for resource in plan.resources} == before


def test_each_interface_gets_its_own_groups(cloud: Cloud, world: WatchedWorld) -> None:
    machine = cloud.machine()
    mark(machine).do(world, mark(machine).plan(world))
    for eni, groups in machine.groups.items():
        assert tags(cloud, eni)[ORIGINAL_TAG] == " ".join(groups)


def test_after_an_isolation_the_saved_plan_gives_the_groups(cloud: Cloud, world: WatchedWorld) -> None:
    machine = cloud.machine()
    isolation = IsolateInstance(instance_id=machine.id)
    earlier = isolation.plan(world)
    isolation.do(world, earlier)
    later = cloud.world(earlier=[earlier])
    mark(machine).do(later, mark(machine).plan(later))
    for eni, groups in machine.groups.items():
        assert tags(cloud, eni)[ORIGINAL_TAG] == " ".join(groups)


def test_without_the_saved_plan_the_isolation_group_is_not_written_as_original(
    cloud: Cloud, world: WatchedWorld
) -> None:
    machine = cloud.machine(1)
    isolation = IsolateInstance(instance_id=machine.id)
    isolation.do(world, isolation.plan(world))
    plan = mark(machine).plan(world)
    assert ORIGINAL_TAG not in repr(plan.after)
    assert "not known here" in plan.warnings[0].en


def test_a_repeat_sends_nothing(cloud: Cloud, world: WatchedWorld) -> None:
    action = mark(cloud.machine())
    plan = action.plan(world)
    action.do(cloud.world(), plan)
    assert action.do(world, plan).outcome == "already-done"
    action.undo(cloud.world(), plan)
    assert action.undo(world, plan).outcome == "already-done"
    assert world.record.operations == []


def test_a_value_changed_by_somebody_else_is_left(cloud: Cloud, world: WatchedWorld) -> None:
    machine = cloud.machine(1)
    plan = mark(machine).plan(world)
    mark(machine).do(world, plan)
    put(cloud, machine.id, hikeshi__incident="theirs")
    undone = mark(machine).undo(world, plan)
    assert undone.outcome == "partial"
    assert tags(cloud, machine.id) == {"hikeshi:incident": "theirs"}


def test_a_full_resource_is_refused_before_anything_is_written(cloud: Cloud, world: WatchedWorld) -> None:
    machine = cloud.machine(1)
    put(cloud, machine.id, **{f"key{number}": "" for number in range(49)})
    with pytest.raises(Refused, match="would have 51 tags"):
        mark(machine).plan(world)


def test_a_value_longer_than_aws_allows_is_refused_although_moto_takes_it(cloud: Cloud) -> None:
    with pytest.raises(Refused, match="too long"):
        mark(cloud.machine(1)).plan(cloud.world(incident="I" * 257))


def test_groups_that_do_not_fit_are_left_out_with_a_warning(cloud: Cloud, world: WatchedWorld) -> None:
    machine = cloud.machine(1)
    (eni,) = machine.groups
    many = [cloud.group(machine.vpc, f"group-{number}") for number in range(14)]
    cloud.ec2.modify_network_interface_attribute(NetworkInterfaceId=eni, Groups=many)
    plan = mark(machine).plan(world)
    assert "do not fit" in plan.warnings[0].en
    assert mark(machine).do(world, plan).outcome == "done"


def test_a_protected_instance_is_refused(cloud: Cloud, world: WatchedWorld) -> None:
    machine = cloud.machine(1)
    put(cloud, machine.id, hikeshi__protected="")
    with pytest.raises(Refused, match="hikeshi:protected"):
        mark(machine).plan(world)


def test_one_resource_denied_is_partial(cloud: Cloud, world: WatchedWorld) -> None:
    machine = cloud.machine()
    plan = mark(machine).plan(world)
    cloud.layer.faults = [("CreateTags", "denied")]
    done = mark(machine).do(world, plan)
    assert (done.outcome, len(done.still_open)) == ("partial", 1)
    assert "ec2:CreateTags" in done.still_open[0].en


@pytest.mark.parametrize(("fault", "outcome"), [("lost after", "done"), ("lost before", "unknown")])
def test_a_lost_answer_is_settled_by_reading(cloud: Cloud, world: WatchedWorld, fault: Any, outcome: str) -> None:
    machine = cloud.machine()
    plan = mark(machine).plan(world)
    cloud.layer.faults = [("CreateTags", fault)]
    assert mark(machine).do(world, plan).outcome == outcome
    mark(machine).do(cloud.world(), plan)
    assert mark(machine).check(cloud.world(), plan).outcome == "done"
