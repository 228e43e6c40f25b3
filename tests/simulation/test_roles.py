"""AssumeRole: who may enter, for how long, and with how much."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from hikeshi.simulation.cloud import SimulatedCloud

NAME = "hikeshi-contain"


@pytest.fixture
def role(cloud: SimulatedCloud) -> str:
    """A role that asks for an external id and lets its sessions be named."""
    cloud.reset()
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": ["sts:AssumeRole", "sts:SetSourceIdentity"],
        "Condition": {"StringEquals": {"sts:ExternalId": "right"}},
    }
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    made = cloud.client("iam").create_role(RoleName=NAME, AssumeRolePolicyDocument=trust)
    return str(made["Role"]["Arn"])


def assume(cloud: SimulatedCloud, arn: str, **more: Any) -> Any:
    params = {"RoleArn": arn, "RoleSessionName": "INC-2026-0001", "ExternalId": "right", **more}
    return cloud.client("sts").assume_role(**params)["Credentials"]


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"ExternalId": "wrong"}, "AccessDenied"),
        ({"RoleArn": "arn:aws:iam::123456789012:role/none"}, "AccessDenied"),
        ({"DurationSeconds": 7200}, "ValidationError"),
        ({"Policy": json.dumps({"Statement": ["x" * 3000]})}, "PackedPolicyTooLarge"),
    ],
)
def test_who_may_not_enter(cloud: SimulatedCloud, role: str, more: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError) as told:
        assume(cloud, role, **more)
    assert told.value.response["Error"]["Code"] == code


def test_a_session_has_no_more_than_its_policy_names(cloud: SimulatedCloud, role: str) -> None:
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ec2:Describe*", "Resource": "*"}]}
    given = assume(cloud, role, Policy=json.dumps(policy), SourceIdentity="hanako")
    session = cloud._session.client(
        "ec2",
        endpoint_url=cloud.endpoint_url,
        region_name="ap-northeast-1",
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )
    assert session.describe_vpcs()["Vpcs"]
    with pytest.raises(ClientError, match="no session policy allows"):
        session.create_vpc(CidrBlock="10.0.0.0/16")
