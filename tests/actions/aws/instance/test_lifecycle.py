"""What is special to protecting, stopping, and taking an instance out of groups and load balancers."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from actions.account import IMAGE, Cloud, stored
from hikeshi.actions import action
from hikeshi.actions.action import Action, Plan
from hikeshi.actions.aws.instance.deregister import registrations
from hikeshi.actions.aws.machines import Instance, find_instance
from hikeshi.errors import Refused
from hikeshi.simulation.building.instance import balanced, member, one, two, with_sessions


def planned(cloud: Cloud, name: str, inputs: dict[str, Any], **world: Any) -> tuple[Action[Any], Plan]:
    made = action(name, inputs)
    return made, stored(made.plan(cloud.world(**world)))


def done(cloud: Cloud, name: str, inputs: dict[str, Any]) -> tuple[Action[Any], Plan]:
    made, plan = planned(cloud, name, inputs)
    assert made.do(cloud.world(), plan).outcome == "done"
    return made, plan


def operations(plan: Plan) -> list[str]:
    return [call.operation for call in plan.calls]


def test_protection_is_one_call_for_each_attribute_and_disk(cloud: Cloud) -> None:
    _, plan = planned(cloud, "aws.ec2.protect", two(cloud))
    assert operations(plan) == ["ec2:ModifyInstanceAttribute"] * 4  # the shutdown behaviour is "stop" already
    assert all(len(call.params) == 2 for call in plan.calls)


def test_a_spot_instance_gets_no_termination_protection_and_is_not_stopped(cloud: Cloud) -> None:
    cloud.ec2.request_spot_instances(LaunchSpecification={"ImageId": IMAGE, "InstanceType": "t3.micro"})
    spot = cloud.ec2.describe_instances()["Reservations"][0]["Instances"][0]["InstanceId"]
    _, plan = planned(cloud, "aws.ec2.protect", {"instance_id": spot})
    assert all("DeleteOnTermination" in part for part in plan.after["parts"])
    assert "Spot" in plan.warnings[0].en
    with pytest.raises(Refused, match="Spot"):
        planned(cloud, "aws.ec2.stop", {"instance_id": spot})


def test_stop_protection_of_our_own_is_lifted_and_said_and_set_again(cloud: Cloud) -> None:
    inputs = one(cloud)
    _, protection = done(cloud, "aws.ec2.protect", inputs)
    stop, plan = planned(cloud, "aws.ec2.stop", inputs, earlier=[protection])
    assert operations(plan) == ["ec2:ModifyInstanceAttribute", "ec2:StopInstances"]
    assert any("it is lifted" in text.en for text in plan.warnings)
    assert stop.do(cloud.world(), plan).outcome == "done"
    assert stop.undo(cloud.world(), plan).outcome == "done"
    told = cloud.ec2.describe_instance_attribute(InstanceId=inputs["instance_id"], Attribute="disableApiStop")
    assert told["DisableApiStop"]["Value"] is True


def test_stop_protection_of_somebody_else_is_a_refusal(cloud: Cloud) -> None:
    inputs = one(cloud)
    cloud.ec2.modify_instance_attribute(InstanceId=inputs["instance_id"], DisableApiStop={"Value": True})
    _, protection = planned(cloud, "aws.ec2.protect", inputs)
    with pytest.raises(Refused, match="did not set"):
        planned(cloud, "aws.ec2.stop", inputs, earlier=[protection])


def test_only_what_was_launched_for_it_hibernates(cloud: Cloud) -> None:
    with pytest.raises(Refused, match="hibernation"):
        planned(cloud, "aws.ec2.stop", {**one(cloud), "hibernate": True})


def test_a_stopped_member_would_be_replaced(cloud: Cloud) -> None:
    _, plan = planned(cloud, "aws.ec2.stop", member(cloud))
    assert any("standby" in text.en for text in plan.warnings)


def test_standby_suspends_only_what_runs_and_makes_room_below(cloud: Cloud) -> None:
    _, plan = planned(cloud, "aws.asg.standby", member(cloud))
    suspended = [call.params["ScalingProcesses"] for call in plan.calls if call.operation.endswith("SuspendProcesses")]
    assert suspended == [["ReplaceUnhealthy"], ["Terminate"]]  # AZRebalance is suspended already
    assert plan.after["parts"]["MinSize"] == 1


def test_with_room_below_the_sizes_stay(cloud: Cloud) -> None:
    _, plan = planned(cloud, "aws.asg.standby", member(cloud, MinSize=0))
    assert "autoscaling:UpdateAutoScalingGroup" not in operations(plan)


@pytest.mark.parametrize("when", ["before the plan", "after it"])
def test_nothing_is_put_on_standby_while_a_refresh_runs(cloud: Cloud, when: str) -> None:
    inputs, scaling = member(cloud), cloud.client("autoscaling")
    if when == "after it":
        standby, plan = planned(cloud, "aws.asg.standby", inputs)
    scaling.start_instance_refresh(AutoScalingGroupName="web")
    world = cloud.world()
    with pytest.raises(Refused, match="refresh"):
        standby.do(world, plan) if when == "after it" else action("aws.asg.standby", inputs).plan(world)
    assert world.sent == []
    scaling.cancel_instance_refresh(AutoScalingGroupName="web")
    assert done(cloud, "aws.asg.standby", inputs)


def test_an_instance_in_no_group_needs_no_standby(cloud: Cloud) -> None:
    for name in ("aws.asg.standby", "aws.asg.detach"):
        with pytest.raises(Refused, match="in no Auto Scaling group"):
            planned(cloud, name, one(cloud))


def test_the_sizes_are_as_before_after_detaching_and_attaching(cloud: Cloud) -> None:
    inputs = member(cloud)
    detach, plan = done(cloud, "aws.asg.detach", inputs)
    scaling = cloud.client("autoscaling")
    sizes = ("MinSize", "DesiredCapacity", "MaxSize")
    told = scaling.describe_auto_scaling_groups()["AutoScalingGroups"][0]
    assert [told[size] for size in sizes] == [1, 1, 2]
    detach.undo(cloud.world(), plan)
    told = scaling.describe_auto_scaling_groups()["AutoScalingGroups"][0]
    assert [told[size] for size in sizes] == [2, 2, 2]


def test_a_target_is_found_by_id_and_by_address_and_in_a_classic_balancer(cloud: Cloud) -> None:
    _, plan = planned(cloud, "aws.elb.deregister", balanced(cloud))
    assert {part.split()[0] for part in plan.after["parts"]} == {"web", "api", "old"}
    assert "300 seconds" in plan.will_not_stop[0].en


def test_each_port_of_a_target_counts_and_what_drains_does_not(cloud: Cloud) -> None:
    found: Instance = find_instance(cloud.world(), one(cloud)["instance_id"])
    group = {"TargetGroupName": "web", "TargetGroupArn": "arn:web"}
    told = [
        {"Target": {"Id": found.id, "Port": port}, "TargetHealth": {"Reason": reason}}
        for port, reason in ((80, ""), (8080, "Target.NotInUse"), (8081, "Target.DeregistrationInProgress"))
    ]
    told.append({"Target": {"Id": "i-0123456789abcdef0", "Port": 80}, "TargetHealth": {}})
    assert [name for name, _ in registrations(group, told, found)] == [f"web {found.id}:80", f"web {found.id}:8080"]


def test_an_instance_that_no_balancer_knows_needs_nothing(cloud: Cloud) -> None:
    deregister, plan = planned(cloud, "aws.elb.deregister", one(cloud))
    told = deregister.do(cloud.world(), plan)
    assert (plan.calls, told.outcome, told.summary.en) == ((), "already-done", "There is nothing to change.")


def test_tags_are_hidden_and_other_options_kept(cloud: Cloud) -> None:
    options = {"HttpTokens": "optional", "HttpPutResponseHopLimit": 3, "InstanceMetadataTags": "enabled"}
    machine = cloud.machine(1, MetadataOptions=options)
    harden, plan = done(cloud, "aws.ec2.imds", {"instance_id": machine.id})
    kept = plan.after["parts"]["MetadataOptions"]
    assert (kept["HttpPutResponseHopLimit"], kept["InstanceMetadataTags"], kept["HttpEndpoint"]) == (
        1,
        "disabled",
        "enabled",
    )
    harden.undo(cloud.world(), plan)
    assert harden.plan(cloud.world()).before["parts"]["MetadataOptions"]["HttpPutResponseHopLimit"] == 3


def test_a_session_opened_after_the_plan_is_named(cloud: Cloud) -> None:
    inputs = with_sessions(cloud)
    end, plan = planned(cloud, "aws.ssm.end_sessions", inputs)
    cloud.client("ssm").start_session(Target=inputs["instance_id"], Reason="late")
    end.do(cloud.world(), plan)
    told = end.check(cloud.world(), plan)
    assert "late-" in told.still_open[0].en
    assert [one["owner"].rsplit("/")[-1] for one in plan.before["parts"].values()] == ["intruder", "responder"]
    with pytest.raises(Refused, match="nothing to undo"):
        end.undo(cloud.world(), plan)


def test_a_protected_tag_set_after_the_plan_is_respected(cloud: Cloud) -> None:
    inputs = one(cloud)
    protect, plan = planned(cloud, "aws.ec2.protect", inputs)
    cloud.ec2.create_tags(Resources=[inputs["instance_id"]], Tags=[{"Key": "hikeshi:protected", "Value": ""}])
    with pytest.raises(Refused, match="never contained"):
        protect.do(cloud.world(), msgspec.structs.replace(plan))
