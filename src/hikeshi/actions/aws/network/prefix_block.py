"""Block addresses through a prefix list that a firewall, security groups or routes use already."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import msgspec

from hikeshi.actions.action import Call
from hikeshi.actions.aws.network.block_lists import ADD, TAKE_OUT, BlockList, room
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.aws.failures import CallFailed
from hikeshi.errors import Refused
from hikeshi.text import Text

PrefixListId = Annotated[
    str,
    msgspec.Meta(pattern=r"^pl-([0-9a-f]{8}|[0-9a-f]{17})$", title="Prefix list", examples=["pl-0abc1234def567890"]),
]


class BlockPrefix(BlockList, frozen=True, kw_only=True):
    """ModifyManagedPrefixList adds and removes entries of a version; where that has passed, the list is read anew.

    Source: Amazon EC2 API Reference, GetManagedPrefixListEntries, ModifyManagedPrefixList. Who uses the list has to deny what is in it:
    a security group cannot, so this is for Network Firewall, routes to nowhere and the like.
    """

    name: ClassVar = "aws.ec2.block_prefix"
    title: ClassVar = Text(en="Block addresses by prefix list", ja="プレフィックスリストでアドレスを遮断する")
    what: ClassVar = Text(
        en="Adds the addresses to the prefix list named. What uses the list has to deny what is in it.",
        ja="指定したプレフィックスリストにアドレスを追加します。リストを参照する側で遮断している必要があります。",
    )
    by_hand: ClassVar = Text(
        en="VPC console, Managed prefix lists, Modify: remove the entries named in the plan, and only those.",
        ja="VPC コンソールのマネージドプレフィックスリストから、計画に記載されたエントリだけを削除します。",
    )
    permissions: ClassVar = (
        "ec2:DescribeManagedPrefixLists",
        "ec2:GetManagedPrefixListEntries",
        "ec2:ModifyManagedPrefixList",
    )
    stale: ClassVar = ("IncorrectState", "PrefixListVersionMismatch")
    left: ClassVar = (
        Text(
            en="Paths that do not pass what uses the list, and connections that are tracked already where it is stateful.",
            ja="リストを使わない経路と、ステートフルな機器ですでに追跡中の接続は遮断されません。",
        ),
    )

    prefix_list_id: PrefixListId

    @property
    def list_name(self) -> str:
        return self.prefix_list_id

    def listed(self, world: AwsWorld) -> list[str]:
        self._told(world)
        entries = world.pages("ec2", "GetManagedPrefixListEntries", "Entries", PrefixListId=self.prefix_list_id)
        return [str(entry["Cidr"]) for entry in entries]

    def replacement(self, world: AwsWorld, add: list[str], remove: list[str]) -> Call:
        told = self._told(world)
        room(len(self.listed(world)) + len(add) - len(remove), int(told["MaxEntries"]), self.prefix_list_id)
        family = "IPv6" if told["AddressFamily"] == "IPv6" else "IPv4"
        if strange := [one for one in add if (":" in one) != (family == "IPv6")]:
            raise Refused(
                f"{self.prefix_list_id} holds {family} only, not {', '.join(strange)}.", hint="Use another list."
            )
        named = {"Description": f"Hikeshi {world.incident}"[:255]}
        asked: dict[str, Any] = {"PrefixListId": self.prefix_list_id, "CurrentVersion": told["Version"]}
        if add:
            asked["AddEntries"] = [{"Cidr": one, **named} for one in add]
        if remove:
            asked["RemoveEntries"] = [{"Cidr": one} for one in remove]
        return Call("ec2:ModifyManagedPrefixList", asked, ADD if add else TAKE_OUT)

    def _told(self, world: AwsWorld) -> dict[str, Any]:
        try:
            found = list(
                world.pages("ec2", "DescribeManagedPrefixLists", "PrefixLists", PrefixListIds=[self.prefix_list_id])
            )
        except CallFailed as failure:
            if not failure.code.startswith("InvalidPrefixList"):
                raise
            found = []
        if not found:
            hint = "Check the account, the region and the id."
            raise Refused(
                f"There is no prefix list {self.prefix_list_id} in {world.account} {world.region}.", hint=hint
            )
        return found[0]
