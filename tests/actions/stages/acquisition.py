"""Stages of the actions in `actions/aws/acquisition/`."""

from __future__ import annotations

from actions.stages.stage import Stage, Stages
from hikeshi.simulation.building.acquisition import (
    encrypted,
    not_completed,
    plain,
    to_copy,
    to_mirror,
    trail,
    two_interfaces,
)
from hikeshi.simulation.building.data import a_vpc, layered_function, made_stack, pushed_image, task_of_an_image

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
    "aws.cloudformation.acquire_template": {"stack": Stage(build=made_stack, areas=())},
    "aws.dns.query_logs": {
        "vpc": Stage(
            build=a_vpc,
            areas=("dns.query_logs",),
            rare=frozenset({"logs:CreateLogDelivery", "logs:DeleteLogDelivery"}),
        ),
    },
    "aws.ecr.acquire_image": {"index": Stage(build=pushed_image, areas=())},
    "aws.ecs.acquire_task": {"registry": Stage(build=task_of_an_image, areas=())},
    "aws.lambda.acquire_code": {
        "layered": Stage(build=layered_function, areas=()),
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
        "nothing": Stage(build=trail, areas=(), rare=frozenset({"ec2:DescribeRegions", "s3:GetObject"})),
    },
    "aws.ssm.capture_memory": {
        "two": Stage(build=two_interfaces, areas=(), outcome="pending"),
    },
}
