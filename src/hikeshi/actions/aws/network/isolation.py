"""What all isolations share: the groups of every interface are swapped for one of ours, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

import msgspec

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
from hikeshi.actions.aws.network.interface_groups import Aim, Ours, Swap, Swapped, set_groups, still_to_do
from hikeshi.actions.aws.network.isolation_group import OPEN, Kind, Known, Present, Rule, Rules
from hikeshi.actions.aws.network.less import fewer, left_out
from hikeshi.actions.aws.network.paths import Path, paths_of
from hikeshi.actions.aws.network.swap_report import Report, odd_rules
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.planning import make_plan, receipt
from hikeshi.actions.setting import Around
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

PERMISSIONS = (
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
"""What every isolation may call."""


class Isolation(Action[AwsWorld], frozen=True, kw_only=True):
    """Swap the groups of every interface for our group of one kind.

    Per interface, never per instance: EC2 refuses the instance-level call when there is more than one. Each swap is a
    compare-and-swap against the plan, so a group changed by somebody else in between is neither overwritten nor lost. Groups of
    another kind of ours are groups like any other, so that isolations can follow each other and are undone newest first.
    Sources: Amazon EC2 API Reference (ModifyNetworkInterfaceAttribute), Amazon EC2 User Guide (connection tracking).
    """

    kind: ClassVar[Kind]

    instance_id: InstanceId

    @property
    def into(self) -> Kind:
        """The kind of group the interfaces end in."""
        return self.kind

    def rules(self, world: AwsWorld, interfaces: Sequence[Interface]) -> dict[str, Rules]:  # noqa: ARG002  the names are the interface
        """The rules our group must have, by VPC. Raises `Refused` where it would not serve."""
        return {}

    def also(self, world: AwsWorld, seen: Seen) -> Also:  # noqa: ARG002
        """What a subclass does before the swaps, and what it has to say. Raises `Refused` where it must not be done."""
        return Also()

    def plan(self, world: AwsWorld) -> Plan:
        """Raises `Refused` for an unknown, terminated, protected or already isolated instance."""
        instance = containable_instance(world, self.instance_id)
        interfaces = interfaces_of(world, self.instance_id)
        known = isolation_group.known_groups(world, _vpcs(interfaces.values()))
        before = {eni: self._saved(interface, known) for eni, interface in interfaces.items() if not interface.managed}
        self._refuse_if_isolated(before, interfaces)
        free = [interfaces[eni] for eni in before]
        rules = self.rules(world, free)
        paths = paths_of(world, interfaces.values())
        seen = Seen(free, paths, known, _rules_now(world, before, known))
        also = self.also(world, seen)
        who = surroundings.surroundings(world, instance)
        mine = known[self.into.role]
        new = {eni: [mine.get(saved["vpc"], [self.into.placeholder])[0]] for eni, saved in before.items()}
        return make_plan(
            world,
            self,
            resources=(self.instance_id, *interfaces),
            calls=self._planned(instance, interfaces, seen, rules, also),
            before={"instance": {"state": instance.state, "groups": list(instance.groups)}, "interfaces": before},
            after={"interfaces": new, "rules": msgspec.to_builtins(rules), **also.after},
            dependants=who.dependants,
            will_not_stop=(*surroundings.paths_left(paths.values()), *also.around.will_not_stop),
            warnings=(*who.warnings, *_warnings(interfaces, before, seen.present), *also.around.warnings),
        )

    def parts(self, plan: Plan) -> tuple[str, ...]:
        """Its interfaces, where there are several."""
        saved = tuple(plan.before.get("interfaces", ()))
        return saved if len(saved) > 1 or plan.after.get("left_out") else ()

    def narrowed(self, world: AwsWorld, plan: Plan, only: Iterable[str]) -> Plan:
        """The same plan for these interfaces alone. Raises `Refused` where none of them is there any more."""
        less = fewer(plan, only)
        return msgspec.structs.replace(less, estimate_seconds=world.estimate(less.calls))

    def do(self, world: AwsWorld, plan: Plan) -> Receipt:
        """Outcome `refused` or `partial` where interfaces were changed by somebody else since the plan."""
        containable_instance(world, self.instance_id)
        sent = len(world.sent)
        ready = self.ready(world, plan)
        swapped = self.close(world, plan, ready)
        raise_if_worth_repeating(swapped.failures)
        return self.told(world, plan, swapped, self.ours(ready), changed=len(world.sent) > sent)

    def ready(self, world: AwsWorld, plan: Plan) -> Ready:
        """Our group in each VPC, with exactly the planned rules."""
        vpcs, rules = sorted(set(saved_vpcs(plan).values())), planned_rules(plan)
        known = isolation_group.known_groups(world, vpcs)
        here = {vpc: groups[0] for vpc, groups in known[self.into.role].items() if groups}
        if here.keys() >= set(vpcs):
            present = isolation_group.rules_of(world, here.values())
            if not any(
                isolation_group.planned_calls(vpc, known, present, self.into, rules.get(vpc, ())) for vpc in vpcs
            ):
                return Ready(here, known)
        with world.alone(f"{self.into.role} {vpcs}"):  # made once, whoever needs it beside us
            known = isolation_group.known_groups(world, vpcs)
            group = {
                vpc: isolation_group.prepared_group(world, vpc, known, self.into, rules.get(vpc, ())) for vpc in vpcs
            }
        return Ready(group, known)

    def close(self, world: AwsWorld, plan: Plan, ready: Ready) -> Swapped:
        """Swap what is still to be swapped: also what is found in the open group, whoever left it there."""
        saved = saved_groups(plan)
        aims = {eni: Aim(before=saved[eni], wanted=(ready.group[vpc],)) for eni, vpc in saved_vpcs(plan).items()}
        return set_groups(world, self.instance_id, aims, ready.ours, _SWAP, _WHOLE)

    def ours(self, ready: Ready) -> Ours:
        """All our groups: those of our kind as read or made, and the open ones."""
        return Ours(ready.ours.closed | _flat(ready.known[self.into.role]), ready.ours.open)

    def told(
        self, world: AwsWorld, plan: Plan, swapped: Swapped, ours: Ours, *, changed: bool, checking: bool = False
    ) -> Receipt:
        out = [eni for eni in plan.after.get("left_out", ()) if eni in swapped.interfaces]
        meant = {eni: one for eni, one in swapped.interfaces.items() if eni not in out}
        worn = {one: eni.vpc for eni in meant.values() for one in eni.groups if one in ours.closed}
        rules, wanted = isolation_group.rules_of(world, worn), planned_rules(plan)
        odd = [text for one, vpc in sorted(worn.items()) for text in odd_rules(one, rules[one], wanted.get(vpc, ()))]
        counts = {group: len(listed) for group, listed in rules.items()}
        report = Report(self, meant, swapped.failures, changed=changed, checking=checking)
        told = report.isolated(saved_groups(plan), ours, counts, odd)
        return msgspec.structs.replace(told, still_open=(*told.still_open, *map(left_out, out)))

    def check(self, world: AwsWorld, plan: Plan) -> Receipt:
        """Grade `configured` when every interface has exactly our group and that has exactly its rules; never more."""
        if find_instance(world, self.instance_id).gone:
            gone = Text(en=f"{self.instance_id} no longer exists.", ja=f"{self.instance_id} はもう存在しません。")
            return receipt(self, "failed", gone, {})
        now = Swapped(interfaces_of(world, self.instance_id), {})
        known = isolation_group.known_groups(world, _vpcs(now.interfaces.values()))
        return self.told(world, plan, now, self.ours(Ready({}, known)), changed=True, checking=True)

    def undo(self, world: AwsWorld, plan: Plan) -> Receipt:
        """Give each interface its saved groups back where its present groups are still ours."""
        find_instance(world, self.instance_id)
        sent = len(world.sent)
        saved = {eni: groups for eni, groups in saved_groups(plan).items() if groups}
        existing = _existing(world, {group for groups in saved.values() for group in groups})
        kept = {eni: tuple(group for group in groups if group in existing) for eni, groups in saved.items()}
        swapped = self.restore(world, plan, {eni: groups for eni, groups in kept.items() if groups})
        raise_if_worth_repeating(swapped.failures)
        report = Report(self, swapped.interfaces, swapped.failures, changed=len(world.sent) > sent)
        return report.restored(saved, kept)

    def restore(self, world: AwsWorld, plan: Plan, groups: Mapping[str, tuple[str, ...]]) -> Swapped:
        """Give these interfaces these groups, where they have ours."""
        known = isolation_group.known_groups(world, saved_vpcs(plan).values())
        ours = Ours(_flat(known[self.into.role]), _flat(known[OPEN.role]))
        aims = {eni: Aim(before=kept, wanted=kept) for eni, kept in groups.items()}
        return set_groups(world, self.instance_id, aims, ours, _RESTORE, _WHOLE)

    def _refuse_if_isolated(self, before: Mapping[str, Mapping[str, Any]], interfaces: Mapping[str, Interface]) -> None:
        if not before:
            hint = "Interfaces owned by an AWS service are contained through that service."
            raise Refused(f"Instance {self.instance_id} has no interface that can be changed.", hint=hint)
        if not any(saved["groups"] or saved["open"] for saved in before.values()):
            hint = "The groups it had before are in the plan of that earlier isolation; undo that one."
            raise Refused(
                f"Instance {self.instance_id} is already isolated by Hikeshi ({', '.join(interfaces)}).", hint=hint
            )

    def _saved(self, interface: Interface, known: Known) -> dict[str, Any]:
        """The state to restore. Our group is never part of it: that would make the undo a second isolation, or open the host."""
        opened = set(known[OPEN.role].get(interface.vpc, ()))
        ours = {*known[self.into.role].get(interface.vpc, ()), *opened}
        groups = [group for group in interface.groups if group not in ours]
        left_open = bool(opened & set(interface.groups))
        return {"groups": groups, "vpc": interface.vpc, "subnet": interface.subnet, "open": left_open}

    def _planned(
        self,
        instance: Instance,
        interfaces: Mapping[str, Interface],
        seen: Seen,
        rules: Mapping[str, Rules],
        also: Also,
    ) -> list[Call]:
        known = seen.known
        calls = [
            call
            for vpc in sorted(_vpcs(seen.interfaces))
            for call in isolation_group.planned_calls(vpc, known, seen.present, self.into, rules.get(vpc, ()))
        ]
        calls += also.calls
        for interface in seen.interfaces:
            group = known[self.into.role].get(interface.vpc, [self.into.placeholder])[0]
            aim = Aim(before=interface.groups, wanted=(group,))
            if still_to_do(interface, aim, Ours(frozenset(aim.wanted), _flat(known[OPEN.role]))) is Swap.NEEDED:
                params = {"NetworkInterfaceId": interface.id, "Groups": list(aim.wanted)}
                calls.append(Call("ec2:ModifyNetworkInterfaceAttribute", params, _SWAP))
                if len(interfaces) == 1:
                    whole = {"InstanceId": instance.id, "Groups": list(aim.wanted)}
                    calls.append(Call("ec2:ModifyInstanceAttribute", whole, _WHOLE, seldom=True))
        return calls


class Seen(msgspec.Struct, frozen=True):
    """What was read for the plan: the interfaces that can be changed, their ways out, our groups, and the rules of all groups."""

    interfaces: Sequence[Interface]
    paths: Mapping[str, Path]
    known: Known
    present: Present


class Ready(msgspec.Struct, frozen=True):
    """VPC to our group in it, ready to be used, and all groups of ours as read before."""

    group: Mapping[str, str]
    known: Known

    @property
    def ours(self) -> Ours:
        return Ours(frozenset(self.group.values()), _flat(self.known[OPEN.role]))


class Also(msgspec.Struct, frozen=True, kw_only=True):
    """What a kind of isolation adds to the plan: calls before the swaps, its part of `after`, and what to say."""

    calls: tuple[Call, ...] = ()
    after: Mapping[str, Any] = msgspec.field(default_factory=dict)
    around: Around = Around()


def _vpcs(interfaces: Iterable[Interface]) -> set[str]:
    return {interface.vpc for interface in interfaces}


def _rules_now(world: AwsWorld, before: Mapping[str, Mapping[str, Any]], known: Known) -> Present:
    """The rules of the groups before and of ours, in one reading."""
    ours = {group for groups in known.values() for listed in groups.values() for group in listed}
    return isolation_group.rules_of(world, ours | {group for saved in before.values() for group in saved["groups"]})


def _flat(groups: Mapping[str, list[str]]) -> frozenset[str]:
    return frozenset(group for listed in groups.values() for group in listed)


def saved_groups(plan: Plan) -> dict[str, tuple[str, ...]]:
    """Interface to its groups before."""
    return {eni: tuple(saved["groups"]) for eni, saved in plan.before["interfaces"].items()}


def saved_vpcs(plan: Plan) -> dict[str, str]:
    """Interface to its VPC."""
    return {eni: saved["vpc"] for eni, saved in plan.before["interfaces"].items()}


def planned_rules(plan: Plan) -> dict[str, tuple[Rule, ...]]:
    """VPC to the rules our group must have, as approved."""
    return msgspec.convert(plan.after.get("rules", {}), dict[str, tuple[Rule, ...]])


def _warnings(
    interfaces: Mapping[str, Interface], before: Mapping[str, Mapping[str, Any]], present: Present
) -> Iterable[Text]:
    for eni, interface in interfaces.items():
        if interface.managed:
            yield Text(
                en=f"{eni} belongs to an AWS service and is left alone.",
                ja=f"{eni} は AWS のサービスが管理しているため変更しません。",
            )
        elif before[eni]["open"]:
            yield Text(
                en=f"{eni} is wide open, left so by a pass through the open group that did not end; this step closes it.",
                ja=f"{eni} は全開放の状態です（開放用グループからの切り替えが未完了）。このステップで閉じます。",
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
    for group in sorted({group for saved in before.values() for group in saved["groups"]}):
        if not present[group]:
            yield Text(
                en=f"{group} has no rules either: somebody else may have isolated the instance. Undo restores that state.",
                ja=f"{group} にもルールがありません。ほかの誰かが隔離した可能性があります。元に戻すとその状態に戻ります。",
            )


def _existing(world: AwsWorld, groups: set[str]) -> set[str]:
    only = [{"Name": "group-id", "Values": sorted(groups)}]
    told = world.pages("ec2", "DescribeSecurityGroups", "SecurityGroups", Filters=only) if groups else ()
    return {group["GroupId"] for group in told}


def raise_if_worth_repeating(failures: Mapping[str, CallFailed]) -> None:
    for failure in failures.values():
        if not failure.permanent and not isinstance(failure, NoAnswer):
            raise failure
