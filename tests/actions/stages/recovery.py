"""Stages of the actions in `actions/aws/recovery/`."""

from __future__ import annotations

from actions.stages.stage import Stage, Stages
from hikeshi.actions.aws.recovery.cleanup import Cleanup
from hikeshi.simulation.building.recovery import destroyed, to_rebuild, to_release

STAGES: Stages = {
    "aws.cloudtrail.watch": {
        "soon": Stage(
            build=lambda _: {"caller": "ci-deploy"},
            areas=(),
            outcome="pending",
            rare=frozenset({"cloudtrail:LookupEvents"}),
        ),
    },
    "aws.ec2.rebuild": {
        "suspect": Stage(
            build=to_rebuild, areas=("ec2.rebuilt",), rare=frozenset({"ec2:StartInstances", "iam:PassRole"})
        ),
    },
    "aws.ec2.release": {
        "nothing": Stage(
            build=to_release,
            areas=(),
            outcome="done",
            rare=frozenset({"ec2:DescribeLockedSnapshots", "s3:ListBucket"}),
        ),
    },
    "aws.iam.cleanup": {
        "nothing": Stage(
            build=lambda _: {},
            areas=(),
            rare=frozenset(Cleanup.permissions),
        ),
    },
    "aws.s3.restore_versions": {
        "destroyed": Stage(build=destroyed, areas=("s3.objects",), rare=frozenset({"s3:GetObjectVersion"})),
    },
}
