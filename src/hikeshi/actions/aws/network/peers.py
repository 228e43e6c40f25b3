"""Which remote addresses may be blocked: not our own, not AWS's, not what many share. Reads only.

Sources: RFC 1918, 3927, 4193, 6598; Amazon VPC User Guide, "AWS-managed prefix lists".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from hikeshi.actions.aws.machines import Interface
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.errors import Refused

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

NOT_REMOTE: Final[tuple[Network, ...]] = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16",
            "224.0.0.0/3", "::/127", "fc00::/7", "fe80::/10", "ff00::/8",
        ),
    )
)  # fmt: skip
"""Private, link-local (metadata, DNS, time), shared, multicast and reserved ranges."""


def addresses(peers: Iterable[str]) -> list[Address]:
    """The peers as addresses, sorted and each once. Raises `Refused` for what is not one, and for what is no remote address."""
    found: set[Address] = set()
    for peer in peers:
        try:
            address = ip_address(peer)
        except ValueError:
            hint = "Give single addresses, IPv4 or IPv6; a range would hit others."
            raise Refused(f"{peer!r} is not an IP address.", hint=hint) from None
        if mapped := getattr(address, "ipv4_mapped", None):
            address = mapped
        if any(address in network for network in NOT_REMOTE):
            hint = "Inside the network, isolate the instance instead."
            raise Refused(f"{address} is a private or reserved address.", hint=hint)
        found.add(address)
    return sorted(found, key=lambda one: (one.version, one))


def refuse_ours(world: AwsWorld, peers: Iterable[Address], interfaces: Iterable[Interface]) -> None:
    """Raises `Refused` where a peer belongs to us: to these interfaces, their VPCs, or the elastic addresses of the account."""
    peers, interfaces = list(peers), list(interfaces)
    _refuse(peers, [one.public_address for one in interfaces if one.public_address], "the instance itself")
    for vpc in world.pages("ec2", "DescribeVpcs", "Vpcs", VpcIds=sorted({one.vpc for one in interfaces})):
        blocks = [one["CidrBlock"] for one in vpc.get("CidrBlockAssociationSet", ())]
        blocks += [one["Ipv6CidrBlock"] for one in vpc.get("Ipv6CidrBlockAssociationSet", ())]
        _refuse(peers, blocks, f"{vpc['VpcId']}, which is ours")
    # DescribeAddresses has no pages.
    own = [
        told["PublicIp"] for told in world.read("ec2", "DescribeAddresses").get("Addresses", ()) if "PublicIp" in told
    ]
    _refuse(peers, own, "our own elastic addresses")


def refuse_shared(world: AwsWorld, peers: Iterable[Address]) -> None:
    """Raises `Refused` where a peer is in a range of an AWS service that many share (S3, DynamoDB, CloudFront ...)."""
    peers = list(peers)
    for name, blocks in _aws_ranges(world):
        _refuse(peers, blocks, f"{name}, which many share")


def _aws_ranges(world: AwsWorld) -> Iterator[tuple[str, list[str]]]:
    only = [{"Name": "owner-id", "Values": ["AWS"]}]
    for told in world.pages("ec2", "DescribeManagedPrefixLists", "PrefixLists", Filters=only):
        if told.get("OwnerId", "AWS") != "AWS":
            continue
        entries = world.pages("ec2", "GetManagedPrefixListEntries", "Entries", PrefixListId=told["PrefixListId"])
        yield told["PrefixListName"], [entry["Cidr"] for entry in entries]


def _refuse(peers: Iterable[Address], blocks: Iterable[str], whose: str) -> None:
    networks = [ip_network(block) for block in blocks]
    for peer in peers:
        if any(peer in network for network in networks):
            hint = "Look at what is behind it before anything is blocked; a name can be blocked instead of an address."
            raise Refused(f"{peer} belongs to {whose}.", hint=hint)
