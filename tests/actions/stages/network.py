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


_RARE = frozenset({"ec2:RevokeSecurityGroupIngress", "elasticloadbalancing:DescribeTargetHealth"})

_SSM = frozenset({"ec2:DescribeManagedPrefixLists", "ec2:DescribeVpcEndpoints"})

STAGES: Stages = {
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
    "aws.ec2.untrack": {
        "plain": Stage(build=one_plain, areas=AREAS, rare=_RARE | _SSM | {"ec2:AuthorizeSecurityGroupEgress"}),
    },
}
