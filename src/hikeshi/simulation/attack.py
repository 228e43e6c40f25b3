"""What the attacker does in the account, minute by minute, as CloudTrail sees it.

The key of `ci-deploy` has leaked. It is tried, the account is looked over (much of it denied), a second user with a key and full rights is
made, large machines are asked for in vain, a command is sent to the victim, the victim's role session turns up outside, and at the
end the trail is to be stopped, which is denied. Technique numbers are MITRE ATT&CK's.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from typing import Any, Final

from hikeshi.simulation import cast
from hikeshi.simulation.scene import DETECTOR, Scene
from hikeshi.simulation.trail import GLOBAL_REGION, Act, Who, assumed, denied, unique_id, user

AGENT: Final = "aws-cli/2.9.19 Python/3.11.2 Linux/6.1.0-kali9-amd64 source/x86_64.kali.2023 prompt/off"
SDK: Final = "Boto3/1.26.27 Python/3.11.2 Linux/6.1.0-kali9-amd64 Botocore/1.29.27"
TRAIL: Final = f"arn:aws:cloudtrail:{cast.REGION}:{cast.ACCOUNT}:trail/account-trail"

# Enumeration (T1087.004, T1580): service:operation, with "-" before what is denied.
LOOK_OVER: Final = [
    "-iam:ListUsers",
    "-iam:ListRoles",
    "-iam:ListAttachedUserPolicies",
    "-iam:GetAccountAuthorizationDetails",
    "-iam:ListAccessKeys",
    "s3:ListBuckets",
    "ec2:DescribeInstances",
    "ec2:DescribeVpcs",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeRegions",
    "-lambda:ListFunctions",
    "-secretsmanager:ListSecrets",
    "-ses:GetSendQuota",
    "-organizations:DescribeOrganization",
    "ssm:DescribeInstanceInformation",
    "-kms:ListKeys",
    "-rds:DescribeDBInstances",
    "-ecs:ListClusters",
    "ec2:DescribeInstances",
    "-guardduty:ListDetectors",
]
TRIED_OUTSIDE: Final = [
    "s3:ListBuckets",
    "s3:GetBucketLocation",
    "-secretsmanager:ListSecrets",
    "-iam:ListRoles",
    "ec2:DescribeInstances",
]
ALLOW_ALL: Final = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
MINUTE: Final = 60


def chain(scene: Scene, chance: random.Random, *, now: int) -> Iterator[Act]:
    """Every call of the attacker, in time order; `now` (epoch seconds) is the finding. Begins 25 hours before."""
    leaked = user(cast.LEAKED_USER, cast.LEAKED_KEY, cast.ATTACKER, AGENT)
    backdoor = user(cast.BACKDOOR_USER, cast.BACKDOOR_KEY, cast.ATTACKER, SDK)
    stolen = assumed(
        scene.role, scene.instance_id, cast.OUTSIDE, SDK, key=cast.STOLEN_SESSION_KEY, role_id=scene.role_id
    )
    yield from _look_over(leaked, LOOK_OVER, now - 1500 * MINUTE, chance)
    yield from _stay(leaked, now - 1380 * MINUTE)
    yield from _look_over(
        backdoor, ["ssm:DescribeInstanceInformation", "ec2:DescribeInstances"], now - 1320 * MINUTE, chance
    )
    yield from _ask_for_machines(backdoor, now - 600 * MINUTE)
    yield from _command(scene, backdoor, now - 560 * MINUTE)
    yield from _look_over(stolen, TRIED_OUTSIDE, now - 300 * MINUTE, chance)
    yield from _blind(leaked, now - 90 * MINUTE)


def _look_over(who: Who, calls: list[str], at: int, chance: random.Random) -> Iterator[Act]:
    yield Act(at=at, who=who, service="sts", name="GetCallerIdentity")
    for call in calls:
        at += chance.randrange(2, 12)
        service, _, name = call.lstrip("-").partition(":")
        error = denied(who, service, name) if call.startswith("-") else ()
        yield Act(at=at, who=who, service=service, name=name, error=error)


def _stay(who: Who, at: int) -> Iterator[Act]:
    """Persistence: T1136.003 (a user), T1098.001 (a key), T1098.003 (rights)."""
    name = cast.BACKDOOR_USER
    arn = f"arn:aws:iam::{cast.ACCOUNT}:user/{name}"
    made = {"user": {"userName": name, "userId": unique_id("AIDA", name), "arn": arn, "path": "/"}}
    key = {"accessKey": {"accessKeyId": cast.BACKDOOR_KEY, "userName": name, "status": "Active"}}
    policy = {"userName": name, "policyName": "metrics", "policyDocument": ALLOW_ALL}
    attach = {"userName": name, "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}
    steps: list[tuple[str, Mapping[str, Any], Mapping[str, Any] | None, bool]] = [
        ("CreateUser", {"userName": name}, made, True),
        ("AttachUserPolicy", attach, None, False),
        ("PutUserPolicy", policy, None, True),
        ("CreateAccessKey", {"userName": name}, key, True),
    ]
    for place, (operation, request, response, allowed) in enumerate(steps):
        error = () if allowed else denied(who, "iam", operation)
        yield Act(
            at=at + place * 20, who=who, service="iam", name=operation, request=request, response=response, error=error
        )


def _ask_for_machines(who: Who, at: int) -> Iterator[Act]:
    """T1578.002 and T1496: machines for mining, in a region nobody watches; the account's limit says no."""
    request = {"instancesSet": {"items": [{"minCount": 1, "maxCount": 8}]}, "instanceType": "p4d.24xlarge"}
    error = (
        "Client.VcpuLimitExceeded",
        "You have requested more vCPU capacity than your current vCPU limit of 0 allows.",
    )
    for place in range(3):
        yield Act(
            at=at + place * 45,
            who=who,
            service="ec2",
            name="RunInstances",
            request=request,
            error=error,
            region=GLOBAL_REGION,
        )


def _command(scene: Scene, who: Who, at: int) -> Iterator[Act]:
    """T1651: a shell command through Systems Manager. CloudTrail hides its text."""
    hidden = "HIDDEN_DUE_TO_SECURITY_REASONS"
    request = {"instanceIds": [scene.instance_id], "documentName": "AWS-RunShellScript", "parameters": hidden}
    command_id = "6f1d2c3b-0000-4000-8000-5eed5eed5eed"
    response = {"command": {**request, "commandId": command_id, "status": "Pending", "targetCount": 1}}
    yield Act(at=at, who=who, service="ssm", name="SendCommand", request=request, response=response)
    for place in range(1, 4):
        asked = {"commandId": command_id, "instanceId": scene.instance_id}
        yield Act(at=at + place * 5, who=who, service="ssm", name="GetCommandInvocation", request=asked)


def _blind(who: Who, at: int) -> Iterator[Act]:
    """T1562.008: the trail and the detector are to go; all denied."""
    steps: list[tuple[str, str, Mapping[str, Any]]] = [
        ("cloudtrail", "StopLogging", {"name": TRAIL}),
        ("cloudtrail", "DeleteTrail", {"name": TRAIL}),
        ("guardduty", "DeleteDetector", {"detectorId": DETECTOR}),
        ("cloudtrail", "StopLogging", {"name": TRAIL}),
    ]
    for place, (service, name, request) in enumerate(steps):
        yield Act(
            at=at + place * 15, who=who, service=service, name=name, request=request, error=denied(who, service, name)
        )
