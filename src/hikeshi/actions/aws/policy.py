"""The least-privilege IAM policy for chosen actions, derived from what they declare.

Scopes follow the Service Authorization Reference. Where IAM cannot narrow a permission further, the action checks itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from hikeshi.actions.action import Action
from hikeshi.actions.aws.acquisition.capture_memory import DOCUMENT
from hikeshi.actions.aws.machines import PROTECTED_TAG
from hikeshi.actions.aws.network.isolation_group import ROLE, ROLE_TAG

Condition = Mapping[str, Mapping[str, Any]]

_OURS: Condition = {"StringEquals": {f"aws:ResourceTag/{ROLE_TAG}": ROLE}}
_NEW_GROUP: Condition = {"StringEquals": {f"aws:RequestTag/{ROLE_TAG}": ROLE}}
_OUR_KEYS: Condition = {"ForAllValues:StringLike": {"aws:TagKeys": ["hikeshi:*"]}}
_NOT_PROTECTED: Condition = {"Null": {f"aws:ResourceTag/{PROTECTED_TAG}": "true"}}
_TAGGED = ("instance", "network-interface", "security-group", "snapshot", "volume")


class Scope(msgspec.Struct, frozen=True):
    """Where a permission is given: resource patterns ({partition}, {region}, {account}, {bucket}, {prefix}), and when."""

    resources: tuple[str, ...]
    condition: Condition = msgspec.field(default_factory=dict)


def _ec2(*kinds: str) -> tuple[str, ...]:
    # Snapshots carry no account in their name.
    return tuple(
        f"arn:{{partition}}:ec2:{{region}}:{'' if kind == 'snapshot' else '{account}'}:{kind}/*" for kind in kinds
    )


_OBJECTS = ("arn:{partition}:s3:::{bucket}/{prefix}/*",)

SCOPES: dict[str, tuple[Scope, ...]] = {
    "ec2:CreateSecurityGroup": (Scope(_ec2("security-group"), _NEW_GROUP), Scope(_ec2("vpc"))),
    "ec2:CreateSnapshot": (Scope(_ec2("snapshot", "volume")),),
    "ec2:CreateSnapshots": (Scope(_ec2("instance", "snapshot", "volume")),),
    "ec2:CreateTags": (Scope(_ec2(*_TAGGED), _OUR_KEYS),),
    "ec2:DeleteTags": (Scope(_ec2("instance", "network-interface", "volume"), _OUR_KEYS),),
    "ec2:ModifyInstanceAttribute": (Scope(_ec2("instance"), _NOT_PROTECTED), Scope(_ec2("security-group"))),
    "ec2:ModifyNetworkInterfaceAttribute": (
        Scope(_ec2("instance", "network-interface"), _NOT_PROTECTED),
        Scope(_ec2("security-group")),
    ),
    "ec2:RevokeSecurityGroupEgress": (Scope(_ec2("security-group"), _OURS),),
    "ec2:RevokeSecurityGroupIngress": (Scope(_ec2("security-group"), _OURS),),
    "s3:GetObject": (Scope(_OBJECTS),),
    "s3:ListBucketMultipartUploads": (Scope(("arn:{partition}:s3:::{bucket}",)),),
    "s3:PutObject": (Scope(_OBJECTS),),
    "ssm:SendCommand": (
        Scope((f"arn:{{partition}}:ssm:{{region}}::document/{DOCUMENT}",)),
        Scope(_ec2("instance")),
    ),
}
"""Every permission that changes something or reads evidence must be here; only reading ones may go without (resource "*")."""


def policy(
    actions: Iterable[type[Action[Any]]],
    *,
    account: str,
    region: str = "*",
    bucket: str = "",
    prefix: str = "hikeshi",
    partition: str = "aws",
) -> dict[str, Any]:
    """The policy document for these actions as plain JSON. An empty `bucket` leaves the storage permissions out."""
    names = {"partition": partition, "region": region, "account": account, "bucket": bucket, "prefix": prefix}
    wanted = sorted({permission for action in actions for permission in action.permissions})
    wanted = [permission for permission in wanted if bucket or not permission.startswith("s3:")]
    reading = [permission for permission in wanted if permission not in SCOPES]
    statements = [{"Sid": "Read", "Effect": "Allow", "Action": reading, "Resource": "*"}] if reading else []
    for permission in wanted:
        for number, scope in enumerate(SCOPES.get(permission, ()), start=1):
            statements.append(_statement(permission, number, scope, names))
    return {"Version": "2012-10-17", "Statement": statements}


def _statement(permission: str, number: int, scope: Scope, names: Mapping[str, str]) -> dict[str, Any]:
    service, operation = permission.split(":")
    statement = {
        "Sid": f"{service.capitalize()}{operation}{number}",
        "Effect": "Allow",
        "Action": [permission],
        "Resource": [resource.format(**names) for resource in scope.resources],
    }
    return {**statement, "Condition": scope.condition} if scope.condition else statement
