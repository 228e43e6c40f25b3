"""Isolate an EC2 instance and leave it one way: to Systems Manager, so that memory can still be taken."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from hikeshi.actions.aws.machines import Interface
from hikeshi.actions.aws.network import endpoints
from hikeshi.actions.aws.network.isolate import BY_HAND
from hikeshi.actions.aws.network.isolation import PERMISSIONS, Also, Isolation, Seen
from hikeshi.actions.aws.network.isolation_group import SSM, Known, Rules
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Around
from hikeshi.errors import Refused
from hikeshi.text import Text

SSM_PERMISSIONS = tuple(
    sorted(
        {
            *PERMISSIONS,
            "ec2:AuthorizeSecurityGroupEgress",
            "ec2:DescribeManagedPrefixLists",
            "ec2:DescribeVpcEndpoints",
        }
    )
)
_ENDPOINTS = Text(
    en="Through the endpoints themselves: whoever has the instance's role can use them too, also with other accounts and buckets, "
    "unless the policies of the endpoints say otherwise.",
    ja="エンドポイント経由の通信: インスタンスのロールを持つ攻撃者もエンドポイントを使えます。エンドポイントポリシーで制限しない限り、ほかのアカウントやバケットにも届きます。",
)


class IsolateExceptSsm(Isolation, frozen=True, kw_only=True):
    """Cut one EC2 instance off the network except for the endpoints of Systems Manager (see `Isolation`).

    For cases where containment comes first and memory after. The group's rules name the groups of the endpoints and the prefix list of
    S3, never an address range. What reaches the endpoints from the other side is checked and said, and never changed: their groups are
    not ours. Traffic through endpoints is always tracked (Amazon EC2 User Guide).
    """

    name: ClassVar = "aws.ec2.isolate_ssm"
    provider: ClassVar = "aws"
    effect: ClassVar = "contain"
    reversible: ClassVar = "yes"
    target: ClassVar = "instance"
    title: ClassVar = Text(en="Isolate except for Systems Manager", ja="Systems Manager を残して隔離する")
    what: ClassVar = Text(
        en="Replaces the security groups of every interface with a group that reaches only the endpoints of Systems Manager (port 443).",
        ja="すべてのインターフェースのセキュリティグループを、Systems Manager のエンドポイント（ポート 443）だけに接続できるグループに置き換えます。",
    )
    by_hand: ClassVar = BY_HAND
    permissions: ClassVar = SSM_PERMISSIONS
    kind: ClassVar = SSM

    def rules(self, world: AwsWorld, interfaces: Sequence[Interface]) -> dict[str, Rules]:
        """Raises `Refused` where a VPC lacks the endpoints without which the agent is deaf."""
        return ssm_rules(world, interfaces)

    def also(self, world: AwsWorld, seen: Seen) -> Also:
        return Also(around=ssm_around(world, seen.interfaces, seen.known))


def ssm_rules(world: AwsWorld, interfaces: Sequence[Interface]) -> dict[str, Rules]:
    """The rules of the group that reaches Systems Manager, by VPC."""
    vpcs = sorted({interface.vpc for interface in interfaces})
    here = endpoints.endpoints_of(world, vpcs)
    s3 = endpoints.prefix_list(world, "s3") if any(one.gateway for one in here) else ""
    rules: dict[str, Rules] = {}
    for vpc in vpcs:
        own = [one for one in here if one.vpc == vpc]
        if lacking := [name for name in endpoints.missing_services(own) if name in endpoints.NEEDED]:
            hint = "Create the endpoints before the next incident; now take memory first and use aws.ec2.isolate."
            raise Refused(f"{vpc} has no endpoint for {', '.join(lacking)}: nothing would be left open.", hint=hint)
        rules[vpc] = endpoints.egress_to(own, s3)
    return rules


def ssm_around(world: AwsWorld, interfaces: Sequence[Interface], known: Known) -> Around:
    """What stays open through the endpoints, and what would not work."""
    here = endpoints.endpoints_of(world, {interface.vpc for interface in interfaces})
    ours = next((groups[0] for groups in known[SSM.role].values() if groups), "")
    lacking = (_lacking(name) for name in endpoints.missing_services(here))
    return Around(will_not_stop=(_ENDPOINTS,), warnings=(*lacking, *endpoints.troubles(world, here, interfaces, ours)))


def _lacking(service: str) -> Text:
    fails = endpoints.FAILS[service]
    return Text(
        en=f"No endpoint for {service}. Would fail: {fails.en}.",
        ja=f"{service} のエンドポイントがありません。失敗するもの: {fails.ja}。",
    )
