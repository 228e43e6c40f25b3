"""A working day in the account: what its CloudTrail is full of when nothing is wrong."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from hikeshi.simulation import cast
from hikeshi.simulation.scene import Scene
from hikeshi.simulation.trail import Act, Who, assumed, service, unique_id, user

BROWSER: Final = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15"
TERRAFORM: Final = "APN/1.0 HashiCorp/1.0 Terraform/1.9.8 terraform-provider-aws/5.76.0 aws-sdk-go-v2/1.32.4"
CLI: Final = "aws-cli/2.22.4 md/awscrt#0.23.4 ua/2.0 os/linux#6.1 md/arch#x86_64 lang/python#3.12.6 md/command#ecr.get-login-password"
SSM_AGENT: Final = "aws-sdk-go/1.55.5 (go1.23.3; linux; amd64) amazon-ssm-agent/3.3.1345.0"
SLIP: Final = 0.006
"""Share of ordinary calls that fail: throttled pollers, a missing right, a thing that is gone."""

# What each kind of caller does, as service:operation; a name given twice is done twice as often.
CONFIG: Final = [
    "ec2:DescribeInstances",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeVolumes",
    "ec2:DescribeVpcs",
    "iam:ListRoles",
    "iam:ListUsers",
    "s3:GetBucketPolicy",
    "s3:GetBucketVersioning",
    "s3:ListBuckets",
    "lambda:ListFunctions",
    "rds:DescribeDBInstances",
    "kms:ListKeys",
]
CONSOLE: Final = [
    "ec2:DescribeInstances",
    "ec2:DescribeInstances",
    "ec2:DescribeInstanceStatus",
    "ec2:DescribeSecurityGroups",
    "s3:ListBuckets",
    "monitoring:DescribeAlarms",
    "logs:DescribeLogGroups",
    "cloudtrail:LookupEvents",
    "iam:ListUsers",
    "health:DescribeEventAggregates",
]
DEPLOY: Final = [
    "ecs:RegisterTaskDefinition",
    "ecs:UpdateService",
    "ecs:DescribeServices",
    "ecs:DescribeServices",
    "ec2:DescribeSubnets",
    "elasticloadbalancing:DescribeTargetHealth",
    "sts:GetCallerIdentity",
    "logs:CreateLogStream",
]
PUSH: Final = [
    "ecr:GetAuthorizationToken",
    "ecr:BatchCheckLayerAvailability",
    "ecr:PutImage",
    "ecr:DescribeImages",
    "sts:GetCallerIdentity",
]
WATCH: Final = [
    "monitoring:GetMetricData",
    "monitoring:GetMetricData",
    "monitoring:ListMetrics",
    "ec2:DescribeInstances",
    "rds:DescribeDBInstances",
    "autoscaling:DescribeAutoScalingGroups",
    "sqs:GetQueueAttributes",
]
POLLING: Final = ["ssm:UpdateInstanceInformation", "ssm:ListAssociations", "ssm:ListInstanceAssociations"]
SERVICES: Final = ("config", "ssm", "guardduty", "autoscaling", "cloudtrail", "inspector2")


class Habit(msgspec.Struct, frozen=True):
    """A caller, what it does, and how much of the day's traffic it makes."""

    who: Who
    does: list[str]
    weight: float


def habits(scene: Scene) -> list[Habit]:
    """Everybody who ordinarily calls."""
    people = ("hanako.sato", "taro.suzuki", "yuki.tanaka")
    return [
        Habit(
            assumed("AWSServiceRoleForConfig", "AWSConfig-Describe", "config.amazonaws.com", "config.amazonaws.com"),
            CONFIG,
            24,
        ),
        *(
            Habit(assumed("ops", name, cast.OFFICE[place % 2], BROWSER, mfa=True), CONSOLE, 5)
            for place, name in enumerate(people)
        ),
        Habit(assumed("deploy", "pipeline", cast.RUNNER, TERRAFORM), DEPLOY, 9),
        Habit(user(cast.LEAKED_USER, cast.LEAKED_KEY, cast.RUNNER, CLI), PUSH, 5),
        Habit(assumed("monitoring", "collector", "192.0.2.50", "Boto3/1.35.60 md/Botocore#1.35.60"), WATCH, 14),
        *(Habit(service(f"{name}.amazonaws.com"), ["sts:AssumeRole"], 3) for name in SERVICES),
        *(Habit(_agent_of(scene, machine.id), POLLING, 5) for machine in scene.machines),
    ]


