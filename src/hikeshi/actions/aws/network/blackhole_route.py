"""Take the default routes out of a route table: nothing leaves its subnets any more, and no answer comes back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Final

import msgspec

from hikeshi.actions.action import Call
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Around, Parts, Setting
from hikeshi.aws.failures import CallFailed
from hikeshi.errors import Refused
from hikeshi.text import Text

RouteTableId = Annotated[
    str,
    msgspec.Meta(pattern=r"^rtb-[0-9a-f]{8,17}$", title="Route table", examples=["rtb-0abc1234def567890"]),
]
DEFAULTS: Final = ("0.0.0.0/0", "::/0")
TARGETS: Final = {
    "CarrierGatewayId": "CarrierGatewayId",
    "CoreNetworkArn": "CoreNetworkArn",
    "EgressOnlyInternetGatewayId": "EgressOnlyInternetGatewayId",
    "GatewayId": "GatewayId",
    "LocalGatewayId": "LocalGatewayId",
    "NatGatewayId": "NatGatewayId",
    "NetworkInterfaceId": "NetworkInterfaceId",
    "TransitGatewayId": "TransitGatewayId",
    "VpcPeeringConnectionId": "VpcPeeringConnectionId",
}
"""Fields of a route that say where it leads, and the parameter of CreateRoute for each; endpoints ("vpce-") differ."""

_CUT = Text(
    en="Nothing may leave the subnets of this table.",
    ja="このルートテーブルのサブネットから何も出られないようにします。",
)
_BACK = Text(en="The route is put back.", ja="ルートを元に戻します。")
_INSIDE = Text(
    en="Everything inside the VPC, by routes that are more exact (peering, transit gateways, endpoints), DNS, and instance metadata.",
    ja="VPC 内の通信、より詳細なルート（ピアリング、Transit Gateway、エンドポイント）を使う通信、DNS、インスタンスメタデータ。",
)


class BlackholeRoute(Setting[AwsWorld], frozen=True, kw_only=True):
    """Delete the default routes, IPv4 and IPv6, of one route table. Source: EC2 API Reference, DeleteRoute, CreateRoute.

    EC2 has no black hole to point a route at, so the route goes. It takes every connection with it, tracked or not. Routes that are
    propagated by a gateway come back by themselves and are refused.
    """

    name: ClassVar = "aws.ec2.blackhole_route"
    provider: ClassVar = "aws"
    effect: ClassVar = "contain"
    reversible: ClassVar = "yes"
    radius: ClassVar = "shared"
    target: ClassVar = "network"
    title: ClassVar = Text(en="Cut the default routes", ja="デフォルトルートを削除する")
    what: ClassVar = Text(
        en="Deletes the default routes of a route table: all its subnets lose the way out, with every connection that is open.",
        ja="ルートテーブルのデフォルトルートを削除します。関連付けられたすべてのサブネットが外部への経路を失い、確立済みの通信も切れます。",
    )
    by_hand: ClassVar = Text(
        en="VPC console, Route tables, the table, Edit routes: add the default routes the plan saved.",
        ja="VPC コンソールの［ルートテーブル］で［ルートを編集］を開き、計画に保存されたデフォルトルートを追加します。",
    )
    permissions: ClassVar = ("ec2:CreateRoute", "ec2:DeleteRoute", "ec2:DescribeRouteTables")

    route_table_id: RouteTableId

    def read(self, world: AwsWorld) -> dict[str, Any]:
        return {block: self._target(route) for block, route in self._defaults(world).items()}

    def _table(self, world: AwsWorld) -> dict[str, Any]:
        try:
            told = list(world.pages("ec2", "DescribeRouteTables", "RouteTables", RouteTableIds=[self.route_table_id]))
        except CallFailed as failure:
            if failure.code not in ("InvalidRouteTableID.NotFound", "InvalidRouteTableId.Malformed"):
                raise
            told = []
        if not told:
            hint = "Check the account, the region and the id."
            raise Refused(f"There is no route table {self.route_table_id}.", hint=hint)
        return told[0]

    def _defaults(self, world: AwsWorld) -> dict[str, dict[str, Any]]:
        routes = {
            str(route.get("DestinationCidrBlock") or route.get("DestinationIpv6CidrBlock")): route
            for route in self._table(world).get("Routes", ())
        }
        return {block: routes[block] for block in DEFAULTS if block in routes}

    def _target(self, route: dict[str, Any]) -> dict[str, str]:
        if str(route.get("GatewayId", "")).startswith("vpce-"):
            return {"VpcEndpointId": route["GatewayId"]}
        return {asked: route[told] for told, asked in TARGETS.items() if route.get(told)}

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:
        """Raises `Refused` where there is no default route, or one that comes back by itself."""
        if not before:
            raise Refused(
                f"{self.route_table_id} has no default route.", hint="Its subnets have no way out by default."
            )
        for block, route in self._defaults(world).items():
            if route.get("Origin") == "EnableVgwRoutePropagation":
                hint = "Disable the propagation of the gateway first."
                raise Refused(f"The route {block} of {self.route_table_id} is propagated.", hint=hint)
        return dict.fromkeys(before)

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Iterable[Call]:
        del world, now
        key = "DestinationIpv6CidrBlock" if ":" in part else "DestinationCidrBlock"
        params = {"RouteTableId": self.route_table_id, key: part}
        yield (
            Call("ec2:DeleteRoute", params, _CUT) if new is None else Call("ec2:CreateRoute", {**params, **new}, _BACK)
        )

    def around(self, world: AwsWorld, before: Parts) -> Around:  # noqa: ARG002  the names are the interface
        told = self._table(world).get("Associations", ())
        subnets = ", ".join(sorted(one["SubnetId"] for one in told if one.get("SubnetId"))) or "-"
        main = any(one.get("Main") for one in told)
        others = Text(
            en=f"Everything in these subnets: {subnets}{'; and in each subnet without a table of its own' if main else ''}.",
            ja=f"次のサブネット内のすべて: {subnets}{'。さらに、個別のルートテーブルがない全サブネット' if main else ''}。",
        )
        return Around(dependants=(others,), will_not_stop=(_INSIDE,))
