"""Take every public address from an instance: elastic ones and the automatic one, on every interface."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from hikeshi.actions.action import Call
from hikeshi.actions.aws.machines import InstanceId, containable_instance, told_interfaces
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Around, Parts, Setting
from hikeshi.errors import Refused
from hikeshi.text import Text

AUTOMATIC = "automatic"

_TAKE = Text(
    en="The internet must not reach the instance by this address.",
    ja="このアドレスでインターネットから到達できないようにします。",
)
_BACK = Text(en="The address is given back.", ja="アドレスを戻します。")
_PRIVATE = Text(
    en="Everything by private addresses, by IPv6, and through NAT and transit gateways.",
    ja="プライベートアドレス、IPv6、NAT ゲートウェイ、Transit Gateway を使う通信。",
)
_NEW = Text(
    en="An instance that AWS gives an address by itself may get a new one some minutes after an elastic one is taken: check again.",
    ja="パブリックアドレスの自動割り当てが有効な場合、Elastic IP を外した数分後に新しいアドレスが付くことがあります。再確認してください。",
)


class RemovePublic(Setting[AwsWorld], frozen=True, kw_only=True):
    """Disassociate the elastic addresses of every interface and every private address, and turn the automatic one off.

    Read from the interfaces: asked by instance, EC2 leaves out addresses of secondary interfaces. An automatic address is lost for good;
    undoing gives the instance another one. Source: EC2 API Reference, DisassociateAddress, AssociateAddress,
    ModifyNetworkInterfaceAttribute (AssociatePublicIpAddress).
    """

    name: ClassVar = "aws.ec2.remove_public"
    provider: ClassVar = "aws"
    effect: ClassVar = "contain"
    reversible: ClassVar = "with-loss"
    target: ClassVar = "instance"
    title: ClassVar = Text(en="Take the public addresses away", ja="パブリックアドレスを外す")
    what: ClassVar = Text(
        en="Takes the elastic and the automatic public IPv4 addresses from every interface. An automatic address is lost for good.",
        ja="すべてのインターフェースから Elastic IP と自動割り当てのパブリック IPv4 アドレスを外します。自動割り当てのアドレスは戻りません。",
    )
    by_hand: ClassVar = Text(
        en="EC2 console, Elastic IPs: associate each address the plan saved with its interface and private address.",
        ja="EC2 コンソールの［Elastic IP］で、計画に保存された各アドレスを元のインターフェースとプライベートアドレスに関連付けます。",
    )
    permissions: ClassVar = (
        "ec2:AssociateAddress",
        "ec2:DescribeInstances",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DisassociateAddress",
        "ec2:ModifyNetworkInterfaceAttribute",
    )
    eventually: ClassVar = ("InvalidAssociationID.NotFound",)

    instance_id: InstanceId

    def read(self, world: AwsWorld) -> dict[str, Any]:
        """For "eni-1 10.0.0.5": the allocation of its elastic address, or "automatic"."""
        containable_instance(world, self.instance_id)
        return {part: told.get("AllocationId") or AUTOMATIC for part, told in self._associations(world).items()}

    def saved(self, world: AwsWorld) -> dict[str, Any]:
        """The addresses themselves, so that an automatic one is at least known later."""
        return {"public": {part: told["PublicIp"] for part, told in self._associations(world).items()}}

    def _associations(self, world: AwsWorld) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = {}
        for eni, told in told_interfaces(world, self.instance_id).items():
            if told.get("RequesterManaged"):
                continue
            primary = {"PrivateIpAddress": told.get("PrivateIpAddress"), "Association": told.get("Association")}
            for one in (primary, *told.get("PrivateIpAddresses", ())):
                if (one.get("Association") or {}).get("PublicIp"):
                    found[f"{eni} {one['PrivateIpAddress']}"] = one["Association"]
        return found

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:  # noqa: ARG002  the names are the interface
        """Raises `Refused` where there is no public address."""
        if not before:
            hint = "It reaches the internet through a gateway, or not at all: see the routes of its subnets."
            raise Refused(f"{self.instance_id} has no public address.", hint=hint)
        return dict.fromkeys(before)

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Iterable[Call]:
        eni, private = part.split(" ")
        if AUTOMATIC in (now, new):
            params: dict[str, Any] = {"NetworkInterfaceId": eni, "AssociatePublicIpAddress": new is not None}
            yield Call("ec2:ModifyNetworkInterfaceAttribute", params, _BACK if new else _TAKE)
        elif new is None:
            association = self._associations(world).get(part, {}).get("AssociationId", "<association>")
            yield Call("ec2:DisassociateAddress", {"AssociationId": association}, _TAKE)
        else:
            params = {"AllocationId": new, "NetworkInterfaceId": eni, "PrivateIpAddress": private}
            yield Call("ec2:AssociateAddress", {**params, "AllowReassociation": False}, _BACK)

    def resources(self, before: Parts) -> tuple[str, ...]:
        enis = dict.fromkeys(part.split(" ")[0] for part in before)
        return (self.instance_id, *enis, *(value for value in before.values() if value != AUTOMATIC))

    def around(self, world: AwsWorld, before: Parts) -> Around:  # noqa: ARG002
        public = before["public"]
        lost = [public[part] for part, value in before.items() if value == AUTOMATIC and part in public]
        names = Text(
            en=f"Whoever reaches it by {', '.join(public.values())}: names in DNS and allow-lists go on pointing there.",
            ja=f"{', '.join(public.values())} で接続しているすべての相手。DNS 名や許可リストの設定は残ります。",
        )
        return Around(dependants=(names,), will_not_stop=(_PRIVATE,), warnings=(*map(_lost, lost), _NEW))


def _lost(address: str) -> Text:
    return Text(
        en=f"{address} was given automatically: it is lost for good, undoing gives another one.",
        ja=f"{address} は自動割り当てのため二度と戻りません。元に戻すと別のアドレスになります。",
    )
