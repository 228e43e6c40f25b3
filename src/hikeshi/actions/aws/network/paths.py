"""Which ways lead out of each interface, and which of them EC2 tracks whatever the groups say. Reads only.

Sources: Amazon EC2 User Guide, "Security group connection tracking" (automatically tracked connections); Amazon EC2 API Reference,
DescribeRouteTables.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from hikeshi.actions.aws.machines import Interface
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.aws.failures import CallFailed
from hikeshi.text import Text

HOPS: Final = {
    "NatGatewayId": Text(en="a NAT gateway", ja="NAT ゲートウェイ"),
    "TransitGatewayId": Text(en="a transit gateway", ja="Transit Gateway"),
    "EgressOnlyInternetGatewayId": Text(
        en="an egress-only internet gateway", ja="Egress-Only インターネットゲートウェイ"
    ),
    "GatewayId": Text(en="a Gateway Load Balancer endpoint", ja="Gateway Load Balancer エンドポイント"),
}
"""The field of a route that names a hop through which every flow is tracked; of `GatewayId` only endpoints (vpce-)."""


class Hop(msgspec.Struct, frozen=True, order=True):
    """A hop on the way of a subnet. `field` is its key in `HOPS`."""

    id: str
    field: str


class Path(msgspec.Struct, frozen=True, kw_only=True):
    """The ways out of one interface. `unread` says why its routes are not known ("" where they are)."""

    interface: str
    subnet: str
    table: str = ""
    public: str = ""
    """Its public IPv4 address."""
    direct: bool = False
    """It talks with the internet without a hop in between, in either address family; so it can also be reached from there."""
    direct_ipv6: bool = False
    hops: tuple[Hop, ...] = ()
    unread: str = ""

    @property
    def always_tracked(self) -> bool:
        """What it has open to the outside goes through hops and cannot be made untracked."""
        return bool(self.hops) and not self.direct


def paths_of(world: AwsWorld, interfaces: Iterable[Interface]) -> dict[str, Path]:
    """The ways out of each interface, by its id; the route tables of each VPC are read once."""
    interfaces = list(interfaces)
    tables: dict[str, list[dict[str, Any]]] = {}
    unread: dict[str, str] = {}
    for vpc in sorted({interface.vpc for interface in interfaces}):
        only = [{"Name": "vpc-id", "Values": [vpc]}]
        try:
            tables[vpc] = list(world.pages("ec2", "DescribeRouteTables", "RouteTables", Filters=only))
        except CallFailed as failure:
            unread[vpc] = failure.message
    return {one.id: _path(one, tables.get(one.vpc, ()), unread.get(one.vpc, "")) for one in interfaces}


def _path(interface: Interface, tables: Iterable[Mapping[str, Any]], unread: str) -> Path:
    table = _table(interface.subnet, list(tables))
    routes = [route for route in table.get("Routes", ()) if route.get("State") != "blackhole"]
    gateways = {
        route.get("DestinationCidrBlock") or route.get("DestinationIpv6CidrBlock")
        for route in routes
        if str(route.get("GatewayId", "")).startswith("igw-")
    }
    v6 = interface.ipv6 and any(":" in (block or "") for block in gateways)
    v4 = bool(interface.public_address) and any("." in (block or "") for block in gateways)
    return Path(
        interface=interface.id,
        subnet=interface.subnet,
        table=table.get("RouteTableId", ""),
        public=interface.public_address,
        direct=v4 or v6,
        direct_ipv6=v6,
        hops=tuple(sorted({Hop(route[field], field) for route in routes for field in HOPS if _is_hop(route, field)})),
        unread=unread,
    )


def _table(subnet: str, tables: list[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The table of the subnet, or the main one of the VPC."""
    for field, value in (("SubnetId", subnet), ("Main", True)):
        for table in tables:
            if any(association.get(field) == value for association in table.get("Associations", ())):
                return table
    return {}


def _is_hop(route: Mapping[str, str], field: str) -> bool:
    hop = route.get(field, "")
    return bool(hop) and (field != "GatewayId" or hop.startswith("vpce-"))
