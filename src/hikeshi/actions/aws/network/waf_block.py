"""Block addresses at the web application firewall: they are added to an IP set that a rule blocks already."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final, Literal

import msgspec

from hikeshi.actions.action import Call
from hikeshi.actions.aws.network.block_lists import ADD, TAKE_OUT, BlockList, network_of, room
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.aws.failures import CallFailed
from hikeshi.errors import Refused
from hikeshi.text import Text

SetName = Annotated[str, msgspec.Meta(pattern=r"^[\w\-]{1,128}$", title="IP set", examples=["block-list"])]
SetId = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$",
        title="IP set id",
        examples=["a1b2c3d4-0000-4000-8000-000000000000"],
    ),
]
MOST: Final = 10_000
"""Addresses of one IP set (AWS WAF quotas)."""


class BlockWebAddress(BlockList, frozen=True, kw_only=True):
    """UpdateIPSet replaces the whole list, so the list is read, merged and sent with its lock token; a stale token begins anew.

    Source: AWS WAFV2 API Reference, GetIPSet, UpdateIPSet.
    """

    name: ClassVar = "aws.waf.block_address"
    title: ClassVar = Text(en="Block addresses at the web firewall", ja="WAF でアドレスを遮断する")
    what: ClassVar = Text(
        en="Adds the addresses to the IP set named. A rule of the web ACL has to block what is in it.",
        ja="指定した IP セットにアドレスを追加します。Web ACL に、このセットを遮断するルールが必要です。",
    )
    by_hand: ClassVar = Text(
        en="WAF console, IP sets, the set: delete the addresses named in the plan, and only those.",
        ja="WAF コンソールの IP セットから、計画に記載されたアドレスだけを削除します。",
    )
    permissions: ClassVar = ("wafv2:GetIPSet", "wafv2:UpdateIPSet")
    stale: ClassVar = ("WAFOptimisticLockException",)
    left: ClassVar = (
        Text(
            en="Only web requests that pass this firewall; it may take a minute until every point of presence blocks.",
            ja="この WAF を通る Web リクエストだけが対象です。全拠点に反映されるまで 1 分ほどかかることがあります。",
        ),
    )

    ip_set: SetName
    ip_set_id: SetId
    scope: Literal["REGIONAL", "CLOUDFRONT"] = "REGIONAL"

    @property
    def list_name(self) -> str:
        return self.ip_set

    def listed(self, world: AwsWorld) -> list[str]:
        return [network_text(one) for one in self._told(world)["IPSet"]["Addresses"]]

    def replacement(self, world: AwsWorld, add: list[str], remove: list[str]) -> Call:
        told = self._told(world)
        there = told["IPSet"]["Addresses"]
        kept = [one for one in there if network_text(one) not in remove]
        room(len(kept) + len(add), MOST, self.ip_set)
        described = {"Description": told["IPSet"]["Description"]} if told["IPSet"].get("Description") else {}
        asked = {"Addresses": [*kept, *add], "LockToken": told["LockToken"], **described}
        return Call("wafv2:UpdateIPSet", {**self._which(), **asked}, ADD if add else TAKE_OUT)

    def _which(self) -> dict[str, Any]:
        return {"Name": self.ip_set, "Scope": self.scope, "Id": self.ip_set_id}

    def _told(self, world: AwsWorld) -> dict[str, Any]:
        if self.scope == "CLOUDFRONT" and world.region != "us-east-1":
            raise Refused("IP sets of CloudFront are in us-east-1.", hint="Start the step in us-east-1.")
        try:
            told = world.read("wafv2", "GetIPSet", **self._which())
        except CallFailed as failure:
            if failure.code != "WAFNonexistentItemException":
                raise
            hint = "Make the set and a rule that blocks it beforehand; name it as the WAF console does."
            raise Refused(f"There is no IP set {self.ip_set} in {world.account} {world.region}.", hint=hint) from None
        version = 6 if told["IPSet"]["IPAddressVersion"] == "IPV6" else 4
        if strange := [one for one in self.ours if (":" in one) != (version == 6)]:
            hint = "AWS WAF keeps IPv4 and IPv6 in sets of their own."
            raise Refused(f"{self.ip_set} holds IPv{version} only, not {', '.join(strange)}.", hint=hint)
        return told


def network_text(one: str) -> str:
    """A range as `network_of` writes it; as it stands where it is somebody else's and odd."""
    try:
        return network_of(one)
    except Refused:
        return one
