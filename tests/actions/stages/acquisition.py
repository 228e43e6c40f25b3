"""Stages of the actions in `actions/aws/acquisition/`."""

from __future__ import annotations

import json
from typing import Any

from actions.account import ACCOUNT, REGION, Cloud
from actions.stages.stage import Stage, Stages


def two_interfaces(cloud: Cloud) -> dict[str, Any]:
    return {"instance_id": cloud.machine(2).id}


def a_snapshot(cloud: Cloud, **volume: Any) -> str:
    made = cloud.ec2.create_volume(Size=1, AvailabilityZone=f"{REGION}a", **volume)["VolumeId"]
    return str(cloud.ec2.create_snapshot(VolumeId=made)["SnapshotId"])


def plain(cloud: Cloud) -> dict[str, Any]:
    return {"evidence_of": a_snapshot(cloud)}


def customer_key(cloud: Cloud, account: str = "210987654321") -> str:
    """A key whose policy names the account."""
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return str(cloud.client("kms").create_key(Policy=policy)["KeyMetadata"]["Arn"])


def encrypted(cloud: Cloud) -> dict[str, Any]:
    key = customer_key(cloud)
    return {"evidence_of": a_snapshot(cloud, Encrypted=True), "account": "210987654321", "key": key}


def to_copy(cloud: Cloud) -> dict[str, Any]:
    return {"snapshot_id": a_snapshot(cloud), "key": customer_key(cloud)}


def to_mirror(cloud: Cloud) -> dict[str, Any]:
    machine = cloud.machine(2)
    target = cloud.ec2.create_traffic_mirror_target(NetworkInterfaceId=next(iter(machine.groups)))[
        "TrafficMirrorTarget"
    ]
    chosen = cloud.ec2.create_traffic_mirror_filter()["TrafficMirrorFilter"]
    return {
        "instance_id": machine.id,
        "mirror_target": target["TrafficMirrorTargetId"],
        "mirror_filter": chosen["TrafficMirrorFilterId"],
    }


def trail(cloud: Cloud, records: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """A trail that answers as often as it is asked: its pace has tests of its own."""
    lookups = cloud.layer.app.lookups
    lookups.replace(json.dumps(records or []).encode())
    lookups._in_time = lambda _: True
    return {"about": "ci-deploy"}


def not_completed(cloud: Cloud) -> dict[str, Any]:
    """Hashing a GiB takes most of a second: the actions' own tests do that, on images that they make smaller."""
    from moto.ec2.models import ec2_backends  # moto cannot make one over HTTP

    snapshot = a_snapshot(cloud)
    ec2_backends[ACCOUNT][REGION].snapshots[snapshot].status = "pending"
    return {"evidence_of": snapshot}


_READING = frozenset({"ebs:GetSnapshotBlock", "ebs:ListSnapshotBlocks", "kms:Decrypt", "s3:GetObject"})

_COPYING = frozenset(
    {
        "kms:CreateGrant",
        "kms:DescribeKey",
        "kms:GenerateDataKeyWithoutPlaintext",
        "kms:ReEncryptFrom",
        "kms:ReEncryptTo",
    }
)
"""What EC2 does with the keys on our behalf: no calls of ours."""
_INSTANCE = frozenset({"ec2:DescribeInstances"})

STAGES: Stages = {
    "aws.ebs.copy": {
        "plain": Stage(build=to_copy, areas=(), rare=_COPYING),
    },
    "aws.ebs.hash": {
        "pending": Stage(build=not_completed, areas=(), outcome="pending", rare=_READING),
    },
    "aws.ebs.lock": {
        "one": Stage(build=plain, areas=("ec2.snapshot_locks",), rare=_INSTANCE),
    },
    "aws.ebs.lock_compliance": {
        "one": Stage(build=lambda cloud: plain(cloud) | {"days": 30}, areas=("ec2.snapshot_locks",), rare=_INSTANCE),
    },
    "aws.ebs.share": {
        "encrypted": Stage(build=encrypted, areas=("ec2.snapshots",), rare=_INSTANCE | {"kms:DescribeKey"}),
    },
    "aws.ebs.snapshot_set": {
        "two": Stage(build=two_interfaces, areas=(), rare=frozenset({"ec2:CreateSnapshot"})),
    },
    "aws.ec2.flow_logs": {
        "two": Stage(
            build=two_interfaces,
            areas=("ec2.flow_logs",),
            rare=frozenset({"logs:CreateLogDelivery", "logs:DeleteLogDelivery"}),
        ),
    },
    "aws.ec2.metadata": {
        "two": Stage(
            build=two_interfaces,
            areas=(),
            rare=frozenset(
                {
                    "autoscaling:DescribeAutoScalingGroups",
                    "ec2:DescribeLaunchTemplateVersions",
                    "elasticloadbalancing:DescribeTargetHealth",
                }
            ),
        ),
    },
    "aws.ec2.mirror": {
        "two": Stage(build=to_mirror, areas=("ec2.mirrors",)),
    },
    "aws.logs.preserve": {
        "nothing": Stage(build=trail, areas=(), rare=frozenset({"s3:GetObject"})),
    },
    "aws.ssm.capture_memory": {
        "two": Stage(build=two_interfaces, areas=(), outcome="pending"),
    },
}
