"""The VPC endpoints through which Systems Manager reaches an instance that reaches nothing else. Reads only.

Sources: AWS Systems Manager User Guide, "Improve the security of EC2 instances by using VPC endpoints"; Amazon EC2 API Reference,
DescribeVpcEndpoints.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from ipaddress import ip_address, ip_network
from typing import Any, Final

import msgspec

from hikeshi.actions.aws.machines import Interface
from hikeshi.actions.aws.network.isolation_group import Rule, rules_of
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.text import Text

HTTPS: Final = 443
NEEDED: Final = ("ssm", "ssmmessages")
"""Without these the agent is deaf. `ec2messages` is only asked for by agents before 3.3.40 and in older regions."""
ALSO: Final = ("ec2messages", "kms", "logs", "s3")
FAILS: Final = {
    "ec2messages": Text(en="older agents take no commands", ja="古いエージェントはコマンドを受け取れません"),
    "kms": Text(en="encrypted sessions and uploads", ja="暗号化セッションと暗号化アップロード"),
    "logs": Text(en="command output to CloudWatch Logs", ja="CloudWatch Logs へのコマンド出力"),
    "s3": Text(
        en="aws.ssm.capture_memory and command output to S3", ja="aws.ssm.capture_memory と S3 へのコマンド出力"
    ),
    "ssm": Text(en="every step through Systems Manager", ja="Systems Manager を使うすべてのステップ"),
    "ssmmessages": Text(en="every step through Systems Manager", ja="Systems Manager を使うすべてのステップ"),
}
"""What would fail without the endpoint."""


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """One endpoint of a VPC. `service` is the last part of its name ("ssm"); a gateway has no groups."""

    id: str
    vpc: str
    service: str
    gateway: bool
    groups: tuple[str, ...]
    private_dns: bool


def endpoints_of(world: AwsWorld, vpcs: Iterable[str]) -> list[Endpoint]:
    """The endpoints of these VPCs that Systems Manager uses, by id."""
    only = [{"Name": "vpc-id", "Values": sorted(set(vpcs))}]
    found = [_endpoint(told) for told in world.pages("ec2", "DescribeVpcEndpoints", "VpcEndpoints", Filters=only)]
    used = [one for one in found if one and one.service in FAILS]
    return sorted(used, key=lambda one: one.id)


def _endpoint(told: Mapping[str, Any]) -> Endpoint | None:
    if told.get("State", "available").lower() != "available":
        return None
    return Endpoint(
        id=told["VpcEndpointId"],
        vpc=told["VpcId"],
        service=told["ServiceName"].rpartition(".")[2],
        gateway=told.get("VpcEndpointType") == "Gateway",
        groups=tuple(sorted(group["GroupId"] for group in told.get("Groups", ()))),
        private_dns=bool(told.get("PrivateDnsEnabled")),
    )


def prefix_list(world: AwsWorld, service: str) -> str:
    """The id of AWS's prefix list of a service with gateway endpoints ("s3"), or "" where there is none."""
    only = [{"Name": "prefix-list-name", "Values": [f"com.amazonaws.{world.region}.{service}"]}]
    told = list(world.pages("ec2", "DescribeManagedPrefixLists", "PrefixLists", Filters=only))
    return str(told[0]["PrefixListId"]) if told else ""


def egress_to(endpoints: Sequence[Endpoint], s3: str) -> tuple[Rule, ...]:
    """The rules of a group that reaches these endpoints and nothing else; `s3` is the prefix list for a gateway endpoint."""
    peers = {group for one in endpoints for group in one.groups}
    peers |= {s3 for one in endpoints if one.gateway and one.service == "s3" and s3}
    return tuple(Rule(egress=True, protocol="tcp", first=HTTPS, last=HTTPS, peer=peer) for peer in sorted(peers))


def missing_services(endpoints: Sequence[Endpoint]) -> list[str]:
    """The services without which nothing works, and those that some steps need, that have no endpoint here."""
    here = {one.service for one in endpoints}
    return [service for service in (*NEEDED, *ALSO) if service not in here]


def troubles(
    world: AwsWorld, endpoints: Sequence[Endpoint], interfaces: Sequence[Interface], group: str
) -> Iterable[Text]:
    """What would keep these interfaces, with our group, from talking to the endpoints: the usual mistake is the other side."""
    rules = rules_of(world, {one for endpoint in endpoints for one in endpoint.groups})
    for endpoint in endpoints:
        fails = FAILS[endpoint.service]
        own = {rule for one in endpoint.groups for rule in rules[one].values()}
        shut = [eni for eni in interfaces if eni.vpc == endpoint.vpc and not _admits(own, eni.addresses, group)]
        if shut and not endpoint.gateway:
            groups, enis = ", ".join(endpoint.groups), ", ".join(eni.id for eni in shut)
            yield Text(
                en=f"{endpoint.id} ({endpoint.service}): its own group {groups} does not admit port {HTTPS} from {enis}. Would fail: {fails.en}.",
                ja=f"{endpoint.id}（{endpoint.service}）: エンドポイント側のグループ {groups} が {enis} からのポート {HTTPS} を許可していません。失敗するもの: {fails.ja}。",
            )
        if not endpoint.gateway and not endpoint.private_dns:
            yield Text(
                en=f"{endpoint.id} ({endpoint.service}) has no private DNS: the usual name leads outside. Would fail: {fails.en}.",
                ja=f"{endpoint.id}（{endpoint.service}）はプライベート DNS が無効で、通常の名前では外部に向かいます。失敗するもの: {fails.ja}。",
            )


def _admits(rules: Collection[Rule], addresses: Iterable[str], group: str) -> bool:
    """Whether a rule lets port 443 in from one of these addresses, or from our group. A prefix list is taken to."""
    for rule in rules:
        covers = rule.protocol == "-1" or (rule.protocol == "tcp" and rule.first <= HTTPS <= rule.last)
        if rule.egress or not covers:
            continue
        if rule.peer == group or rule.peer.startswith("pl-"):
            return True
        if not rule.peer.startswith("sg-") and any(ip_address(one) in ip_network(rule.peer) for one in addresses):
            return True
    return False