def _agent_of(scene: Scene, instance_id: str) -> Who:
    """The agent on one instance. AWS sees the victim's own public address, or the address translation in front of the others."""
    if instance_id == scene.instance_id:
        return assumed(scene.role, instance_id, scene.public_address, SSM_AGENT, role_id=scene.role_id)
    return assumed("AWSSystemsManagerDefaultEC2InstanceManagementRole", instance_id, "192.0.2.81", SSM_AGENT)


def day(scene: Scene, chance: random.Random, *, begin: int, end: int, count: int) -> Iterator[Act]:
    """`count` ordinary calls between two moments (epoch seconds), in no order. People log in before they work."""
    known = habits(scene)
    chosen = chance.choices(known, weights=[habit.weight for habit in known], k=count)
    for number, habit in enumerate(chosen):
        at = chance.randrange(begin, end)
        if habit.does is CONSOLE and number % 25 == 0:
            yield _login(habit.who, at)
            continue
        service_name, _, name = chance.choice(habit.does).partition(":")
        yield _act(scene, chance, habit.who, at, service_name, name)


def _login(who: Who, at: int) -> Act:
    name = str(who.identity["principalId"]).rpartition(":")[2]
    return Act(
        at=at,
        who=user(name, "", who.address, who.agent),
        service="signin",
        name="ConsoleLogin",
        response={"ConsoleLogin": "Success"},
        more={
            "additionalEventData": {
                "LoginTo": "https://console.aws.amazon.com/",
                "MobileVersion": "No",
                "MFAUsed": "Yes",
            }
        },
    )


def _act(scene: Scene, chance: random.Random, who: Who, at: int, service_name: str, name: str) -> Act:
    error = _slip(chance)
    response = _assumed_by_service(who) if name == "AssumeRole" and not error else None
    more: dict[str, Any] = {"sharedEventID": f"{chance.getrandbits(128):032x}"} if name == "AssumeRole" else {}
    request = _request(scene, chance, who, name)
    return Act(
        at=at, who=who, service=service_name, name=name, request=request, response=response, error=error, more=more
    )


def _slip(chance: random.Random) -> tuple[str, str] | tuple[()]:
    if chance.random() >= SLIP:
        return ()
    return chance.choice(
        [
            ("ThrottlingException", "Rate exceeded"),
            ("ResourceNotFoundException", "The specified resource does not exist."),
            ("AccessDenied", "Access Denied"),
        ]
    )


def _request(scene: Scene, chance: random.Random, who: Who, name: str) -> dict[str, Any] | None:
    """The parameters that matter to a reader; most calls of pollers have none."""
    machine = chance.choice(scene.machines)
    if name == "UpdateInstanceInformation":
        own = str(who.identity["principalId"]).rpartition(":")[2]
        return {"instanceId": own, "agentVersion": "3.3.1345.0", "agentStatus": "Active", "platformType": "Linux"}
    if name == "DescribeInstances":
        return {"instancesSet": {"items": [{"instanceId": machine.id}]}, "filterSet": {}}
    if name == "AssumeRole":
        return {
            "roleArn": _service_role(who),
            "roleSessionName": f"session-{chance.randrange(10**9)}",
            "durationSeconds": 3600,
        }
    return None


def _service_role(who: Who) -> str:
    host = who.address
    return f"arn:aws:iam::{cast.ACCOUNT}:role/aws-service-role/{host}/AWSServiceRoleFor{host.partition('.')[0].title()}"


def _assumed_by_service(who: Who) -> dict[str, Any]:
    return {"credentials": {"accessKeyId": unique_id("ASIA", who.address), "sessionToken": "made-up"}}
