"""Take an instance out of its Auto Scaling group for good: detach."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import msgspec

from hikeshi.actions.action import Call, Plan, Receipt
from hikeshi.actions.aws.instance.instance_setting import InstanceSetting
from hikeshi.actions.aws.instance.scaling import CLONES, member, required_member, room_below, scaling_group, set_least
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Around, Parts
from hikeshi.errors import Refused
from hikeshi.text import Text

_GROUP, _LEAST, _PROTECTED = "AutoScalingGroup", "MinSize of ", "ProtectedFromScaleIn"

_OUT = Text(
    en="The group no longer knows the instance, so it can neither end nor replace it.",
    ja="グループの管理から外し、終了や置換の対象にならないようにします。",
)
_BACK = Text(en="The instance becomes a member again.", ja="インスタンスをグループに戻します。")
_BACK_FAILS = Text(
    en="Attaching again is refused where the group has reached its maximum by then, or where the instance is not running.",
    ja="その時点でグループが最大台数に達している場合や、インスタンスが実行中でない場合は、元に戻せません。",
)


class DetachInstance(InstanceSetting, frozen=True, kw_only=True):
    """Detach with one member less. Standby is the gentler way; this one also survives the group's own deletion or a refresh.

    Amazon EC2 Auto Scaling API Reference: DetachInstances, AttachInstances. An attached instance is not tied to the launch template
    it came from any more, so the way back has a loss.
    """

    name: ClassVar = "aws.asg.detach"
    effect: ClassVar = "contain"
    reversible: ClassVar = "with-loss"
    radius: ClassVar = "shared"
    title: ClassVar = Text(en="Detach the instance from its Auto Scaling group", ja="Auto Scaling グループから切り離す")
    what: ClassVar = Text(
        en="Removes the instance from its Auto Scaling group and starts no replacement. The instance keeps running.",
        ja="インスタンスを Auto Scaling グループから外します。代わりは起動せず、インスタンスは停止しません。",
    )
    by_hand: ClassVar = Text(
        en="EC2 console, the instance, Actions, Instance settings, Attach to Auto Scaling group: the group saved in the plan.",
        ja="EC2 コンソールでインスタンスを選び、［アクション］→［インスタンスの設定］→［Auto Scaling グループにアタッチ］で計画に保存されたグループを指定します。",
    )
    permissions: ClassVar = (
        "autoscaling:AttachInstances",
        "autoscaling:DescribeAutoScalingGroups",
        "autoscaling:DescribeAutoScalingInstances",
        "autoscaling:DetachInstances",
        "autoscaling:SetInstanceProtection",
        "autoscaling:UpdateAutoScalingGroup",
        "ec2:DescribeInstances",
    )

    group: str = ""
    """Its Auto Scaling group; left out: whichever it is in when it is planned."""

    def do(self, world: AwsWorld, plan: Plan) -> Receipt:
        return InstanceSetting.do(self._knowing(plan), world, plan)

    def check(self, world: AwsWorld, plan: Plan) -> Receipt:
        return InstanceSetting.check(self._knowing(plan), world, plan)

    def undo(self, world: AwsWorld, plan: Plan) -> Receipt:
        return InstanceSetting.undo(self._knowing(plan), world, plan)

    def _knowing(self, plan: Plan) -> DetachInstance:
        """Once it is detached nothing but the plan says which group it was in."""
        part = next(part for part in plan.after["parts"] if part.startswith(_LEAST))
        return msgspec.structs.replace(self, group=part.removeprefix(_LEAST))

    def read(self, world: AwsWorld) -> dict[str, Any]:
        found = member(world, self.instance_id)
        if found is None:
            return {f"{_LEAST}{self.group}": scaling_group(world, self.group)["MinSize"]} if self.group else {}
        protected = {_PROTECTED: True} if found.protected else {}
        return {f"{_LEAST}{found.group}": found.least, **protected, _GROUP: found.group}

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:
        found = required_member(world, self.instance_id)
        if self.group not in ("", found.group):
            raise Refused(f"Instance {self.instance_id} is in {found.group}, not in {self.group}.")
        protected = {_PROTECTED: None} if _PROTECTED in before else {}
        return {f"{_LEAST}{found.group}": room_below(found), **protected, _GROUP: None}

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Iterable[Call]:
        del world
        if part.startswith(_LEAST):
            return set_least(part.removeprefix(_LEAST), new)
        params = {"AutoScalingGroupName": self.group, "InstanceIds": [self.instance_id]}
        if part == _PROTECTED:  # it goes with the membership, and has to be given again
            return [Call("autoscaling:SetInstanceProtection", {**params, _PROTECTED: True}, _BACK)] if new else []
        params["AutoScalingGroupName"] = new or now
        if new:
            return [Call("autoscaling:AttachInstances", params, _BACK)]
        return [Call("autoscaling:DetachInstances", {**params, "ShouldDecrementDesiredCapacity": True}, _OUT)]

    def resources(self, before: Parts) -> tuple[str, ...]:
        return (self.instance_id, *([before[_GROUP]] if _GROUP in before else []))

    def around(self, world: AwsWorld, before: Parts) -> Around:
        del world, before
        return Around(will_not_stop=(CLONES,), warnings=(_BACK_FAILS,))
