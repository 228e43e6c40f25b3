"""Stages of the actions in `actions/aws/network/`."""

from __future__ import annotations

from typing import Any

from actions.account import Cloud
from actions.stages.stage import Stage, Stages

AREAS = ("ec2.groups", "ec2.instances", "ec2.interfaces")


def one_plain(cloud: Cloud) -> dict[str, Any]:
    """Launched with group ids: one interface, and moto's view of groups is the union of both lists."""
    return {"instance_id": cloud.plain_machine().id}


def two_interfaces(cloud: Cloud) -> dict[str, Any]:
    return {"instance_id": cloud.machine(2).id}


_RARE = frozenset({"ec2:RevokeSecurityGroupIngress", "elasticloadbalancing:DescribeTargetHealth"})

STAGES: Stages = {
    "aws.ec2.isolate": {
        "plain": Stage(build=one_plain, areas=AREAS, rare=_RARE),
        "two": Stage(build=two_interfaces, areas=AREAS, rare=_RARE | {"ec2:ModifyInstanceAttribute"}),
    },
    "aws.ec2.mark": {
        "plain": Stage(build=one_plain, areas=AREAS),
        "two": Stage(build=two_interfaces, areas=AREAS),
    },
}
