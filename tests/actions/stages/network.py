"""Stages of the actions in `actions/aws/network/`."""

from __future__ import annotations

from actions.stages.stage import Stage, Stages
from hikeshi.simulation.building.network import (
    a_subnet,
    a_way_out,
    one_plain,
    two_interfaces,
    with_a_peer,
    with_addresses,
    with_endpoints,
)

AREAS = ("ec2.groups", "ec2.instances", "ec2.interfaces")
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
