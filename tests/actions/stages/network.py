"""Stages of the actions in `actions/aws/network/`."""

from __future__ import annotations

from typing import Any

from actions.account import REGION, Cloud
from actions.stages.stage import Stage, Stages

AREAS = ("ec2.groups", "ec2.instances", "ec2.interfaces")


def one_plain(cloud: Cloud) -> dict[str, Any]:
    """Launched with group ids: one interface, and moto's view of groups is the union of both lists."""
    return {"instance_id": cloud.plain_machine().id}


def two_interfaces(cloud: Cloud) -> dict[str, Any]:
    return {"instance_id": cloud.machine(2).id}


def with_endpoints(cloud: Cloud, *, admits: bool = True) -> dict[str, Any]:
    """Endpoints for Systems Manager with a group of their own, and the gateway of S3."""
    machine = cloud.machine(2)
    group = cloud.group(machine.vpc, "endpoints")
    if admits:
        inside = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "10.1.0.0/16"}]}
        cloud.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[inside])
    for service in ("ec2messages", "kms", "logs", "ssm", "ssmmessages"):
        cloud.ec2.create_vpc_endpoint(
            VpcId=machine.vpc, ServiceName=f"com.amazonaws.{REGION}.{service}", VpcEndpointType="Interface",
            SubnetIds=[machine.subnet], SecurityGroupIds=[group], PrivateDnsEnabled=True,
        )  # fmt: skip
    cloud.ec2.create_vpc_endpoint(
        VpcId=machine.vpc, ServiceName=f"com.amazonaws.{REGION}.s3", VpcEndpointType="Gateway"
    )
    return {"instance_id": machine.id}


def with_addresses(cloud: Cloud) -> dict[str, Any]:
    """An elastic address on each interface."""
    machine = cloud.machine(2)
    for eni in machine.groups:
        address = cloud.ec2.allocate_address(Domain="vpc")["AllocationId"]
        cloud.ec2.associate_address(AllocationId=address, NetworkInterfaceId=eni)
    return {"instance_id": machine.id}


def with_a_peer(cloud: Cloud) -> dict[str, Any]:
    return {"instance_id": cloud.machine(2).id, "peers": ["203.0.113.66"]}


def a_subnet(cloud: Cloud) -> dict[str, Any]:
    return {"subnet_id": cloud.network()[1]}


def a_way_out(cloud: Cloud) -> dict[str, Any]:
    """A route table with a default route."""
    vpc, _ = cloud.network()
    gateway = cloud.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    cloud.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    table = cloud.ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    cloud.ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    return {"route_table_id": table}


_RARE = frozenset({"ec2:RevokeSecurityGroupIngress", "elasticloadbalancing:DescribeTargetHealth"})

_SSM = frozenset({"ec2:DescribeManagedPrefixLists", "ec2:DescribeVpcEndpoints"})

STAGES: Stages = {
    "aws.ec2.blackhole_route": {"default": Stage(build=a_way_out, areas=("ec2.routes",))},
    "aws.ec2.block_peer": {"one": Stage(build=with_a_peer, areas=("ec2.acls",))},
    "aws.ec2.detach_interface": {
        "two": Stage(build=two_interfaces, areas=AREAS),
    },
    "aws.ec2.isolate": {
        "plain": Stage(build=one_plain, areas=AREAS, rare=_RARE),
        "two": Stage(build=two_interfaces, areas=AREAS, rare=_RARE | {"ec2:ModifyInstanceAttribute"}),
    },
    "aws.ec2.isolate_ssm": {
        "two": Stage(build=with_endpoints, areas=AREAS, rare=_RARE | {"ec2:ModifyInstanceAttribute"}),
    },
    "aws.ec2.mark": {
        "plain": Stage(build=one_plain, areas=AREAS),
        "two": Stage(build=two_interfaces, areas=AREAS),
    },
    "aws.ec2.quarantine_subnet": {"own": Stage(build=a_subnet, areas=("ec2.acls",))},
    "aws.ec2.remove_public": {
        "elastic": Stage(
            build=with_addresses,
            areas=("ec2.addresses", "ec2.interfaces"),
            rare=frozenset({"ec2:ModifyNetworkInterfaceAttribute"}),
        ),
    },
    "aws.ec2.shrink_tracking": {"two": Stage(build=two_interfaces, areas=AREAS)},
    "aws.ec2.untrack": {
        "plain": Stage(build=one_plain, areas=AREAS, rare=_RARE | _SSM | {"ec2:AuthorizeSecurityGroupEgress"}),
    },
    "aws.vpc.block_public": {"region": Stage(build=lambda _: {}, areas=("ec2.block_public",))},
}
