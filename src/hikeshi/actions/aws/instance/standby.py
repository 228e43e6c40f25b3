"""Take an instance out of its Auto Scaling group's hands without losing it: standby."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from hikeshi.actions.action import Call, Plan, Receipt
from hikeshi.actions.aws.instance.instance_setting import InstanceSetting
from hikeshi.actions.aws.instance.scaling import (
    CLONES,
    Member,
    refuse_while_refreshing,
    required_member,
    room_below,
    set_least,
)
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Around, Parts
from hikeshi.errors import Refused
from hikeshi.text import Text

PROCESSES = ("AZRebalance", "ReplaceUnhealthy", "Terminate")
_RUNS = "Process "
_LEAST, _PROTECTED, _STANDBY = "MinSize", "ProtectedFromScaleIn", "Standby"

_PROCESS = Text(
    en="So that the group does not end or replace the instance while it is contained.",
    ja="封じ込め中に、グループがインスタンスを終了・置換しないようにします。",
)
_KEEP = Text(en="Scaling in must not choose this instance.", ja="スケールインの対象から外します。")
_ENTER = Text(
    en="On standby the group neither checks nor replaces the instance, and its load balancers let it go.",
    ja="スタンバイにすると、グループはヘルスチェックも置換も行わず、ロードバランサーからも外れます。",
)
_LEFT = (
    Text(
        en="Connections through a load balancer go on until its deregistration delay ends (300 seconds unless set otherwise).",
        ja="ロードバランサー経由の接続は、登録解除の遅延（既定 300 秒）が終わるまで続きます。",
    ),
    CLONES,
)


class StandbyInstance(InstanceSetting, frozen=True, kw_only=True):
    """Standby with one member less, so that no copy of the same image is started in its place.

    What is suspended already stays so on the way back; sizes and the protection flag return as they were. Amazon EC2 Auto Scaling API
    Reference: SuspendProcesses, SetInstanceProtection, EnterStandby, ExitStandby (which raises the desired capacity by itself).
    """

    name: ClassVar = "aws.asg.standby"
    effect: ClassVar = "contain"
    reversible: ClassVar = "yes"
    radius: ClassVar = "shared"
    title: ClassVar = Text(en="Put the instance on standby", ja="インスタンスをスタンバイにする")
    what: ClassVar = Text(
        en="The Auto Scaling group keeps the instance but no longer checks, balances or ends it. The group runs with one less.",
        ja="Auto Scaling グループに残したまま、ヘルスチェック・再配置・終了の対象から外します。グループの稼働台数は 1 台減ります。",
    )
    by_hand: ClassVar = Text(
        en="EC2 console, Auto Scaling groups, Instance management: Set to InService; then resume the processes and the "
        "minimum size saved in the plan.",
        ja="EC2 コンソールの Auto Scaling グループの［インスタンス管理］で InService に戻し、計画に保存されたプロセスと最小サイズを元に戻します。",
    )
    permissions: ClassVar = (
        "autoscaling:DescribeAutoScalingGroups",
        "autoscaling:DescribeAutoScalingInstances",
        "autoscaling:DescribeInstanceRefreshes",
        "autoscaling:EnterStandby",
        "autoscaling:ExitStandby",
        "autoscaling:ResumeProcesses",
        "autoscaling:SetInstanceProtection",
        "autoscaling:SuspendProcesses",
        "autoscaling:UpdateAutoScalingGroup",
        "ec2:DescribeInstances",
    )

    def do(self, world: AwsWorld, plan: Plan) -> Receipt:
        """Raises `Refused` while an instance refresh of the group is under way."""
        refuse_while_refreshing(world, required_member(world, self.instance_id).group)
        return super().do(world, plan)

    def read(self, world: AwsWorld) -> dict[str, Any]:
        found = required_member(world, self.instance_id)
        running = {f"{_RUNS}{one}": one not in found.suspended for one in PROCESSES}
        return {
            **running,
            _LEAST: found.least,
            _PROTECTED: found.protected,
            _STANDBY: _on_standby(found),
            "AutoScalingGroup": found.group,
            "DesiredCapacity": found.desired,
            "MaxSize": found.most,
        }

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:
        refuse_while_refreshing(world, before["AutoScalingGroup"])
        found = required_member(world, self.instance_id)
        least = found.least if _on_standby(found) else room_below(found)
        suspended = {f"{_RUNS}{one}": False for one in PROCESSES}
        return {**suspended, _LEAST: least, _PROTECTED: True, _STANDBY: True}

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Iterable[Call]:
        del now
        group = required_member(world, self.instance_id).group
        if part == _LEAST:
            return set_least(group, new)
        if part.startswith(_RUNS):
            verb = "Resume" if new else "Suspend"
            params = {"AutoScalingGroupName": group, "ScalingProcesses": [part.removeprefix(_RUNS)]}
            return [Call(f"autoscaling:{verb}Processes", params, _PROCESS)]
        params = {"AutoScalingGroupName": group, "InstanceIds": [self.instance_id]}
        if part == _PROTECTED:
            return [Call("autoscaling:SetInstanceProtection", {**params, "ProtectedFromScaleIn": new}, _KEEP)]
        if new:
            return [Call("autoscaling:EnterStandby", {**params, "ShouldDecrementDesiredCapacity": True}, _ENTER)]
        return [Call("autoscaling:ExitStandby", params, _ENTER)]

    def resources(self, before: Parts) -> tuple[str, ...]:
        return self.instance_id, before["AutoScalingGroup"]

    def around(self, world: AwsWorld, before: Parts) -> Around:
        del world
        group = before["AutoScalingGroup"]
        dependant = Text(
            en=f"Auto Scaling group {group}: three of its processes stop for all its members.",
            ja=f"Auto Scaling グループ {group}: 3 つのプロセスが全メンバーについて停止します。",
        )
        return Around(dependants=(dependant,), will_not_stop=_LEFT)


def _on_standby(found: Member) -> bool:
    """Raises `Refused` where the group is about to end the instance, or is only starting it."""
    if found.state in ("InService", "Standby", "EnteringStandby"):
        return found.state != "InService"
    if found.state == "Pending":  # leaving standby
        return False
    hint = "Only members in service can be put on standby. Take snapshots at once if the group is ending it."
    raise Refused(f"The instance is {found.state} in its Auto Scaling group {found.group}.", hint=hint)
