"""Block known remote addresses in the network ACLs of an instance's subnets: open connections to them stop at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, ClassVar, Final

import msgspec

from hikeshi.actions.action import Call
from hikeshi.actions.aws.machines import InstanceId, containable_instance, interfaces_of
from hikeshi.actions.aws.network.peers import addresses, refuse_ours, refuse_shared
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Around, Parts, Setting
from hikeshi.errors import Refused
from hikeshi.text import Text

MOST_RULES: Final = 20
"""Rules of an ACL in one direction, IPv4 and IPv6 together with the closing denials (Amazon VPC User Guide, quotas)."""
LAST: Final = 32766
DIRECTIONS: Final = {"ingress": False, "egress": True}
_FIELDS: Final = ("Protocol", "RuleAction", "CidrBlock", "Ipv6CidrBlock", "PortRange", "IcmpTypeCode")

_BLOCK = Text(
    en="Nothing may pass between the subnet and this address, tracked or not.",
    ja="追跡の有無にかかわらず、サブネットとこのアドレスの間の通信を止めます。",
)
_BACK = Text(en="The rule made for this incident goes.", ja="このインシデントのために作成したルールを削除します。")
_OTHERS = Text(
    en="Other remote addresses; everything inside the subnet; DNS through the Amazon resolver, and instance metadata.",
    ja="ほかの通信相手、サブネット内の通信、Amazon の DNS リゾルバー、インスタンスメタデータ。",
)
_RESUMES = Text(
    en="A connection that is still tracked goes on when the rules go: undo only with the instance isolated and its idle timeouts over.",
    ja="追跡中の通信は、ルールを外すと再開します。元に戻すのは、インスタンスを隔離し、アイドルタイムアウトが過ぎてからにしてください。",
)


class BlockPeer(Setting[AwsWorld], frozen=True, kw_only=True):
    """Deny remote addresses, both ways, in the network ACL of each subnet the instance has an interface in.

    A network ACL knows no connections, so it stops what a group cannot, also behind a NAT gateway: it sees the remote address. It
    cannot single out one instance; neighbours lose these peers, too. The numbers of the rules are chosen while planning, below the
    lowest one that allows, and exactly these are taken away again. Source: EC2 API Reference, CreateNetworkAclEntry.
    """

    name: ClassVar = "aws.ec2.block_peer"
    provider: ClassVar = "aws"
    effect: ClassVar = "contain"
    reversible: ClassVar = "yes"
    radius: ClassVar = "shared"
    target: ClassVar = "instance"
    title: ClassVar = Text(en="Block remote addresses", ja="通信相手のアドレスを遮断する")
    what: ClassVar = Text(
        en="Denies the given remote addresses in the network ACLs of the instance's subnets. Open connections to them stop at once.",
        ja="インスタンスのサブネットのネットワーク ACL で、指定した相手のアドレスを拒否します。確立済みの通信も直ちに止まります。",
    )
    by_hand: ClassVar = Text(
        en="VPC console, Network ACLs: delete the inbound and outbound rules whose numbers the plan names.",
        ja="VPC コンソールの［ネットワーク ACL］で、計画に記載の番号のインバウンドルールとアウトバウンドルールを削除します。",
    )
    permissions: ClassVar = (
        "ec2:CreateNetworkAclEntry",
        "ec2:DeleteNetworkAclEntry",
        "ec2:DescribeAddresses",
        "ec2:DescribeInstances",
        "ec2:DescribeManagedPrefixLists",
        "ec2:DescribeNetworkAcls",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeVpcs",
        "ec2:GetManagedPrefixListEntries",
    )

    instance_id: InstanceId
    peers: Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=8)]
    """Remote addresses, IPv4 or IPv6; single ones, no ranges."""

    def read(self, world: AwsWorld) -> dict[str, Any]:
        """For "acl-1 ingress 100": the rule, or None where the number is free; as many free ones as there are peers."""
        containable_instance(world, self.instance_id)
        parts: dict[str, Any] = {}
        for acl in self._acls(world):
            for direction, egress in DIRECTIONS.items():
                rules = {one["RuleNumber"]: _rule(one) for one in acl["Entries"] if one["Egress"] is egress}
                free = list(_free(rules))[: len(self.peers)]
                for number in sorted({*rules, *free}):
                    parts[f"{acl['NetworkAclId']} {direction} {number}"] = rules.get(number)
        return parts

    def _acls(self, world: AwsWorld) -> list[dict[str, Any]]:
        subnets = sorted({interface.subnet for interface in interfaces_of(world, self.instance_id).values()})
        only = [{"Name": "association.subnet-id", "Values": subnets}]
        told = world.pages("ec2", "DescribeNetworkAcls", "NetworkAcls", Filters=only)
        return sorted(told, key=lambda acl: str(acl["NetworkAclId"]))

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:
        """Raises `Refused` for an address that must not be blocked, and where an ACL has no room."""
        peers = addresses(self.peers)
        world.guard(map(str, peers))
        refuse_ours(world, peers, interfaces_of(world, self.instance_id).values())
        refuse_shared(world, peers)
        chosen: dict[str, Any] = {}
        for where in dict.fromkeys(part.rpartition(" ")[0] for part in before):
            here = {int(part.rpartition(" ")[2]): rule for part, rule in before.items() if part.startswith(f"{where} ")}
            rules = [_denial(f"{peer}/{peer.max_prefixlen}") for peer in peers]
            lowest = _lowest_allowing({number: rule for number, rule in here.items() if rule})
            denied = [rule for number, rule in here.items() if rule and number < lowest]
            new = [rule for rule in rules if rule not in denied]
            self._refuse_if_full(where, sum(rule is not None for rule in here.values()) + len(new))
            free = [number for number, rule in here.items() if rule is None]
            if len(free) < len(new):
                hint = "Renumber the rules of the ACL, so that some numbers below the first that allows are free."
                raise Refused(f"{where} has no free rule number below {lowest}.", hint=hint)
            chosen |= {f"{where} {number}": rule for number, rule in zip(free, new, strict=False)}
        if not chosen:
            hint = "If traffic goes on, the network ACL does not see it: look inside the subnet, and at DNS."
            raise Refused(f"{', '.join(map(str, peers))}: denied already in every network ACL.", hint=hint)
        return chosen

    def _refuse_if_full(self, where: str, count: int) -> None:
        if count > MOST_RULES:
            hint = (
                "Remove a rule nobody needs, raise the quota, or block the addresses at a firewall or by their names."
            )
            raise Refused(f"{where} would have {count} rules; AWS allows {MOST_RULES} each way.", hint=hint)

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Iterable[Call]:
        del world, now
        acl, direction, number = part.split(" ")
        params = {"NetworkAclId": acl, "RuleNumber": int(number), "Egress": DIRECTIONS[direction]}
        if new is None:
            yield Call("ec2:DeleteNetworkAclEntry", params, _BACK)
        else:
            yield Call("ec2:CreateNetworkAclEntry", {**params, **new}, _BLOCK)

    def resources(self, before: Parts) -> tuple[str, ...]:
        return (self.instance_id, *dict.fromkeys(part.split(" ")[0] for part in before))

    def around(self, world: AwsWorld, before: Parts) -> Around:
        acls = dict.fromkeys(part.split(" ")[0] for part in before)
        subnets = sorted({one["SubnetId"] for acl in self._acls(world) for one in acl.get("Associations", ())})
        others = Text(
            en=f"Every instance behind {', '.join(acls)} loses these peers: {', '.join(subnets)}.",
            ja=f"{', '.join(acls)} を使うサブネット（{', '.join(subnets)}）のすべてのインスタンスが、この相手と通信できなくなります。",
        )
        return Around(dependants=(others,), will_not_stop=(_OTHERS,), warnings=(_RESUMES,))


def _rule(told: Mapping[str, Any]) -> dict[str, Any]:
    return {field: told[field] for field in _FIELDS if told.get(field)}


def _denial(block: str) -> dict[str, Any]:
    return {"Protocol": "-1", "RuleAction": "deny", "Ipv6CidrBlock" if ":" in block else "CidrBlock": block}


def _lowest_allowing(rules: Mapping[int, Mapping[str, Any]]) -> int:
    return min((number for number, rule in rules.items() if rule["RuleAction"] == "allow"), default=LAST)


def _free(rules: Mapping[int, Mapping[str, Any]]) -> Iterator[int]:
    return (number for number in range(1, _lowest_allowing(rules)) if number not in rules)
