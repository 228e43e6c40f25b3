"""Cut a whole region off the internet: VPC Block Public Access."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Literal

import msgspec

from hikeshi.actions.action import Call, Plan, Receipt
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Around, Parts, Setting
from hikeshi.errors import Refused
from hikeshi.text import Text

_CUT = Text(
    en="No VPC of the region may reach the internet.",
    ja="リージョン内のすべての VPC をインターネットから切り離します。",
)
_BACK = Text(en="The mode is set back.", ja="モードを元に戻します。")
_EVERYBODY = Text(
    en="Everything in this account and region that talks with the internet through an internet gateway, NAT gateways included.",
    ja="このアカウントとリージョンで、インターネットゲートウェイ（NAT ゲートウェイを含む）を使うすべて。",
)
_OTHER = Text(
    en="Other ways out: transit gateways, peering, VPN, Direct Connect, PrivateLink; DNS and instance metadata.",
    ja="その他の経路: Transit Gateway、ピアリング、VPN、Direct Connect、PrivateLink。DNS とインスタンスメタデータ。",
)
_BY_POLICY = "It is set by a declarative policy of the organisation; only there it can be changed."
_SOON = Text(en="AWS is still carrying it out (some minutes).", ja="AWS が適用中です（数分かかります）。")


class BlockPublic(Setting[AwsWorld], frozen=True, kw_only=True):
    """Set VPC Block Public Access of the region; exclusions are told and left as they are.

    Source: EC2 API Reference, ModifyVpcBlockPublicAccessOptions. `check` is pending until AWS tells that the update is complete.
    """

    name: ClassVar = "aws.vpc.block_public"
    provider: ClassVar = "aws"
    effect: ClassVar = "contain"
    reversible: ClassVar = "yes"
    radius: ClassVar = "account"
    target: ClassVar = "network"
    title: ClassVar = Text(en="Cut the region off the internet", ja="リージョンをインターネットから切り離す")
    what: ClassVar = Text(
        en="Turns on VPC Block Public Access: no VPC of this account and region talks with the internet through its gateways.",
        ja="VPC ブロックパブリックアクセスを有効にし、このアカウントとリージョンの全 VPC とインターネットとの通信を止めます。",
    )
    by_hand: ClassVar = Text(
        en="VPC console, Settings, Public access settings: set the mode the plan saved.",
        ja="VPC コンソールの［設定］→［パブリックアクセス設定］で、計画に保存されたモードを設定します。",
    )
    permissions: ClassVar = (
        "ec2:DescribeVpcBlockPublicAccessExclusions",
        "ec2:DescribeVpcBlockPublicAccessOptions",
        "ec2:ModifyVpcBlockPublicAccessOptions",
    )

    mode: Literal["block-bidirectional", "block-ingress"] = "block-bidirectional"

    def _told(self, world: AwsWorld) -> dict[str, Any]:
        told: dict[str, Any] = world.read("ec2", "DescribeVpcBlockPublicAccessOptions")["VpcBlockPublicAccessOptions"]
        return told

    def read(self, world: AwsWorld) -> dict[str, Any]:
        return {f"{world.account} {world.region}": self._told(world)["InternetGatewayBlockMode"]}

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:
        """Raises `Refused` where it is so already, or set from above."""
        if self.mode in before.values():
            raise Refused(f"{world.region} is already set to {self.mode}.", hint="There is nothing to do.")
        if self._told(world).get("ManagedBy") == "declarative-policy":
            raise Refused(f"VPC Block Public Access of {world.region} cannot be changed here.", hint=_BY_POLICY)
        return dict.fromkeys(before, self.mode)

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Iterable[Call]:
        del world, part, now
        why = _CUT if new == self.mode else _BACK
        yield Call("ec2:ModifyVpcBlockPublicAccessOptions", {"InternetGatewayBlockMode": new}, why)

    def check(self, world: AwsWorld, plan: Plan) -> Receipt:
        told = super().check(world, plan)
        if told.outcome == "done" and self._told(world).get("State") == "update-in-progress":
            return msgspec.structs.replace(
                told, outcome="pending", grade="none", again_in=30.0, still_open=(_SOON, *told.still_open)
            )
        return told

    def resources(self, before: Parts) -> tuple[str, ...]:
        return tuple(before)

    def saved(self, world: AwsWorld) -> dict[str, Any]:
        pages = world.pages("ec2", "DescribeVpcBlockPublicAccessExclusions", "VpcBlockPublicAccessExclusions")
        return {"exclusions": {one["ResourceArn"]: one["InternetGatewayExclusionMode"] for one in pages}}

    def around(self, world: AwsWorld, before: Parts) -> Around:  # noqa: ARG002  the names are the interface
        excluded = [
            Text(
                en=f"Excluded, and not cut off: {arn} ({mode}).",
                ja=f"除外設定のため切り離されません: {arn}（{mode}）。",
            )
            for arn, mode in before["exclusions"].items()
        ]
        return Around(dependants=(_EVERYBODY,), will_not_stop=(_OTHER, *excluded))
