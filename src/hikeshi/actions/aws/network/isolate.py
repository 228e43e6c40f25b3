"""Isolate an EC2 instance: every interface gets a group without rules; the instance keeps running."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from hikeshi.actions.action import Action, Call, Plan, Receipt
from hikeshi.actions.aws.machines import (
    Instance,
    InstanceId,
    Interface,
    containable_instance,
    find_instance,
    interfaces_of,
)
from hikeshi.actions.aws.network import isolation_group, surroundings
from hikeshi.actions.aws.network.interface_groups import Aim, Swap, set_groups, still_to_do
from hikeshi.actions.aws.network.isolation_group import PLACEHOLDER
from hikeshi.actions.aws.network.swap_report import Report
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.planning import make_plan, receipt
from hikeshi.aws.failures import CallFailed, NoAnswer
from hikeshi.errors import Refused
from hikeshi.text import Text

_SWAP = Text(
    en="The interface must have the isolation group and no other.",
    ja="インターフェースに隔離用グループだけを設定します。",
)
_WHOLE = Text(
    en="Only where the instance itself still shows the old groups.",
    ja="インスタンス側に以前のグループが残っている場合だけ実行します。",
)
_RESTORE = Text(en="The interface gets its saved groups back.", ja="インターフェースに保存済みのグループを戻します。")


class IsolateInstance(Action[AwsWorld], frozen=True, kw_only=True):
    """Cut one EC2 instance off the network and leave it running.

    Per interface, never per instance: EC2 refuses the instance-level call when there is more than one. Each swap is a
    compare-and-swap against the plan, so a group changed by somebody else in between is neither overwritten nor lost.
    Sources: Amazon EC2 API Reference (ModifyNetworkInterfaceAttribute), Amazon EC2 User Guide (connection tracking).
    """

    name: ClassVar = "aws.ec2.isolate"
    provider: ClassVar = "aws"
    effect: ClassVar = "contain"
    reversible: ClassVar = "yes"
    target: ClassVar = "instance"
    title: ClassVar = Text(en="Isolate the instance", ja="インスタンスを隔離する")
    what: ClassVar = Text(
        en="Replaces the security groups of every interface with a group that has no rules. The instance keeps running.",
        ja="すべてのインターフェースのセキュリティグループを、ルールのないグループに置き換えます。インスタンスは停止しません。",
    )
    by_hand: ClassVar = Text(
        en="EC2 console, Network interfaces, each interface in turn: Change security groups, set the groups saved in the plan.",
        ja="EC2 コンソールの［ネットワークインターフェイス］で、1 つずつ［セキュリティグループを変更］を選び、計画に保存されたグループを設定します。",
    )
    permissions: ClassVar = (
        "autoscaling:DescribeAutoScalingInstances",
        "ec2:CreateSecurityGroup",
        "ec2:CreateTags",
        "ec2:DescribeInstances",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeRouteTables",
        "ec2:DescribeSecurityGroupRules",
        "ec2:DescribeSecurityGroups",
        "ec2:ModifyInstanceAttribute",
        "ec2:ModifyNetworkInterfaceAttribute",
        "ec2:RevokeSecurityGroupEgress",
        "ec2:RevokeSecurityGroupIngress",
        "elasticloadbalancing:DescribeTargetGroups",
        "elasticloadbalancing:DescribeTargetHealth",
    )
    needs_evidence: ClassVar = ("aws.ebs.snapshot_set", "aws.ssm.capture_memory")

    instance_id: InstanceId

    def plan(self, world: AwsWorld) -> Plan:
        """Raises `Refused` for an unknown, terminated, protected or already isolated instance."""
        instance = containable_instance(world, self.instance_id)
        interfaces = interfaces_of(world, self.instance_id)
        ours = isolation_group.our_groups(world, _vpcs(interfaces.values()))
        before = {eni: _saved(interface, ours) for eni, interface in interfaces.items() if not interface.managed}
        self._refuse_if_isolated(before, interfaces)
        around = surroundings.surroundings(world, instance)
        return make_plan(
            world,
            self,
            resources=(self.instance_id, *interfaces),
            calls=_planned(world, instance, interfaces, ours),
            before={"instance": {"state": instance.state, "groups": list(instance.groups)}, "interfaces": before},
            after={"interfaces": {eni: [ours.get(saved["vpc"], [PLACEHOLDER])[0]] for eni, saved in before.items()}},
            dependants=around.dependants,
            will_not_stop=surroundings.paths_left(world, interfaces.values()),
            warnings=(*around.warnings, *_warnings(world, interfaces, before)),
        )

    def do(self, world: AwsWorld, plan: Plan) -> Receipt:
        """Outcome `refused` or `partial` where interfaces were changed by somebody else since the plan."""
        containable_instance(world, self.instance_id)
        sent = len(world.sent)
        saved = _saved_groups(plan)
        group = {vpc: isolation_group.prepared_group(world, vpc) for vpc in sorted(_saved_vpcs(plan).values())}
        aims = {eni: Aim(before=saved[eni], wanted=(group[vpc],)) for eni, vpc in _saved_vpcs(plan).items()}
        swapped = set_groups(world, self.instance_id, aims, set(group.values()), _SWAP, _WHOLE)
        _raise_if_worth_repeating(swapped.failures)
        report = Report(self, swapped.interfaces, swapped.failures, changed=len(world.sent) > sent)
        return report.isolated(saved, *_closing(world, swapped.interfaces))

    def check(self, world: AwsWorld, plan: Plan) -> Receipt:
        """Grade `configured` when every interface has exactly an isolation group and that has no rules; never more."""
        if find_instance(world, self.instance_id).gone:
            gone = Text(en=f"{self.instance_id} no longer exists.", ja=f"{self.instance_id} はもう存在しません。")
            return receipt(self, "failed", gone, {})
        interfaces = interfaces_of(world, self.instance_id)
        report = Report(self, interfaces, {}, changed=True, checking=True)
        return report.isolated(_saved_groups(plan), *_closing(world, interfaces))

    def undo(self, world: AwsWorld, plan: Plan) -> Receipt:
        """Give each interface its saved groups back where its present groups are still ours."""
        find_instance(world, self.instance_id)
        sent = len(world.sent)
        saved = {eni: groups for eni, groups in _saved_groups(plan).items() if groups}
        existing = _existing(world, {group for groups in saved.values() for group in groups})
        kept = {eni: tuple(group for group in groups if group in existing) for eni, groups in saved.items()}
        ours = _flat(isolation_group.our_groups(world, _saved_vpcs(plan).values()))
        aims = {eni: Aim(before=kept[eni], wanted=kept[eni]) for eni in saved if kept[eni]}
        swapped = set_groups(world, self.instance_id, aims, ours, _RESTORE, _WHOLE)
        _raise_if_worth_repeating(swapped.failures)
        report = Report(self, swapped.interfaces, swapped.failures, changed=len(world.sent) > sent)
        return report.restored(saved, kept)

    def _refuse_if_isolated(self, before: Mapping[str, Mapping[str, Any]], interfaces: Mapping[str, Interface]) -> None:
        if not before:
            hint = "Interfaces owned by an AWS service are contained through that service."
            raise Refused(f"Instance {self.instance_id} has no interface that can be changed.", hint=hint)
        if not any(saved["groups"] for saved in before.values()):
            hint = "The groups it had before are in the plan of that earlier isolation; undo that one."
            raise Refused(
                f"Instance {self.instance_id} is already isolated by Hikeshi ({', '.join(interfaces)}).", hint=hint
            )


def _closing(world: AwsWorld, interfaces: Mapping[str, Interface]) -> tuple[set[str], dict[str, int]]:
    """Our groups in the VPCs of these interfaces, and how many rules each one in use has."""
    ours = _flat(isolation_group.our_groups(world, _vpcs(interfaces.values())))
    worn = {group for interface in interfaces.values() for group in interface.groups} & ours
    return ours, {group: len(rules) for group, rules in isolation_group.rules_of(world, worn).items()}


def _vpcs(interfaces: Iterable[Interface]) -> set[str]:
    return {interface.vpc for interface in interfaces}


def _flat(groups: Mapping[str, list[str]]) -> set[str]:
    return {group for listed in groups.values() for group in listed}


def _saved(interface: Interface, ours: Mapping[str, list[str]]) -> dict[str, Any]:
    """The state to restore. An isolation group is never part of it: that would make the undo a second isolation."""
    groups = [group for group in interface.groups if group not in ours.get(interface.vpc, ())]
    return {"groups": groups, "vpc": interface.vpc, "subnet": interface.subnet}


def _saved_groups(plan: Plan) -> dict[str, tuple[str, ...]]:
    return {eni: tuple(saved["groups"]) for eni, saved in plan.before["interfaces"].items()}


def _saved_vpcs(plan: Plan) -> dict[str, str]:
    return {eni: saved["vpc"] for eni, saved in plan.before["interfaces"].items()}


def _planned(
    world: AwsWorld, instance: Instance, interfaces: Mapping[str, Interface], ours: Mapping[str, list[str]]
) -> list[Call]:
    swapped = [interface for interface in interfaces.values() if not interface.managed]
    calls = [call for vpc in sorted(_vpcs(swapped)) for call in isolation_group.planned_calls(world, vpc, ours)]
    for interface in swapped:
        aim = Aim(before=interface.groups, wanted=(ours.get(interface.vpc, [PLACEHOLDER])[0],))
        if still_to_do(interface, aim, set(aim.wanted)) is Swap.NEEDED:
            params = {"NetworkInterfaceId": interface.id, "Groups": list(aim.wanted)}
            calls.append(Call("ec2:ModifyNetworkInterfaceAttribute", params, _SWAP))
            if len(interfaces) == 1:
                whole = {"InstanceId": instance.id, "Groups": list(aim.wanted)}
                calls.append(Call("ec2:ModifyInstanceAttribute", whole, _WHOLE))
    return calls


def _warnings(
    world: AwsWorld, interfaces: Mapping[str, Interface], before: Mapping[str, Mapping[str, Any]]
) -> Iterable[Text]:
    for eni, interface in interfaces.items():
        if interface.managed:
            yield Text(
                en=f"{eni} belongs to an AWS service and is left alone.",
                ja=f"{eni} は AWS のサービスが管理しているため変更しません。",
            )
        elif not before[eni]["groups"]:
            yield Text(
                en=f"{eni} was isolated earlier; its original groups are in that earlier plan, not in this one.",
                ja=f"{eni} は以前に隔離済みです。元のグループはこの計画ではなく、以前の計画にあります。",
            )
        elif len(before[eni]["groups"]) < len(interface.groups):
            yield Text(
                en=f"{eni} has an isolation group beside others; it is not saved as original.",
                ja=f"{eni} には隔離用グループとほかのグループがあります。隔離用グループは元のグループとして保存しません。",
            )
    originals = {group for saved in before.values() for group in saved["groups"]}
    for group, rules in isolation_group.rules_of(world, originals).items():
        if not rules:
            yield Text(
                en=f"{group} has no rules either: somebody else may have isolated the instance. Undo restores that state.",
                ja=f"{group} にもルールがありません。ほかの誰かが隔離した可能性があります。元に戻すとその状態に戻ります。",
            )


def _existing(world: AwsWorld, groups: set[str]) -> set[str]:
    only = [{"Name": "group-id", "Values": sorted(groups)}]
    told = world.pages("ec2", "DescribeSecurityGroups", "SecurityGroups", Filters=only) if groups else ()
    return {group["GroupId"] for group in told}


def _raise_if_worth_repeating(failures: Mapping[str, CallFailed]) -> None:
    for failure in failures.values():
        if not failure.permanent and not isinstance(failure, NoAnswer):
            raise failure
