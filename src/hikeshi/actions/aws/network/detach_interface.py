"""Detach the secondary interfaces of an instance: what goes through them ends at once, tracked or not."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from hikeshi.actions.action import Call
from hikeshi.actions.aws.machines import InstanceId, containable_instance, told_interfaces
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Around, Parts, Setting
from hikeshi.errors import Refused
from hikeshi.text import Text

ENDS = " DeleteOnTermination"

_OFF = Text(
    en="What goes through this interface ends at once.", ja="このインターフェースを通る通信を直ちに切断します。"
)
_ON = Text(en="The interface is attached again at its place.", ja="インターフェースを元の位置に接続し直します。")
_AS_BEFORE = Text(
    en="It ends with the instance again, as before.",
    ja="以前と同じく、インスタンスの終了時に削除される設定に戻します。",
)
_FIRST = Text(
    en="Everything through the first interface: it cannot be detached.",
    ja="プライマリインターフェースを通る通信: 切り離せません。",
)
_ROUTES = Text(
    en="The operating system loses addresses and routes of the interface, and may not set them up again by itself.",
    ja="OS からインターフェースのアドレスとルートが失われます。再接続しても自動では復元されないことがあります。",
)


class DetachInterface(Setting[AwsWorld], frozen=True, kw_only=True):
    """Detach every interface but the first. Source: EC2 API Reference, DetachNetworkInterface, AttachNetworkInterface.

    An interface that is attached again does not end with the instance; where it did before, that is set again.
    """

    name: ClassVar = "aws.ec2.detach_interface"
    provider: ClassVar = "aws"
    effect: ClassVar = "contain"
    reversible: ClassVar = "yes"
    target: ClassVar = "instance"
    title: ClassVar = Text(en="Detach the secondary interfaces", ja="セカンダリインターフェースを切り離す")
    what: ClassVar = Text(
        en="Detaches every interface but the first. What goes through them ends at once, also what is always tracked.",
        ja="プライマリ以外のすべてのインターフェースを切り離します。常に追跡される通信も含めて直ちに切れます。",
    )
    by_hand: ClassVar = Text(
        en="EC2 console, Network interfaces: attach each to the instance again, with the device index the plan saved.",
        ja="EC2 コンソールの［ネットワークインターフェイス］で、計画に保存されたデバイスインデックスを指定してインスタンスに再アタッチします。",
    )
    permissions: ClassVar = (
        "ec2:AttachNetworkInterface",
        "ec2:DescribeInstances",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DetachNetworkInterface",
        "ec2:ModifyNetworkInterfaceAttribute",
    )

    instance_id: InstanceId

    def read(self, world: AwsWorld) -> dict[str, Any]:
        """For "eni-1": its place; for "eni-1 DeleteOnTermination": true where it ends with the instance."""
        containable_instance(world, self.instance_id)
        parts: dict[str, Any] = {}
        for eni, attached in self._attached(world).items():
            if attached.get("DeleteOnTermination"):
                parts[eni + ENDS] = True
            card = attached.get("NetworkCardIndex") or 0
            parts[eni] = {"device": attached["DeviceIndex"], **({"card": card} if card else {})}
        return parts

    def _attached(self, world: AwsWorld) -> dict[str, dict[str, Any]]:
        told = told_interfaces(world, self.instance_id)
        free = {eni: one["Attachment"] for eni, one in told.items() if not one.get("RequesterManaged")}
        return {eni: one for eni, one in free.items() if one["DeviceIndex"] != 0 and one.get("Status") != "detaching"}

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:  # noqa: ARG002  the names are the interface
        """Raises `Refused` where there is only the first interface."""
        if not before:
            hint = "Swap its groups instead: aws.ec2.isolate."
            raise Refused(f"{self.instance_id} has no secondary interface that could be detached.", hint=hint)
        return dict.fromkeys(before)

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Iterable[Call]:
        del now
        eni = part.removesuffix(ENDS)
        attachment = self._attached(world).get(eni, {}).get("AttachmentId", "<attachment>")
        if part.endswith(ENDS):
            if new:  # the way there needs no call: the setting goes with the attachment
                change = {"AttachmentId": attachment, "DeleteOnTermination": True}
                params = {"NetworkInterfaceId": eni, "Attachment": change}
                yield Call("ec2:ModifyNetworkInterfaceAttribute", params, _AS_BEFORE)
        elif new is None:
            yield Call("ec2:DetachNetworkInterface", {"AttachmentId": attachment}, _OFF)
        else:
            place = {"DeviceIndex": new["device"], **({"NetworkCardIndex": new["card"]} if "card" in new else {})}
            params = {"InstanceId": self.instance_id, "NetworkInterfaceId": eni, **place}
            yield Call("ec2:AttachNetworkInterface", params, _ON)

    def resources(self, before: Parts) -> tuple[str, ...]:
        return (self.instance_id, *(part for part in before if not part.endswith(ENDS)))

    def around(self, world: AwsWorld, before: Parts) -> Around:  # noqa: ARG002
        return Around(will_not_stop=(_FIRST,), warnings=(_ROUTES,))
