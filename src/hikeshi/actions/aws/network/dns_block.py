"""Block domains for a VPC at the resolver: a DNS Firewall list of ours, in a rule group of ours, associated with the VPC."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Final

import msgspec

from hikeshi.actions.action import Call, Plan, Receipt
from hikeshi.actions.aws.tags import step_mark
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Around, Parts, Setting
from hikeshi.text import Text

VpcId = Annotated[
    str, msgspec.Meta(pattern=r"^vpc-([0-9a-f]{8}|[0-9a-f]{17})$", title="VPC", examples=["vpc-0abc1234def567890"])
]
Domains = Annotated[
    tuple[
        Annotated[
            str, msgspec.Meta(pattern=r"^(?!-)[A-Za-z0-9_\-]{1,63}(\.[A-Za-z0-9_\-]{1,63})+\.?$", max_length=253)
        ],
        ...,
    ],
    msgspec.Meta(min_length=1, max_length=100, title="Domains", examples=[["evil.example"]]),
]
NAME: Final = "hikeshi-block"
PRIORITY: Final = 101
"""Before the rule groups of others: AWS keeps 1 to 99 and 9901 on for itself."""
LIST: Final = "<domain list>"
GROUP: Final = "<rule group>"

_MAKE = Text(en="A list of ours is needed once.", ja="専用の一覧を一度だけ作成します。")
_ADD = Text(en="These domains are to be blocked.", ja="これらのドメインを遮断します。")
_TAKE_OUT = Text(en="Only our domains are taken out again.", ja="追加したドメインだけを一覧から外します。")
_PUT = Text(en="The list must be in force in this VPC.", ja="この VPC で一覧を有効にします。")
_WHOLE = Text(
    en="Every machine of the VPC gets the answer that the domain does not exist.",
    ja="VPC 内のすべてのマシンに「ドメインは存在しない」と応答します。",
)
_STAYS = Text(
    en="Our rule group stays associated with the VPC; without domains in its list it blocks nothing.",
    ja="ルールグループの関連付けは残ります。一覧が空なら何も遮断しません。",
)
_OPEN = Text(
    en="The VPC's DNS Firewall lets queries through when it fails (fail open is on).",
    ja="この VPC の DNS Firewall は障害時に通す設定（フェイルオープン）です。",
)
_LEFT = (
    Text(
        en="Other resolvers (DNS over HTTPS, a public resolver) and addresses written as numbers are not covered.",
        ja="別のリゾルバー（DNS over HTTPS、公開リゾルバー）と IP アドレス直接の通信は対象外です。",
    ),
    Text(
        en="Answers cached on the machine last until they expire.",
        ja="マシンにキャッシュされた応答は期限まで有効です。",
    ),
)


class BlockDomains(Setting[AwsWorld], frozen=True, kw_only=True):
    """Security groups never filter the Amazon resolver: this does. Each domain is blocked with everything below it.

    Source: Route 53 Resolver API Reference, UpdateFirewallDomains and its siblings. The list is shared by all incidents: only our domains
    are added and taken out, and the association is left.
    """

    name: ClassVar = "aws.dns.block"
    provider: ClassVar = "aws"
    effect: ClassVar = "contain"
    reversible: ClassVar = "yes"
    radius: ClassVar = "shared"
    target: ClassVar = "network"
    title: ClassVar = Text(en="Block domains for the VPC", ja="VPC でドメインを遮断する")
    what: ClassVar = Text(
        en="Adds the domains, and all names below them, to a DNS Firewall list that is blocked in the VPC.",
        ja="ドメインとその下位の名前を、VPC で遮断される DNS Firewall の一覧に追加します。",
    )
    by_hand: ClassVar = Text(
        en="VPC console, DNS Firewall, Domain lists, hikeshi-block: remove the domains named in the plan.",
        ja="VPC コンソールの DNS Firewall のドメインリスト hikeshi-block から、計画に記載されたドメインを削除します。",
    )
    permissions: ClassVar = tuple(
        f"route53resolver:{operation}"
        for operation in (
            "AssociateFirewallRuleGroup",
            "CreateFirewallDomainList",
            "CreateFirewallRule",
            "CreateFirewallRuleGroup",
            "GetFirewallConfig",
            "ListFirewallDomainLists",
            "ListFirewallDomains",
            "ListFirewallRuleGroupAssociations",
            "ListFirewallRuleGroups",
            "ListFirewallRules",
            "UpdateFirewallDomains",
        )
    )
    eventually: ClassVar = ("ConflictException",)

    vpc_id: VpcId
    domains: Domains

    @property
    def ours(self) -> list[str]:
        bare = {domain.lower().rstrip(".") for domain in self.domains}
        return sorted(bare | {f"*.{domain}" for domain in bare})

    def resources(self, before: Parts) -> tuple[str, ...]:
        del before
        return self.vpc_id, *(domain.lower().rstrip(".") for domain in self.domains)

    def read(self, world: AwsWorld) -> dict[str, Any]:
        listed = self._listed(world, self._list(world))
        return {"Domains": [one for one in self.ours if one in listed], "In force": self._in_force(world)}

    def saved(self, world: AwsWorld) -> dict[str, Any]:
        told = world.read("route53resolver", "GetFirewallConfig", ResourceId=self.vpc_id)
        return {"FailOpen": told.get("FirewallConfig", {}).get("FirewallFailOpen", "DISABLED")}

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:
        del world, before
        return {"Domains": self.ours, "In force": True}

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Iterable[Call]:
        if part == "Domains":
            yield from self._domains(world, now, new)
        else:
            yield from self._put_in_force(world)

    def around(self, world: AwsWorld, before: Parts) -> Around:
        del world
        warnings = (_OPEN,) if before["FailOpen"] == "ENABLED" else ()
        return Around(dependants=(_WHOLE,), warnings=warnings, will_not_stop=_LEFT)

    def undo(self, world: AwsWorld, plan: Plan) -> Receipt:
        after = {"Domains": plan.after["parts"]["Domains"]}
        told = Setting.undo(self, world, msgspec.structs.replace(plan, after={"parts": after}))
        return msgspec.structs.replace(told, still_open=(*told.still_open, _STAYS))

    def _domains(self, world: AwsWorld, now: list[str], new: list[str]) -> Iterable[Call]:
        if self._list(world) is None:
            asked = {"CreatorRequestId": step_mark(world, 255), "Name": NAME}
            yield Call("route53resolver:CreateFirewallDomainList", asked, _MAKE)
        which = {"FirewallDomainListId": self._list(world) or LIST}
        for how, listed, why in (
            ("ADD", [one for one in new if one not in now], _ADD),
            ("REMOVE", [one for one in now if one not in new], _TAKE_OUT),
        ):
            if listed:
                yield Call("route53resolver:UpdateFirewallDomains", {**which, "Operation": how, "Domains": listed}, why)

    def _put_in_force(self, world: AwsWorld) -> Iterable[Call]:
        mark = {"CreatorRequestId": step_mark(world, 255)}
        if self._group(world) is None:
            yield Call("route53resolver:CreateFirewallRuleGroup", {**mark, "Name": NAME}, _MAKE)
        group = {"FirewallRuleGroupId": self._group(world) or GROUP}
        if not self._rule(world):
            rule = {"FirewallDomainListId": self._list(world) or LIST, "Priority": 1, "Name": NAME}
            answer = {"Action": "BLOCK", "BlockResponse": "NXDOMAIN"}
            yield Call("route53resolver:CreateFirewallRule", {**mark, **group, **rule, **answer}, _PUT)
        asked = {"VpcId": self.vpc_id, "Priority": PRIORITY, "Name": NAME}
        yield Call("route53resolver:AssociateFirewallRuleGroup", {**mark, **group, **asked}, _PUT)

    def _in_force(self, world: AwsWorld) -> bool | None:
        group = self._group(world)
        if group is None or not self._rule(world):
            return None
        found = world.pages(
            "route53resolver",
            "ListFirewallRuleGroupAssociations",
            "FirewallRuleGroupAssociations",
            FirewallRuleGroupId=group,
            VpcId=self.vpc_id,
        )
        return True if any(one["Status"] != "DELETING" for one in found) else None

    def _rule(self, world: AwsWorld) -> bool:
        group, listed = self._group(world), self._list(world)
        if group is None or listed is None:
            return False
        rules = world.pages("route53resolver", "ListFirewallRules", "FirewallRules", FirewallRuleGroupId=group)
        return any(one["FirewallDomainListId"] == listed and one["Action"] == "BLOCK" for one in rules)

    def _list(self, world: AwsWorld) -> str | None:
        found = world.pages("route53resolver", "ListFirewallDomainLists", "FirewallDomainLists")
        return next((str(one["Id"]) for one in found if one["Name"] == NAME and not one.get("ManagedOwnerName")), None)

    def _group(self, world: AwsWorld) -> str | None:
        found = world.pages("route53resolver", "ListFirewallRuleGroups", "FirewallRuleGroups")
        mine = (one for one in found if one["Name"] == NAME and one.get("OwnerId") == world.account)
        return next((str(one["Id"]) for one in mine), None)

    def _listed(self, world: AwsWorld, listed: str | None) -> set[str]:
        if listed is None:
            return set()
        told = world.read("route53resolver", "ListFirewallDomains", FirewallDomainListId=listed)
        found = list(told["Domains"])
        while token := told.get("NextToken"):
            told = world.read("route53resolver", "ListFirewallDomains", FirewallDomainListId=listed, NextToken=token)
            found += told["Domains"]
        return {str(domain).rstrip(".") for domain in found}
