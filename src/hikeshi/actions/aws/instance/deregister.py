"""Take an instance out of every load balancer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar

from hikeshi.actions.action import Call
from hikeshi.actions.aws.instance.instance_setting import InstanceSetting
from hikeshi.actions.aws.machines import Instance, living_instance
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Around, Parts
from hikeshi.text import Text

MAX_GROUPS = 500
_GOING = ("Target.DeregistrationInProgress", "Target.NotRegistered")
_DELAY = "deregistration_delay.timeout_seconds"

_OUT = Text(
    en="No new request is to reach the instance.", ja="新しいリクエストがこのインスタンスに届かないようにします。"
)


class DeregisterInstance(InstanceSetting, frozen=True, kw_only=True):
    """Deregister from every target group, at every port, by id or by address, and from every classic load balancer.

    Elastic Load Balancing API Reference: DescribeTargetHealth, DeregisterTargets, RegisterTargets, and the classic pair. A target that
    drains counts as deregistered: it is said how long its connections may go on.
    """

    name: ClassVar = "aws.elb.deregister"
    effect: ClassVar = "contain"
    reversible: ClassVar = "yes"
    radius: ClassVar = "shared"
    title: ClassVar = Text(en="Take the instance out of its load balancers", ja="ロードバランサーから外す")
    what: ClassVar = Text(
        en="Deregisters the instance from every target group and classic load balancer, so that no new request reaches it.",
        ja="すべてのターゲットグループとクラシックロードバランサーから登録を解除し、新しいリクエストが届かないようにします。",
    )
    by_hand: ClassVar = Text(
        en="EC2 console, Target groups, each group in the plan: Register targets, with the port saved in the plan.",
        ja="EC2 コンソールの［ターゲットグループ］で、計画にある各グループに、保存されたポートで［ターゲットを登録］します。",
    )
    permissions: ClassVar = (
        "ec2:DescribeInstances",
        "elasticloadbalancing:DeregisterInstancesFromLoadBalancer",
        "elasticloadbalancing:DeregisterTargets",
        "elasticloadbalancing:DescribeLoadBalancers",
        "elasticloadbalancing:DescribeTargetGroupAttributes",
        "elasticloadbalancing:DescribeTargetGroups",
        "elasticloadbalancing:DescribeTargetHealth",
        "elasticloadbalancing:RegisterInstancesWithLoadBalancer",
        "elasticloadbalancing:RegisterTargets",
    )

    def read(self, world: AwsWorld) -> dict[str, Any]:
        """Each registration by a name that people know; its value is what registering again takes."""
        instance = living_instance(world, self.instance_id)
        return {**dict(_targets(world, instance)), **dict(_classic(world, instance))}

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:
        del world
        return dict.fromkeys(before)

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Iterable[Call]:
        del world, part
        verb, registration = ("Register", new) if new else ("Deregister", now)
        if "LoadBalancerName" in registration:
            place = "With" if new else "From"
            return [Call(f"elb:{verb}Instances{place}LoadBalancer", registration, _OUT)]
        return [Call(f"elbv2:{verb}Targets", registration, _OUT)]

    def resources(self, before: Parts) -> tuple[str, ...]:
        places = [one.get("TargetGroupArn") or one["LoadBalancerName"] for one in before.values()]
        return (self.instance_id, *dict.fromkeys(places))

    def around(self, world: AwsWorld, before: Parts) -> Around:
        names = {one["TargetGroupArn"]: part for part, one in before.items() if "TargetGroupArn" in one}
        draining = (_draining(part, _delay(world, group)) for group, part in names.items())
        return Around(will_not_stop=tuple(draining))


def _targets(world: AwsWorld, instance: Instance) -> Iterator[tuple[str, Any]]:
    told = world.pages("elbv2", "DescribeTargetGroups", "TargetGroups")
    here = [group for group in told if group.get("VpcId") == instance.vpc]
    for group in here[:MAX_GROUPS]:
        health = world.read("elbv2", "DescribeTargetHealth", TargetGroupArn=group["TargetGroupArn"])
        yield from registrations(group, health.get("TargetHealthDescriptions", ()), instance)


def registrations(
    group: Mapping[str, Any], told: Iterable[Mapping[str, Any]], instance: Instance
) -> Iterator[tuple[str, Any]]:
    """The registrations of this instance among the targets of one group: by its id or one of its addresses, at each port."""
    known = {instance.id, *instance.addresses}
    for one in told:
        target = one["Target"]
        if target["Id"] in known and one.get("TargetHealth", {}).get("Reason") not in _GOING:
            name = f"{group['TargetGroupName']} {target['Id']}:{target.get('Port', '')}"
            kept = {key: target[key] for key in ("Id", "Port", "AvailabilityZone") if key in target}
            yield name, {"TargetGroupArn": group["TargetGroupArn"], "Targets": [kept]}


def _classic(world: AwsWorld, instance: Instance) -> Iterator[tuple[str, Any]]:
    for balancer in world.pages("elb", "DescribeLoadBalancers", "LoadBalancerDescriptions"):
        if any(member["InstanceId"] == instance.id for member in balancer.get("Instances", ())):
            name = balancer["LoadBalancerName"]
            yield f"{name} (classic)", {"LoadBalancerName": name, "Instances": [{"InstanceId": instance.id}]}


def _delay(world: AwsWorld, group: str) -> str:
    told = world.read("elbv2", "DescribeTargetGroupAttributes", TargetGroupArn=group)
    return next((one["Value"] for one in told.get("Attributes", ()) if one["Key"] == _DELAY), "300")


def _draining(part: str, seconds: str) -> Text:
    return Text(
        en=f"{part}: connections that are open now may go on for {seconds} seconds (deregistration delay).",
        ja=f"{part}: 現在の接続は、登録解除の遅延により最長 {seconds} 秒続きます。",
    )
