"""What an isolation will not stop, and who depends on the instance. Reads only.

Connection tracking: Amazon EC2 User Guide, "Security group connection tracking" (tracked and automatically tracked flows).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from hikeshi.actions.aws.machines import Instance, Interface
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.aws.failures import CallFailed
from hikeshi.text import Text

MAX_TARGET_GROUPS = 50

_HOPS = {
    "NatGatewayId": ("a NAT gateway", "NAT ゲートウェイ"),
    "TransitGatewayId": ("a transit gateway", "Transit Gateway"),
    "EgressOnlyInternetGatewayId": ("an egress-only internet gateway", "Egress-Only インターネットゲートウェイ"),
}
_ALWAYS = (
    Text(
        en="Connections that are open now: EC2 goes on tracking them until they fall idle (TCP: up to 5 days).",
        ja="現在確立している通信: EC2 の接続追跡により、無通信でタイムアウトするまで続きます（TCP は最長 5 日）。",
    ),
    Text(
        en="DNS through the Amazon resolver, instance metadata (role credentials) and the time service: no group filters them.",
        ja="Amazon の DNS リゾルバー、インスタンスメタデータ（ロールの認証情報）、時刻サービス: セキュリティグループでは遮断できません。",
    ),
    Text(
        en="Credentials the attacker has already taken: they work from anywhere until they are revoked or expire.",
        ja="すでに盗まれた認証情報: 失効させるか期限が切れるまで、どこからでも使えます。",
    ),
)


class Surroundings(msgspec.Struct, frozen=True):
    """Dependants of the instance, and what could not be found out."""

    dependants: tuple[Text, ...]
    warnings: tuple[Text, ...]


def paths_left(world: AwsWorld, interfaces: Iterable[Interface]) -> tuple[Text, ...]:
    """What swapping groups leaves open, judged by the addresses and the routes of these very interfaces."""
    interfaces = list(interfaces)
    hops: dict[str, Text] = {}
    for subnet, vpc in sorted({(interface.subnet, interface.vpc) for interface in interfaces}):
        hops.update(_tracked_hops(world, subnet, vpc))
    public = [interface for interface in interfaces if interface.public_address]
    return (*_ALWAYS, *(hops[key] for key in sorted(hops)), *(_public(interface) for interface in public))


def _tracked_hops(world: AwsWorld, subnet: str, vpc: str) -> Iterator[tuple[str, Text]]:
    try:
        routes = _routes(world, subnet, vpc)
    except CallFailed as failure:
        yield (
            subnet,
            Text(
                en=f"Unknown: the routes of {subnet} could not be read ({failure.message})",
                ja=f"不明: {subnet} のルートを読み取れませんでした（{failure.message}）",
            ),
        )
        return
    for route in routes:
        kinds = [(route[key], *names) for key, names in _HOPS.items() if route.get(key)]
        if str(route.get("GatewayId", "")).startswith("vpce-"):
            kinds.append(
                (route["GatewayId"], "a Gateway Load Balancer endpoint", "Gateway Load Balancer エンドポイント")
            )
        for hop, en, ja in kinds:
            yield (
                hop,
                Text(
                    en=f"Open connections from {subnet} through {en} ({hop}): always tracked, so they cannot be cut by any group.",
                    ja=f"{subnet} から{ja}（{hop}）を通る確立済みの通信: 常に追跡されるため、どのグループでも切断できません。",
                ),
            )


def _routes(world: AwsWorld, subnet: str, vpc: str) -> list[dict[str, str]]:
    by_subnet = [{"Name": "association.subnet-id", "Values": [subnet]}]
    by_default = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "association.main", "Values": ["true"]}]
    for only in (by_subnet, by_default):
        if tables := list(world.pages("ec2", "DescribeRouteTables", "RouteTables", Filters=only)):
            return [route for table in tables for route in table.get("Routes", ())]
    return []


def _public(interface: Interface) -> Text:
    return Text(
        en=f"Open connections of {interface.id} through its public address {interface.public_address}.",
        ja=f"{interface.id} のパブリックアドレス {interface.public_address} を通る確立済みの通信。",
    )


def surroundings(world: AwsWorld, instance: Instance) -> Surroundings:
    """Who will notice. Best effort: what cannot be read becomes a warning, never a reason not to contain."""
    found: list[Text] = []
    warnings: list[Text] = []
    if instance.profile:
        found.append(
            Text(
                en=f"Role of the instance: {instance.profile}. Its sessions stay valid.",
                ja=f"インスタンスのロール: {instance.profile}。セッションは有効なままです。",
            )
        )
    for look, en, ja in (
        (_scaling, "Auto Scaling groups", "Auto Scaling グループ"),
        (_balancers, "load balancers", "ロードバランサー"),
    ):
        try:
            found += look(world, instance)
        except CallFailed as failure:
            warnings.append(
                Text(
                    en=f"The {en} of the instance could not be read: {failure.message}",
                    ja=f"インスタンスの{ja}を確認できませんでした: {failure.message}",
                )
            )
    return Surroundings(tuple(found), tuple(warnings))


def _scaling(world: AwsWorld, instance: Instance) -> list[Text]:
    told = world.pages(
        "autoscaling", "DescribeAutoScalingInstances", "AutoScalingInstances", InstanceIds=[instance.id], MaxRecords=50
    )
    return [
        Text(
            en=f"Auto Scaling group {member['AutoScalingGroupName']}: it will find the instance unhealthy and may terminate it.",
            ja=f"Auto Scaling グループ {member['AutoScalingGroupName']}: 異常と判定し、インスタンスを終了させることがあります。",
        )
        for member in told
    ]


def _balancers(world: AwsWorld, instance: Instance) -> list[Text]:
    told = world.pages("elbv2", "DescribeTargetGroups", "TargetGroups")
    here = [group for group in told if group.get("VpcId") == instance.vpc]
    found = [_target(group["TargetGroupName"]) for group in here[:MAX_TARGET_GROUPS] if _serves(world, group, instance)]
    if len(here) > MAX_TARGET_GROUPS:
        found.append(
            Text(
                en=f"Only {MAX_TARGET_GROUPS} of {len(here)} target groups of the VPC were looked at.",
                ja=f"VPC のターゲットグループ {len(here)} 個のうち {MAX_TARGET_GROUPS} 個だけを確認しました。",
            )
        )
    return found


def _serves(world: AwsWorld, group: dict[str, str], instance: Instance) -> bool:
    health = world.read("elbv2", "DescribeTargetHealth", TargetGroupArn=group["TargetGroupArn"])
    return any(target["Target"]["Id"] == instance.id for target in health.get("TargetHealthDescriptions", ()))


def _target(name: str) -> Text:
    return Text(
        en=f"Target group {name}: the load balancer will stop sending traffic to the instance.",
        ja=f"ターゲットグループ {name}: ロードバランサーはこのインスタンスへの振り分けを止めます。",
    )
