"""The weather: too many, too early, not allowed, seen late, as the SDK meets it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from botocore.exceptions import ClientError

from hikeshi.simulation.cloud import SimulatedCloud
from hikeshi.simulation.weather import Climate
from hikeshi.simulation.wire import Call
from simulation.test_faults import once


@pytest.fixture(autouse=True)
def good_weather(cloud: SimulatedCloud) -> Iterator[None]:
    yield
    cloud.weather()


def refused(client: Any, operation: str, **params: Any) -> str:
    with pytest.raises(ClientError) as told:
        getattr(client, operation)(**params)
    return str(told.value.response["Error"]["Code"])


def _code(ec2: Any) -> str:
    try:
        ec2.create_vpc_endpoint(VpcId="vpc-0123456789abcdef0", ServiceName="none")
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


def swap(region: str = "ap-northeast-1") -> Call:
    return Call(
        service="ec2",
        region=region,
        operation="ModifyNetworkInterfaceAttribute",
        protocol="ec2",
        params={},
        body=b"",
    )


def test_each_api_of_an_account_and_region_has_its_bucket() -> None:
    now = [0.0]
    climate = Climate(lambda: now[0])
    climate.replace(b'{"buckets": true}')
    through = [climate.stops(swap(), "") is None for _ in range(110)]
    assert through.count(True) == 100
    assert climate.stops(swap(), "210987654321") is None
    assert climate.stops(swap("eu-west-1"), "") is None
    now[0] = 1.0
    assert [climate.stops(swap(), "") is None for _ in range(6)].count(True) == 5
    assert climate.refused == 11


def test_the_sdk_meets_the_refusals_it_knows(cloud: SimulatedCloud) -> None:
    cloud.weather(buckets=True)
    ec2 = once(cloud, "ec2")
    told = [_code(ec2) for _ in range(8)]
    assert told[0] != "RequestLimitExceeded" == told[-1]
    assert ec2.describe_volumes(Filters=[{"Name": "status", "Values": ["available"]}])["Volumes"] == []


def test_a_permission_may_be_missing(cloud: SimulatedCloud) -> None:
    cloud.weather(denied=("ec2:Create*", "iam:ListUsers"))
    assert refused(once(cloud, "ec2"), "create_vpc", CidrBlock="10.0.0.0/16") == "UnauthorizedOperation"
    assert refused(once(cloud, "iam"), "list_users") == "AccessDenied"
    assert once(cloud, "iam").list_roles()["Roles"] == []


def test_an_answer_takes_its_time(cloud: SimulatedCloud) -> None:
    cloud.weather(latency=0.1)
    began = time.monotonic()
    cloud.client("ec2").describe_vpcs()
    assert time.monotonic() - began >= 0.1


def test_what_was_just_made_is_not_seen_at_first(cloud: SimulatedCloud) -> None:
    ec2 = once(cloud, "ec2")
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    cloud.weather(unseen=2)
    group = ec2.create_security_group(GroupName="new", Description="new", VpcId=vpc)["GroupId"]
    only = [{"Name": "vpc-id", "Values": [vpc]}]
    assert group not in [one["GroupId"] for one in ec2.describe_security_groups(Filters=only)["SecurityGroups"]]
    tags = [{"Key": "a", "Value": "b"}]
    assert refused(ec2, "create_tags", Resources=[group], Tags=tags) == "InvalidGroup.NotFound"
    ec2.create_tags(Resources=[group], Tags=tags)
    assert group in [one["GroupId"] for one in ec2.describe_security_groups(Filters=only)["SecurityGroups"]]


def test_a_change_shows_late(cloud: SimulatedCloud) -> None:
    ec2 = once(cloud, "ec2")
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    cloud.weather(late=2)
    assert "Tags" not in ec2.describe_vpcs()["Vpcs"][0] or not ec2.describe_vpcs()["Vpcs"][0]["Tags"]
    ec2.create_tags(Resources=[vpc], Tags=[{"Key": "late", "Value": "1"}])
    shown = [bool(ec2.describe_vpcs()["Vpcs"][0].get("Tags")) for _ in range(3)]
    assert shown == [False, False, True]


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"storm": 1}'])
def test_what_is_no_weather_is_refused(body: bytes) -> None:
    with pytest.raises(msgspec.MsgspecError):
        Climate().replace(body)
