"""Put a whole subnet behind a network ACL that lets nothing through."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Annotated, Any, ClassVar, Final

import msgspec

from hikeshi.actions.action import Call
from hikeshi.actions.aws.network.isolation_group import ROLE_TAG
from hikeshi.actions.aws.tags import tag_specification
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Around, Parts, Setting
from hikeshi.aws.failures import CallFailed
from hikeshi.errors import Refused
from hikeshi.text import Text

SubnetId = Annotated[
    str,
    msgspec.Meta(pattern=r"^subnet-[0-9a-f]{8,17}$", title="Subnet", examples=["subnet-0abc1234def567890"]),
]
ROLE: Final = "quarantine-acl"
QUARANTINE: Final = "quarantine"
PLACEHOLDER: Final = "<quarantine acl>"

_MAKE = Text(
    en="A network ACL that lets nothing through is needed in this VPC.",
    ja="この VPC に、何も通さないネットワーク ACL が必要です。",
)
_SWAP = Text(
    en="Nothing may enter or leave the subnet, tracked or not.",
    ja="追跡の有無にかかわらず、サブネットへの出入りをすべて止めます。",
)
_BACK = Text(en="The subnet gets its network ACL back.", ja="サブネットのネットワーク ACL を元に戻します。")
_INSIDE = Text(
    en="Everything inside the subnet, DNS through the Amazon resolver, and instance metadata.",
    ja="サブネット内の通信、Amazon の DNS リゾルバー、インスタンスメタデータ。",
)
_RETURNS = Text(
    en="A connection that EC2 still tracks goes on when the ACL is taken away: isolate the instance before that.",
    ja="EC2 が追跡を続けている通信は、ACL を戻すと再開します。戻す前にインスタンスを隔離してください。",
)
_AGENT = Text(
    en="Systems Manager loses its instances in the subnet: take memory first.",
    ja="サブネット内のインスタンスに Systems Manager が接続できなくなります。先にメモリを取得してください。",
)


class QuarantineSubnet(Setting[AwsWorld], frozen=True, kw_only=True):
    """Replace the subnet's network ACL by one without rules. Source: EC2 API Reference, ReplaceNetworkAclAssociation.

    Ours means our tag *and* not a single rule that allows: an ACL that somebody has opened is not used, and another one is made.
    """

    name: ClassVar = "aws.ec2.quarantine_subnet"
    provider: ClassVar = "aws"
    effect: ClassVar = "contain"
    reversible: ClassVar = "yes"
    radius: ClassVar = "shared"
    target: ClassVar = "network"
    title: ClassVar = Text(en="Quarantine the subnet", ja="サブネットを隔離する")
    what: ClassVar = Text(
        en="Gives the subnet a network ACL that lets nothing in or out: everything in it is cut off, with every connection that is open.",
        ja="サブネットに、何も通さないネットワーク ACL を設定します。サブネット内のすべてが、確立済みの通信も含めて切り離されます。",
    )
    by_hand: ClassVar = Text(
        en="VPC console, Subnets, the subnet, Network ACL, Edit association: choose the ACL the plan saved.",
        ja="VPC コンソールの［サブネット］で［ネットワーク ACL の関連付けを編集］を開き、計画に保存された ACL を選びます。",
    )
    permissions: ClassVar = (
        "ec2:CreateNetworkAcl",
        "ec2:CreateTags",
        "ec2:DescribeNetworkAcls",
        "ec2:DescribeNetworkInterfaces",
        "ec2:ReplaceNetworkAclAssociation",
    )
    eventually: ClassVar = ("InvalidNetworkAclID.NotFound",)

    subnet_id: SubnetId

    def read(self, world: AwsWorld) -> dict[str, Any]:
        """The subnet's ACL, or "quarantine" where it is one of ours that lets nothing through."""
        acl = self._acl(world)
        return {self.subnet_id: QUARANTINE if _is_ours(acl) else acl["NetworkAclId"]}

    def _acl(self, world: AwsWorld) -> dict[str, Any]:
        only = [{"Name": "association.subnet-id", "Values": [self.subnet_id]}]
        told = list(world.pages("ec2", "DescribeNetworkAcls", "NetworkAcls", Filters=only))
        if not told:
            hint = "Check the account, the region and the id."
            raise Refused(f"There is no subnet {self.subnet_id}.", hint=hint)
        return told[0]

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:  # noqa: ARG002  the names are the interface
        """Raises `Refused` where it is in quarantine already."""
        if before[self.subnet_id] == QUARANTINE:
            hint = "The ACL it had before is in the plan of that earlier quarantine; undo that one."
            raise Refused(f"{self.subnet_id} is already in quarantine.", hint=hint)
        return {self.subnet_id: QUARANTINE}

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Generator[Call, Mapping[str, Any] | None, None]:
        del now
        acl = self._acl(world)
        target = str(new)
        if new == QUARANTINE:
            target = _quarantine(world, acl["VpcId"])
            if not target:
                tags = [tag_specification("network-acl", {ROLE_TAG: ROLE})]
                made = yield Call("ec2:CreateNetworkAcl", {"VpcId": acl["VpcId"], "TagSpecifications": tags}, _MAKE)
                target = made["NetworkAcl"]["NetworkAclId"] if made else PLACEHOLDER
        here = next(one for one in acl["Associations"] if one["SubnetId"] == part)
        params = {"AssociationId": here["NetworkAclAssociationId"], "NetworkAclId": target}
        yield Call("ec2:ReplaceNetworkAclAssociation", params, _SWAP if new == QUARANTINE else _BACK)

    def resources(self, before: Parts) -> tuple[str, ...]:
        return (self.subnet_id, *(value for value in before.values() if value != QUARANTINE))

    def around(self, world: AwsWorld, before: Parts) -> Around:  # noqa: ARG002
        return Around(dependants=self._neighbours(world), will_not_stop=(_INSIDE,), warnings=(_RETURNS, _AGENT))

    def _neighbours(self, world: AwsWorld) -> tuple[Text, ...]:
        only = [{"Name": "subnet-id", "Values": [self.subnet_id]}]
        try:
            told = list(world.pages("ec2", "DescribeNetworkInterfaces", "NetworkInterfaces", Filters=only))
        except CallFailed as failure:
            return (
                Text(
                    en=f"Unknown: the interfaces of the subnet could not be read ({failure.message})",
                    ja=f"不明: サブネットのインターフェースを読み取れませんでした（{failure.message}）",
                ),
            )
        instances = {one.get("Attachment", {}).get("InstanceId", "") for one in told} - {""}
        return (
            Text(
                en=f"{len(told)} interfaces of the subnet, {len(instances)} instances among their owners.",
                ja=f"サブネット内のインターフェース {len(told)} 個（インスタンス {len(instances)} 台を含む）。",
            ),
        )


def _is_ours(acl: Mapping[str, Any]) -> bool:
    tagged = any((tag["Key"], tag["Value"]) == (ROLE_TAG, ROLE) for tag in acl.get("Tags", ()))
    return tagged and all(entry["RuleAction"] == "deny" for entry in acl.get("Entries", ()))


def _quarantine(world: AwsWorld, vpc: str) -> str:
    """Our ACL in this VPC that lets nothing through, or ""."""
    only = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": f"tag:{ROLE_TAG}", "Values": [ROLE]}]
    told = world.pages("ec2", "DescribeNetworkAcls", "NetworkAcls", Filters=only)
    return min((str(acl["NetworkAclId"]) for acl in told if _is_ours(acl)), default="")
