"""Faults: the SDK meets the exceptions it would meet on AWS, as often as asked and no more."""

from __future__ import annotations

import time
from typing import Any

import msgspec
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionError as NoAnswer, HTTPClientError
from hypothesis import given, strategies as st

from hikeshi.simulation.cloud import SimulatedCloud
from hikeshi.simulation.faults import Fault, Faults, Kind
from hikeshi.simulation.wire import Call


def once(cloud: SimulatedCloud, service: str) -> Any:
    """A client that does not try again, so that a fault is seen."""
    patient = cloud.client(service)
    config = patient.meta.config.merge(Config(retries={"mode": "standard", "total_max_attempts": 1}))
    keys = {"aws_access_key_id": "simulated", "aws_secret_access_key": "simulated"}
    region = patient.meta.region_name
    return cloud._session.client(service, endpoint_url=cloud.endpoint_url, region_name=region, config=config, **keys)


ASKED: dict[str, tuple[str, str, dict[str, Any]]] = {
    # service: (operation of the SDK, operation of the fault, parameters)
    "autoscaling": ("describe_auto_scaling_groups", "DescribeAutoScalingGroups", {}),
    "ec2": ("describe_vpcs", "DescribeVpcs", {}),
    "iam": ("list_users", "ListUsers", {}),
    "s3": ("put_object", "PUT", {"Bucket": "b", "Key": "k", "Body": b"x" * 200_000}),
    "sqs": ("list_queues", "ListQueues", {}),
    "ssm": ("describe_instance_information", "DescribeInstanceInformation", {}),
}
CODES: dict[Kind, dict[str, str]] = {
    "throttle": {
        "autoscaling": "Throttling",
        "ec2": "RequestLimitExceeded",
        "iam": "Throttling",
        "s3": "SlowDown",
        "sqs": "ThrottlingException",
        "ssm": "ThrottlingException",
    },
    "denied": {
        "autoscaling": "AccessDenied",
        "ec2": "UnauthorizedOperation",
        "iam": "AccessDenied",
        "s3": "AccessDenied",
        "sqs": "AccessDeniedException",
        "ssm": "AccessDeniedException",
    },
    "500": {
        "autoscaling": "InternalFailure",
        "ec2": "InternalError",
        "iam": "InternalFailure",
        "s3": "InternalError",
        "sqs": "InternalServerError",
        "ssm": "InternalServerError",
    },
}


@pytest.mark.parametrize("error", sorted(CODES))
@pytest.mark.parametrize("service", sorted(ASKED))
def test_each_error_comes_in_the_services_own_words(cloud: SimulatedCloud, service: str, error: Kind) -> None:
    method, operation, params = ASKED[service]
    cloud.switch([Fault(service=service, operation=operation, error=error)])
    with pytest.raises(ClientError) as raised:
        getattr(once(cloud, service), method)(**params)
    assert raised.value.response["Error"]["Code"] == CODES[error][service]


def test_a_fault_is_over_after_its_times(cloud: SimulatedCloud) -> None:
    cloud.switch([Fault(service="ec2", operation="DescribeVpcs", error="denied", times=2)])
    ec2 = once(cloud, "ec2")
    for _ in range(2):
        with pytest.raises(ClientError):
            ec2.describe_vpcs()
    assert ec2.describe_vpcs()["Vpcs"]


def test_the_sdk_gets_over_one_throttle_by_itself(cloud: SimulatedCloud) -> None:
    cloud.switch([Fault(service="ec2", operation="DescribeVpcs", error="throttle")])
    answer = cloud.client("ec2").describe_vpcs()
    assert answer["ResponseMetadata"]["RetryAttempts"] == 1


def test_other_operations_are_not_touched(cloud: SimulatedCloud) -> None:
    cloud.switch([Fault(service="ec2", operation="RunInstances", error="denied", times=9)])
    assert once(cloud, "ec2").describe_vpcs()["Vpcs"]


def test_a_lost_answer_is_not_a_lost_call(cloud: SimulatedCloud) -> None:
    cloud.switch([Fault(service="iam", operation="CreateUser", error="timeout")])
    iam = once(cloud, "iam")
    with pytest.raises((NoAnswer, HTTPClientError)):
        iam.create_user(UserName="made-after-all")
    assert [user["UserName"] for user in iam.list_users()["Users"]] == ["made-after-all"]


def test_delay_alone_lets_the_call_through(cloud: SimulatedCloud) -> None:
    iam = once(cloud, "iam")
    cloud.switch([Fault(service="iam", seconds=0.2)])
    started = time.monotonic()
    assert iam.list_users()["Users"] == []
    assert time.monotonic() - started >= 0.2


CALL = Call(service="ec2", region="ap-northeast-1", operation="RunInstances", protocol="ec2", params={}, body=b"")


@given(times=st.lists(st.integers(min_value=0, max_value=5), max_size=4), asked=st.integers(min_value=0, max_value=25))
def test_faults_are_used_up_one_by_one_and_in_order(times: list[int], asked: int) -> None:
    faults = Faults()
    listed = [
        Fault(service="ec2", error="denied", times=count, seconds=float(place)) for place, count in enumerate(times)
    ]
    faults.replace(msgspec.json.encode(listed))
    met = [fault.seconds for fault in (faults.take(CALL) for _ in range(asked)) if fault is not None]
    assert len(met) == min(asked, sum(times))
    assert met == sorted(met)


@given(times=st.integers(min_value=0, max_value=4), snapshots=st.lists(st.sampled_from(["a", "b", "c"]), max_size=20))
def test_each_snapshot_is_pending_for_its_own_first_times(times: int, snapshots: list[str]) -> None:
    faults = Faults()
    faults.replace(msgspec.json.encode([Fault(service="ec2", operation="*", error="pending", times=times)]))
    told = [(name, faults.still_pending(CALL, name)) for name in snapshots]
    for name in set(snapshots):
        mine = [pending for one, pending in told if one == name]
        assert mine == [True] * min(times, len(mine)) + [False] * max(0, len(mine) - times)
