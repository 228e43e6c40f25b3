"""EKS clusters: how one is named, and found."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from hikeshi.actions.aws.world import AwsWorld
from hikeshi.aws.failures import CallFailed
from hikeshi.errors import Refused

ClusterName = Annotated[
    str, msgspec.Meta(pattern=r"^[0-9A-Za-z][A-Za-z0-9\-_]{0,99}$", title="Cluster", examples=["production"])
]


def find_cluster(world: AwsWorld, name: str) -> dict[str, Any]:
    """What DescribeCluster tells. Raises `Refused` where there is no such cluster."""
    try:
        found: dict[str, Any] = world.read("eks", "DescribeCluster", name=name)["cluster"]
    except CallFailed as failure:
        if failure.code != "ResourceNotFoundException":
            raise
        hint = "Check the account, the region and the name."
        raise Refused(f"There is no EKS cluster {name} in {world.account} {world.region}.", hint=hint) from None
    return found
