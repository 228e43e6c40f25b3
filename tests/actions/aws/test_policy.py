"""The least-privilege policy says exactly what the actions declare."""

from __future__ import annotations

import json

import pytest

from hikeshi.actions import ACTIONS
from hikeshi.actions.aws.policy import of_iam, policy

READING = ("Describe", "Get", "List", "Lookup")


@pytest.mark.parametrize("name", ACTIONS)
def test_a_policy_gives_the_declared_permissions_and_no_other(name: str) -> None:
    made = policy([ACTIONS[name]], account="111122223333", bucket="example-evidence")
    given = {action for statement in made["Statement"] for action in statement["Action"]}
    assert given == set(of_iam(ACTIONS[name].permissions))


WHOLE_ACCOUNT = {
    "config:StartConfigurationRecorder",
    "ec2:DisableSnapshotBlockPublicAccess",
    "ec2:DisableSerialConsoleAccess",
    "ec2:EnableSerialConsoleAccess",
    "ec2:EnableSnapshotBlockPublicAccess",
    "ec2:ModifyVpcBlockPublicAccessOptions",
    "guardduty:CreateDetector",
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "s3:PutAccountPublicAccessBlock",
}
"""What IAM knows no narrower resource for than everything."""


WITHOUT_ACCOUNT = ("snapshot/", ":s3:", "document/", "::image/", ":sso:::", ":identitystore:::user/", ":iam::*:root")
"""Kinds of names that carry no account."""


def test_only_reading_is_given_on_everything() -> None:
    made = policy(ACTIONS.values(), account="111122223333", bucket="example-evidence")
    for statement in made["Statement"]:
        if statement["Resource"] == "*":
            assert all(action.split(":")[1].startswith(READING) for action in statement["Action"])
        elif not WHOLE_ACCOUNT.issuperset(statement["Action"]):
            assert all(any(part in arn for part in ("111122223333", *WITHOUT_ACCOUNT)) for arn in statement["Resource"])


def test_statements_have_unique_names_and_the_account_is_put_in() -> None:
    made = policy(ACTIONS.values(), account="111122223333", bucket="example-evidence")
    names = [statement["Sid"] for statement in made["Statement"]]
    assert len(names) == len(set(names))
    assert "{account}" not in json.dumps(made)


WAY_BACK = {
    "DeleteBucketPolicy",
    "DeleteClusterRoleBinding",
    "DeleteFunctionConcurrency",
    "DeleteInlinePolicyFromPermissionSet",
    "DeleteFlowLogs",
    "DeleteLogDelivery",
    "DeleteLoginProfile",
    "DeleteNetworkAclEntry",
    "DeleteObject",
    "DeleteRolePolicy",
    "DeleteNetworkPolicy",
    "DeleteRoleBinding",
    "DeleteRoute",
    "DeleteTags",
    "DeleteThreatEntitySet",
    "DeleteTrafficMirrorSession",
    "DeleteUserPermissionsBoundary",
    "DeleteUserPolicy",
    "StopInstances",
}
"""Deleting that takes our own addition away again; a password, which is all a login profile holds; a route or a binding, which its plan holds; and
stopping what we have launched."""
SESSIONS = {"TerminateSession"}


@pytest.mark.parametrize("name", [name for name, kind in ACTIONS.items() if kind.effect != "destroy"])
def test_nothing_is_deleted_or_terminated_but_what_we_made(name: str) -> None:
    verbs = {permission.split(":")[1] for permission in ACTIONS[name].permissions}
    assert not {verb for verb in verbs - WAY_BACK - SESSIONS if verb.startswith(("Delete", "Terminate", "Stop"))}


def test_without_a_bucket_nothing_of_it_is_given() -> None:
    made = policy(ACTIONS.values(), account="111122223333")
    assert '"s3:PutObject"' not in json.dumps(made)


def test_another_partition_is_followed() -> None:
    assert "arn:aws-cn:ec2" in json.dumps(policy(ACTIONS.values(), account="111122223333", partition="aws-cn"))
