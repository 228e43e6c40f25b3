"""Stop or hibernate an instance: the last rung, when nothing milder holds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import msgspec

from hikeshi.actions.action import Call, Plan, Receipt
from hikeshi.actions.aws.instance.attributes import STOP, attribute, set_attribute
from hikeshi.actions.aws.instance.instance_setting import InstanceSetting
from hikeshi.actions.aws.machines import has_instance_store, interfaces_of, living_instance
from hikeshi.actions.aws.network import surroundings
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Around, Parts
from hikeshi.errors import Refused
from hikeshi.text import Text

_RUNNING = "Running"
ASK_AGAIN = 5.0

_WHY = Text(
    en="A stopped instance does nothing, whatever got into it.",
    ja="停止したインスタンスは、何に侵害されていても動作しません。",
)
_LIFT = Text(
    en="Stop protection was turned on by Hikeshi in this incident; it is lifted for this step.",
    ja="停止保護はこのインシデントで Hikeshi が有効にしたものです。この手順のために解除します。",
)
_MEMORY = Text(
    en="The memory of the host is lost for good. Capture it first, or have somebody waive it.",
    ja="ホストのメモリは完全に失われます。先に取得するか、責任者が取得しないと決めてください。",
)
_STORE = Text(
    en="Its instance store disks are lost for good: no snapshot holds them.",
    ja="インスタンスストアのディスクは完全に失われます（スナップショットには含まれません）。",
)
_KEPT = Text(
    en="Hibernation writes the memory to the encrypted root volume: take a snapshot of it afterwards, before starting.",
    ja="休止するとメモリが暗号化されたルートボリュームに書き込まれます。再起動する前にスナップショットを取得してください。",
)
_SCALING = Text(
    en="An Auto Scaling group replaces and terminates a stopped member: put it on standby or detach it first.",
    ja="Auto Scaling グループは停止したメンバーを置換・終了します。先にスタンバイにするか切り離してください。",
)


class StopInstance(InstanceSetting, frozen=True, kw_only=True):
    """Amazon EC2 API Reference: StopInstances (Hibernate), StartInstances.

    Stop protection that this incident's own `aws.ec2.protect` has set is lifted and set again on the way back; anybody else's is a
    refusal. Spot instances are refused: a one-time request cannot be stopped, and AWS may take any of them back.
    """

    name: ClassVar = "aws.ec2.stop"
    effect: ClassVar = "destroy"
    reversible: ClassVar = "with-loss"
    title: ClassVar = Text(en="Stop the instance", ja="インスタンスを停止する")
    what: ClassVar = Text(
        en="Stops (or hibernates) the instance. Its memory and instance store are lost, and its public address may change.",
        ja="インスタンスを停止（または休止）します。メモリとインスタンスストアは失われ、パブリックアドレスが変わることがあります。",
    )
    by_hand: ClassVar = Text(
        en="EC2 console, Instance state, Start instance. What was in memory does not come back.",
        ja="EC2 コンソールの［インスタンスの状態］→［インスタンスを開始］。メモリの内容は戻りません。",
    )
    permissions: ClassVar = (
        "autoscaling:DescribeAutoScalingInstances",
        "ec2:DescribeInstanceAttribute",
        "ec2:DescribeInstanceTypes",
        "ec2:DescribeInstances",
        "ec2:DescribeNetworkInterfaces",
        "ec2:ModifyInstanceAttribute",
        "ec2:StartInstances",
        "ec2:StopInstances",
        "elasticloadbalancing:DescribeTargetGroups",
        "elasticloadbalancing:DescribeTargetHealth",
    )
    needs_evidence: ClassVar = ("aws.ebs.snapshot_set", "aws.ssm.capture_memory")

    hibernate: bool = False
    """Keep the memory on the root volume; only for instances launched with hibernation."""

    def read(self, world: AwsWorld) -> dict[str, Any]:
        """Running counts from the moment AWS has accepted it: an instance on its way down is not running any more."""
        instance = living_instance(world, self.instance_id)
        return {
            STOP: attribute(world, self.instance_id, STOP),
            _RUNNING: instance.state in ("pending", "running"),
            "State": instance.state,
        }

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:
        instance = living_instance(world, self.instance_id)
        if instance.spot:
            hint = "Take snapshots and isolate it. A persistent Spot request can be stopped by hand."
            raise Refused(f"{self.instance_id} is a Spot instance and is not stopped by Hikeshi.", hint=hint)
        if self.hibernate and not instance.hibernates:
            hint = "Capture the memory through the agent instead, or stop without hibernating."
            raise Refused(f"{self.instance_id} was not launched with hibernation.", hint=hint)
        if before[STOP] and not self._protected_by_us(world):
            hint = "Whoever turned it on should turn it off: EC2 console, Instance settings, Change stop protection."
            raise Refused(f"{self.instance_id} has stop protection that Hikeshi did not set.", hint=hint)
        return {STOP: False, _RUNNING: False}

    def _protected_by_us(self, world: AwsWorld) -> bool:
        ours = [
            plan for plan in world.earlier if plan.action == "aws.ec2.protect" and self.instance_id in plan.resources
        ]
        return any(not plan.before["parts"].get(STOP, True) for plan in ours)

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Iterable[Call]:
        del world, now
        if part == STOP:
            return [set_attribute(self.instance_id, STOP, new, _LIFT)]
        if new:
            return [Call("ec2:StartInstances", {"InstanceIds": [self.instance_id]}, _WHY)]
        hibernate = {"Hibernate": True} if self.hibernate else {}
        return [Call("ec2:StopInstances", {"InstanceIds": [self.instance_id], **hibernate}, _WHY)]

    def around(self, world: AwsWorld, before: Parts) -> Around:
        instance = living_instance(world, self.instance_id)
        around = surroundings.surroundings(world, instance)
        lifted = [_LIFT] if before[STOP] else []
        store = [_STORE] if has_instance_store(world, instance.type) else []
        scaled = [_SCALING] if any("Auto Scaling" in text.en for text in around.dependants) else []
        addresses = [
            _address(one.public_address) for one in interfaces_of(world, instance.id).values() if one.public_address
        ]
        kept = _KEPT if self.hibernate else _MEMORY
        return Around(
            dependants=around.dependants, warnings=(kept, *lifted, *store, *scaled, *addresses, *around.warnings)
        )

    def check(self, world: AwsWorld, plan: Plan) -> Receipt:
        """Pending while AWS says "stopping": a hibernation writes the memory first, which takes minutes."""
        told = super().check(world, plan)
        state = told.observed["parts"]["State"]
        if told.outcome != "done" or state == "stopped":
            return told
        summary = Text(en=f"The instance is {state}.", ja=f"インスタンスは {state} です。")
        return msgspec.structs.replace(told, outcome="pending", grade="none", summary=summary, again_in=ASK_AGAIN)


def _address(address: str) -> Text:
    return Text(
        en=f"The public address {address} is given up unless it is an Elastic IP address.",
        ja=f"パブリックアドレス {address} は、Elastic IP でなければ失われます。",
    )
