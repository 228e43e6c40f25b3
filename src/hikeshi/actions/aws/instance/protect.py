"""Keep an instance and its disks from being deleted while they are evidence."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from hikeshi.actions.action import Call
from hikeshi.actions.aws.instance.attributes import SHUTDOWN, STOP, TERMINATION, attribute, set_attribute
from hikeshi.actions.aws.instance.instance_setting import InstanceSetting
from hikeshi.actions.aws.machines import living_instance
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Around, Parts
from hikeshi.text import Text

_DELETED = " DeleteOnTermination"

_WHY = Text(
    en="So that the instance and its disks are not lost by accident.",
    ja="インスタンスとディスクが誤って失われないようにします。",
)
_SPOT = Text(
    en="A Spot instance: AWS allows no termination protection, and may take it back at two minutes' notice. Only its disks are kept.",
    ja="スポットインスタンスのため終了保護を設定できません。AWS が 2 分前の通知で回収することもあります。ディスクだけを保護します。",
)
_LEFT = (
    Text(
        en="Auto Scaling, scheduled events of AWS and anyone who may change these settings can still end the instance.",
        ja="Auto Scaling、AWS の予定イベント、この設定を変更できる人は、引き続きインスタンスを終了できます。",
    ),
    Text(
        en="A shutdown from inside the operating system stops the instance: its memory and instance store are lost then.",
        ja="OS 内からのシャットダウンではインスタンスが停止し、メモリとインスタンスストアが失われます。",
    ),
)


class ProtectInstance(InstanceSetting, frozen=True, kw_only=True):
    """Termination protection, stop protection, stop instead of terminate, and disks that outlive the instance.

    Each is an attribute of its own, set by a call of its own (Amazon EC2 API Reference, ModifyInstanceAttribute). Spot instances
    allow none but the last (Amazon EC2 User Guide, "Change instance termination protection").
    """

    name: ClassVar = "aws.ec2.protect"
    effect: ClassVar = "contain"
    reversible: ClassVar = "yes"
    title: ClassVar = Text(en="Protect the instance from deletion", ja="インスタンスを削除から保護する")
    what: ClassVar = Text(
        en="Turns on termination and stop protection, and keeps every EBS volume when the instance ends. It keeps running.",
        ja="終了保護と停止保護を有効にし、インスタンスが終了しても全 EBS ボリュームを残します。インスタンスは停止しません。",
    )
    by_hand: ClassVar = Text(
        en="EC2 console, Actions, Instance settings: termination protection, stop protection, shutdown behavior. "
        "DeleteOnTermination: aws ec2 modify-instance-attribute --block-device-mappings.",
        ja="EC2 コンソールの［アクション］→［インスタンスの設定］で終了保護・停止保護・シャットダウン動作を変更します。"
        "DeleteOnTermination は aws ec2 modify-instance-attribute --block-device-mappings で変更します。",
    )
    permissions: ClassVar = (
        "ec2:DescribeInstanceAttribute",
        "ec2:DescribeInstances",
        "ec2:ModifyInstanceAttribute",
    )

    def read(self, world: AwsWorld) -> dict[str, Any]:
        instance = living_instance(world, self.instance_id)
        disks = {f"{volume.device}{_DELETED}": volume.goes_with_it for volume in instance.volumes}
        if instance.spot:
            return disks
        return {name: attribute(world, self.instance_id, name) for name in (TERMINATION, STOP, SHUTDOWN)} | disks

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:
        del world
        wanted = {part: False for part in before if part.endswith(_DELETED)}
        return wanted if TERMINATION not in before else {TERMINATION: True, STOP: True, SHUTDOWN: "stop", **wanted}

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Iterable[Call]:
        del world, now
        if not part.endswith(_DELETED):
            return [set_attribute(self.instance_id, part, new, _WHY)]
        disk = {"DeviceName": part.removesuffix(_DELETED), "Ebs": {"DeleteOnTermination": new}}
        params = {"InstanceId": self.instance_id, "BlockDeviceMappings": [disk]}
        return [Call("ec2:ModifyInstanceAttribute", params, _WHY)]

    def around(self, world: AwsWorld, before: Parts) -> Around:
        del world
        return Around(will_not_stop=_LEFT, warnings=() if TERMINATION in before else (_SPOT,))
