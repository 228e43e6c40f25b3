"""Whether an isolated instance still reaches Systems Manager and the evidence bucket.

In each VPC with running instances: an endpoint for each service, available, with private DNS, and with groups that admit HTTPS from our
isolation group. That last rule is the usual mistake: the isolation group lets the agent out, and the endpoint does not let it in.
EC2 API Reference, DescribeVpcEndpoints, DescribeSecurityGroupRules; Systems Manager User Guide, "Improve security by using VPC endpoints".
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from hikeshi.actions.aws.network.isolation_group import our_groups
from hikeshi.actions.aws.preflight.machines import networks
from hikeshi.actions.aws.preflight.question import Answer, Ground, Question, no, using, yes
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.text import Text

SERVICES = ("ec2messages", "kms", "s3", "ssm", "ssmmessages")
HTTPS = 443


class Network(msgspec.Struct, frozen=True, kw_only=True):
    """One VPC: its address ranges, our isolation groups in it, and its endpoints by service."""

    id: str
    ranges: tuple[str, ...]
    isolation: tuple[str, ...]
    endpoints: Mapping[str, Mapping[str, Any]]


def _ask(ground: Ground) -> Iterator[Answer]:
    world = ground.world()
    for network in _networks(world):
        for service in SERVICES:
            yield _one(world, network, service)


def _networks(world: AwsWorld) -> Iterator[Network]:
    vpcs = networks(world)
    if not vpcs:
        return
    ours = our_groups(world, vpcs)
    only = [{"Name": "vpc-id", "Values": vpcs}]
    endpoints = list(world.pages("ec2", "DescribeVpcEndpoints", "VpcEndpoints", Filters=only))
    for vpc in world.pages("ec2", "DescribeVpcs", "Vpcs", Filters=only):
        here = [one for one in endpoints if one["VpcId"] == vpc["VpcId"]]
        yield Network(
            id=vpc["VpcId"],
            ranges=tuple(one["CidrBlock"] for one in vpc.get("CidrBlockAssociationSet", ())) or (vpc["CidrBlock"],),
            isolation=tuple(ours.get(vpc["VpcId"], ())),
            endpoints={one["ServiceName"].rpartition(".")[2]: one for one in here},
        )


def _one(world: AwsWorld, network: Network, service: str) -> Answer:
    resource, endpoint = f"{network.id} {service}", network.endpoints.get(service)
    if endpoint is None:
        return no(
            f"No endpoint for {service}: an isolated instance does not reach it.",
            f"{service} のエンドポイントがなく、隔離後のインスタンスから到達できません。",
            resource=resource,
            todo=Text(
                en=f"Create a VPC endpoint for {service} with private DNS (CreateVpcEndpoint is slow: not during an incident).",
                ja=f"{service} の VPC エンドポイントをプライベート DNS 付きで作成してください(時間がかかるため事前に)。",
            ),
        )
    wrong = _wrong(world, network, endpoint)
    if wrong:
        return no(wrong.en, wrong.ja, resource=resource, todo=_ADMIT)
    return yes(
        f"{endpoint['VpcEndpointId']} is ready.", f"{endpoint['VpcEndpointId']} が利用できます。", resource=resource
    )


_ADMIT = Text(
    en="Switch private DNS on, and let the endpoint's group admit HTTPS from the VPC's ranges or from the isolation group.",
    ja="プライベート DNS を有効にし、エンドポイントのセキュリティグループで VPC の範囲または隔離用グループからの HTTPS を許可してください。",
)


def _wrong(world: AwsWorld, network: Network, endpoint: Mapping[str, Any]) -> Text | None:
    name, state = endpoint["VpcEndpointId"], str(endpoint.get("State", "")).lower()
    if state != "available":
        return Text(f"{name} is {state}.", f"{name} は {state} です。")
    if endpoint.get("VpcEndpointType", "Gateway") == "Gateway":
        return None  # in the routes: it has neither groups nor names
    if not endpoint.get("PrivateDnsEnabled"):
        return Text(f"{name} has no private DNS.", f"{name} のプライベート DNS が無効です。")
    groups = [group["GroupId"] for group in endpoint.get("Groups", ())]
    if not groups or not _admitted(world, network, groups):
        return Text(
            f"The groups of {name} do not admit HTTPS from the isolation group.",
            f"{name} のセキュリティグループが隔離用グループからの HTTPS を許可していません。",
        )
    return None


def _admitted(world: AwsWorld, network: Network, groups: Sequence[str]) -> bool:
    only = [{"Name": "group-id", "Values": list(groups)}]
    rules = world.pages("ec2", "DescribeSecurityGroupRules", "SecurityGroupRules", Filters=only)
    return any(_admits(rule, network) for rule in rules if not rule["IsEgress"])


def _admits(rule: Mapping[str, Any], network: Network) -> bool:
    """Whether a rule lets HTTPS in from our group: by its id, or from every address of the VPC."""
    if rule["IpProtocol"] not in ("-1", "tcp", "6"):
        return False
    if rule["IpProtocol"] != "-1" and not rule["FromPort"] <= HTTPS <= rule["ToPort"]:
        return False
    if rule.get("ReferencedGroupInfo", {}).get("GroupId") in network.isolation:
        return True
    if "CidrIpv4" not in rule:
        return False
    admitted = ipaddress.IPv4Network(rule["CidrIpv4"], strict=False)
    return all(ipaddress.IPv4Network(one).subnet_of(admitted) for one in network.ranges)


QUESTION = Question(
    title=Text(en="Is Systems Manager reached when isolated?", ja="隔離後も Systems Manager に到達できるか"),
    ask=_ask,
    permissions=(
        "ec2:DescribeInstances",
        "ec2:DescribeSecurityGroupRules",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeVpcEndpoints",
        "ec2:DescribeVpcs",
    ),
    needed_by=using("ec2:DescribeVpcEndpoints"),
)
