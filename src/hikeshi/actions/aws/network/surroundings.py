"""What an isolation will not stop, and who depends on the instance. Reads only.

Connection tracking: Amazon EC2 User Guide, "Security group connection tracking" (tracked and automatically tracked flows).
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from hikeshi.actions.aws.machines import Instance
from hikeshi.actions.aws.network.paths import HOPS, Hop, Path
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.aws.failures import CallFailed
from hikeshi.text import Text

MAX_TARGET_GROUPS = 50

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


def paths_left(paths: Iterable[Path]) -> tuple[Text, ...]:
    """What swapping groups leaves open, judged by the addresses and the routes of these very interfaces."""
    paths = list(paths)
    hops = {(hop, path.subnet): _tracked(path.subnet, hop) for path in paths for hop in path.hops}
    unread = {path.subnet: _unread(path) for path in paths if path.unread}
    public = [_public(path) for path in paths if path.public]
    return (*_ALWAYS, *(hops[key] for key in sorted(hops)), *unread.values(), *public)


def _tracked(subnet: str, hop: Hop) -> Text:
    kind = HOPS[hop.field]
    return Text(
        en=f"Open connections from {subnet} through {kind.en} ({hop.id}): always tracked, so they cannot be cut by any group.",
        ja=f"{subnet} から{kind.ja}（{hop.id}）を通る確立済みの通信: 常に追跡されるため、どのグループでも切断できません。",
    )


def _unread(path: Path) -> Text:
    return Text(
        en=f"Unknown: the routes of {path.subnet} could not be read ({path.unread})",
        ja=f"不明: {path.subnet} のルートを読み取れませんでした（{path.unread}）",
    )


def _public(path: Path) -> Text:
    return Text(
        en=f"Open connections of {path.interface} through its public address {path.public}.",
        ja=f"{path.interface} のパブリックアドレス {path.public} を通る確立済みの通信。",
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
    serving, unseen = targets_of(world, instance)
    found = [_target(group["TargetGroupName"]) for group in serving]
    if unseen:
        found.append(
            Text(
                en=f"Only {MAX_TARGET_GROUPS} of {MAX_TARGET_GROUPS + unseen} target groups of the VPC were looked at.",
                ja=f"VPC のターゲットグループ {MAX_TARGET_GROUPS + unseen} 個のうち {MAX_TARGET_GROUPS} 個だけを確認しました。",
            )
        )
    return found


def targets_of(world: AwsWorld, instance: Instance) -> tuple[list[dict[str, str]], int]:
    """The target groups that send traffic to the instance, and how many of its VPC were not looked at."""
    told = world.pages("elbv2", "DescribeTargetGroups", "TargetGroups")
    here = [group for group in told if group.get("VpcId") == instance.vpc]
    serving = [group for group in here[:MAX_TARGET_GROUPS] if _serves(world, group, instance)]
    return serving, max(0, len(here) - MAX_TARGET_GROUPS)


def _serves(world: AwsWorld, group: dict[str, str], instance: Instance) -> bool:
    health = world.read("elbv2", "DescribeTargetHealth", TargetGroupArn=group["TargetGroupArn"])
    return any(target["Target"]["Id"] == instance.id for target in health.get("TargetHealthDescriptions", ()))


def _target(name: str) -> Text:
    return Text(
        en=f"Target group {name}: the load balancer will stop sending traffic to the instance.",
        ja=f"ターゲットグループ {name}: ロードバランサーはこのインスタンスへの振り分けを止めます。",
    )
