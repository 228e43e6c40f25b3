"""SimulatePrincipalPolicy of the simulated account."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hikeshi.simulation.policies import Principal, judge

ARN = "arn:aws:ec2:ap-northeast-1:111122223333:instance/i-0abc1234def567890"


def allow(action: Any, resource: Any = "*", **condition: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    return {"Statement": [{**statement, **({"Condition": condition} if condition else {})}]}


def deny(action: str, **condition: Any) -> dict[str, Any]:
    made = allow(action, **condition)
    made["Statement"][0]["Effect"] = "Deny"
    return made


@pytest.mark.parametrize(
    ("policies", "decision"),
    [
        ([], "implicitDeny"),
        ([allow("ec2:Stop*")], "allowed"),
        ([allow("EC2:stopinstances")], "allowed"),
        ([allow(["s3:*"])], "implicitDeny"),
        ([allow("ec2:*", "arn:aws:ec2:*:*:instance/*")], "allowed"),
        ([allow("ec2:*", "arn:aws:ec2:*:*:volume/*")], "implicitDeny"),
        ([allow("ec2:*"), deny("ec2:StopInstances")], "explicitDeny"),
        ([{"Statement": {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}}], "allowed"),
        ([{"Statement": {"Effect": "Allow", "NotAction": "ec2:*", "Resource": "*"}}], "implicitDeny"),
    ],
)
def test_statements_are_judged(policies: list[Any], decision: str) -> None:
    assert judge(Principal(tuple(policies)), "ec2:StopInstances", ARN, {}) == decision


@pytest.mark.parametrize(
    ("condition", "context", "held"),
    [
        ({"StringEquals": {"aws:ResourceTag/a": "b"}}, {"aws:resourcetag/a": ["b"]}, True),
        ({"StringEquals": {"aws:ResourceTag/a": "b"}}, {"aws:ResourceTag/a": ["c"]}, False),
        ({"StringEquals": {"aws:ResourceTag/a": "b"}}, {}, False),
        ({"StringEqualsIfExists": {"aws:ResourceTag/a": "b"}}, {}, True),
        ({"StringNotEquals": {"aws:ResourceTag/a": "b"}}, {}, True),
        ({"StringNotLike": {"k": ["b*", "c*"]}}, {"k": ["bb"]}, False),
        ({"Null": {"aws:ResourceTag/hikeshi:protected": "true"}}, {}, True),
        ({"Null": {"aws:ResourceTag/hikeshi:protected": "true"}}, {"aws:ResourceTag/hikeshi:protected": ["1"]}, False),
        ({"ForAllValues:StringLike": {"aws:TagKeys": ["hikeshi:*"]}}, {"aws:TagKeys": ["hikeshi:x", "Name"]}, False),
        ({"ForAnyValue:StringLike": {"aws:TagKeys": ["hikeshi:*"]}}, {"aws:TagKeys": ["hikeshi:x", "Name"]}, True),
        ({"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}, {"aws:SourceIp": ["192.0.2.1"]}, False),
    ],
)
def test_conditions_are_judged(condition: dict[str, Any], context: dict[str, list[str]], *, held: bool) -> None:
    made = allow("ec2:StopInstances", **condition)
    assert judge(Principal((made,)), "ec2:StopInstances", ARN, context) == ("allowed" if held else "implicitDeny")


def test_a_condition_that_is_not_understood_denies() -> None:
    made = Principal((allow("*"), deny("*", IpAddress={"aws:SourceIp": "192.0.2.0/24"})))
    assert judge(made, "ec2:StopInstances", ARN, {"aws:SourceIp": ["198.51.100.1"]}) == "explicitDeny"


def test_a_boundary_narrows_what_is_given() -> None:
    made = Principal((allow("*"),), boundary=json.loads(json.dumps(allow("ec2:Describe*"))))
    assert judge(made, "ec2:StopInstances", ARN, {}) == "implicitDeny"
    assert judge(made, "ec2:DescribeVpcs", ARN, {}) == "allowed"
