"""Stages of the actions in `actions/aws/acquisition/`."""

from __future__ import annotations

from typing import Any

from actions.account import ACCOUNT, REGION, Cloud
from actions.stages.stage import Stage, Stages


def two_interfaces(cloud: Cloud) -> dict[str, Any]:
    return {"instance_id": cloud.machine(2).id}


def not_completed(cloud: Cloud) -> dict[str, Any]:
    """Hashing a GiB takes most of a second: the actions' own tests do that, on images that they make smaller."""
    from moto.ec2.models import ec2_backends  # moto cannot make one over HTTP

    volume = cloud.ec2.create_volume(Size=1, AvailabilityZone=f"{REGION}a")["VolumeId"]
    snapshot = cloud.ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    ec2_backends[ACCOUNT][REGION].snapshots[snapshot].status = "pending"
    return {"evidence_of": snapshot}


_READING = frozenset({"ebs:GetSnapshotBlock", "ebs:ListSnapshotBlocks", "kms:Decrypt", "s3:GetObject"})

STAGES: Stages = {
    "aws.ebs.hash": {
        "pending": Stage(build=not_completed, areas=(), outcome="pending", rare=_READING),
    },
    "aws.ebs.snapshot_set": {
        "two": Stage(build=two_interfaces, areas=(), rare=frozenset({"ec2:CreateSnapshot"})),
    },
    "aws.ssm.capture_memory": {
        "two": Stage(build=two_interfaces, areas=(), outcome="pending"),
    },
}
