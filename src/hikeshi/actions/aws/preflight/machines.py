"""The running instances of the region and the networks they are in: what most questions are asked about."""

from __future__ import annotations

from hikeshi.actions.aws.world import AwsWorld

MOST_INSTANCES = 1000
"""Instances looked at in one region; more are counted and said to be left out, never forgotten."""

_RUNNING = [{"Name": "instance-state-name", "Values": ["running"]}]


def running_instances(world: AwsWorld) -> dict[str, str]:
    """Instance to its VPC (empty: none)."""
    told = world.pages("ec2", "DescribeInstances", "Reservations", Filters=_RUNNING)
    return {one["InstanceId"]: one.get("VpcId", "") for reservation in told for one in reservation["Instances"]}


def networks(world: AwsWorld) -> list[str]:
    """The VPCs with running instances, sorted."""
    return sorted({vpc for vpc in running_instances(world).values() if vpc})
