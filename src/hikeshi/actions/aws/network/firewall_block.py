"""Block addresses at AWS Network Firewall: one drop rule for each, at the end of a stateful rule group."""

from __future__ import annotations

import hashlib
import re
from typing import Annotated, Any, ClassVar, Final

import msgspec

from hikeshi.actions.action import Call
from hikeshi.actions.aws.network.block_lists import ADD, TAKE_OUT, BlockList, room
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.aws.failures import CallFailed
from hikeshi.errors import Refused
from hikeshi.text import Text

RuleGroup = Annotated[
    str, msgspec.Meta(pattern=r"^[a-zA-Z0-9\-]{1,128}$", title="Rule group", examples=["incident-block-list"])
]
OURS: Final = re.compile(
    r'^drop ip \S+ any <> any any \(msg:"hikeshi block (?P<network>[0-9a-fA-F.:/]+)"; sid:\d+; rev:1;\)$'
)


class BlockAtFirewall(BlockList, frozen=True, kw_only=True):
    """Rules are recognised as ours by their whole form; every other line stays byte for byte.

    Source: AWS Network Firewall API Reference, DescribeRuleGroup, UpdateRuleGroup with its update token; Suricata rule format. The group
    must hold rules as text, not as a list of domains or five-tuples. Simulated only: [?] on a real firewall.
    """

    name: ClassVar = "aws.firewall.block"
    title: ClassVar = Text(en="Block addresses at the network firewall", ja="Network Firewall でアドレスを遮断する")
    what: ClassVar = Text(
        en="Adds a drop rule in both directions for each address to the stateful rule group named.",
        ja="指定したステートフルルールグループに、アドレスごとに双方向の破棄ルールを追加します。",
    )
    by_hand: ClassVar = Text(
        en='VPC console, Network Firewall rule groups, Edit: delete the lines with the message "hikeshi block" named in the plan.',
        ja="VPC コンソールの Network Firewall ルールグループから、計画に記載された「hikeshi block」の行を削除します。",
    )
    permissions: ClassVar = ("network-firewall:DescribeRuleGroup", "network-firewall:UpdateRuleGroup")
    stale: ClassVar = ("InvalidTokenException",)
    left: ClassVar = (
        Text(
            en="Traffic that does not pass the firewall, and flows it follows already unless its policy re-evaluates them.",
            ja="ファイアウォールを通らない通信と、すでに追跡中の通信（ポリシーが再評価しない場合）は遮断されません。",
        ),
    )

    rule_group: RuleGroup

    @property
    def list_name(self) -> str:
        return self.rule_group

    def listed(self, world: AwsWorld) -> list[str]:
        return [found["network"] for line in self._rules(self._told(world)) if (found := OURS.match(line))]

    def replacement(self, world: AwsWorld, add: list[str], remove: list[str]) -> Call:
        told = self._told(world)
        there = self._rules(told)
        kept = [line for line in there if not ((found := OURS.match(line)) and found["network"] in remove)]
        for network in add:
            kept.append(_rule(network, kept))
        rules = [line for line in kept if line.strip() and not line.lstrip().startswith("#")]
        room(len(rules), int(told["RuleGroupResponse"]["Capacity"]), self.rule_group)
        group = {**told["RuleGroup"], "RulesSource": {"RulesString": "\n".join(kept)}}
        asked = {"UpdateToken": told["UpdateToken"], "RuleGroup": group}
        described = told["RuleGroupResponse"].get("Description")
        more = {"Description": described} if described else {}
        return Call("network-firewall:UpdateRuleGroup", {**self._which(), **asked, **more}, ADD if add else TAKE_OUT)

    def _which(self) -> dict[str, Any]:
        return {"RuleGroupName": self.rule_group, "Type": "STATEFUL"}

    def _rules(self, told: dict[str, Any]) -> list[str]:
        return str(told["RuleGroup"]["RulesSource"]["RulesString"]).split("\n")

    def _told(self, world: AwsWorld) -> dict[str, Any]:
        try:
            told = world.read("network-firewall", "DescribeRuleGroup", **self._which())
        except CallFailed as failure:
            if failure.code != "ResourceNotFoundException":
                raise
            hint = "Make a stateful rule group with rules as text beforehand, and put it into the firewall's policy."
            raise Refused(
                f"There is no rule group {self.rule_group} in {world.account} {world.region}.", hint=hint
            ) from None
        if "RulesString" not in told["RuleGroup"].get("RulesSource", {}):
            hint = "Name a group whose rules are Suricata text."
            raise Refused(f"Rule group {self.rule_group} does not hold its rules as text.", hint=hint)
        return told


def _rule(network: str, lines: list[str]) -> str:
    """One rule, with a number that no other line has."""
    number = 9_000_000 + int(hashlib.sha256(network.encode()).hexdigest()[:8], 16) % 900_000
    while any(f"sid:{number};" in line for line in lines):
        number += 1
    return f'drop ip {network} any <> any any (msg:"hikeshi block {network}"; sid:{number}; rev:1;)'
