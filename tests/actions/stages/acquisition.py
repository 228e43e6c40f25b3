"""Stages of the actions in `actions/aws/acquisition/`."""

from __future__ import annotations

from typing import Any

from actions.account import Cloud
from actions.stages.stage import Stage, Stages


def two_interfaces(cloud: Cloud) -> dict[str, Any]:
    return {"instance_id": cloud.machine(2).id}


STAGES: Stages = {
    "aws.ebs.snapshot_set": {
        "two": Stage(build=two_interfaces, areas=(), rare=frozenset({"ec2:CreateSnapshot"})),
    },
    "aws.ssm.capture_memory": {
        "two": Stage(build=two_interfaces, areas=(), outcome="pending"),
    },
}
