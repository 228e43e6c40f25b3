"""The layer: every answer is marked, the control takes lists of faults only, moto's own answers pass unchanged."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from hikeshi.simulation import layer
from hikeshi.simulation.cloud import SimulatedCloud
from hikeshi.simulation.layer import ADDITIONS, CONTROL


def seen_headers(cloud: SimulatedCloud, service: str, operation: str, **params: Any) -> dict[str, str]:
    client = cloud.client(service)
    try:
        answer = getattr(client, operation)(**params)
    except client.exceptions.ClientError as error:
        answer = error.response
    return dict(answer["ResponseMetadata"]["HTTPHeaders"])


@pytest.mark.parametrize(
    ("service", "operation", "params"),
    [
        ("ec2", "describe_vpcs", {}),
        ("ec2", "describe_snapshots", {}),
        ("ec2", "describe_instances", {"InstanceIds": ["i-00000000000000000"]}),
        ("iam", "list_users", {}),
        ("s3", "list_buckets", {}),
        ("sqs", "list_queues", {}),
        ("ssm", "describe_instance_information", {}),
        ("ssm", "get_command_invocation", {"CommandId": "0" * 36, "InstanceId": "i-00000000000000000"}),
        ("sts", "get_caller_identity", {}),
    ],
)
def test_every_answer_says_that_it_is_simulated(
    cloud: SimulatedCloud, service: str, operation: str, params: dict[str, Any]
) -> None:
    assert seen_headers(cloud, service, operation, **params)["x-hikeshi-simulated"] == "1"


def test_the_table_is_alphabetical() -> None:
    """Its own lines; those of a service that is answered as a whole are in the table of that service."""
    keys = re.findall(r'^    \("([\w-]+)", "(\w+)"\):', Path(layer.__file__).read_text(encoding="utf-8"), re.MULTILINE)
    assert keys == sorted(keys)
    assert set(keys) <= set(ADDITIONS)


def post(cloud: SimulatedCloud, body: bytes) -> tuple[int, Any]:
    request = urllib.request.Request(cloud.endpoint_url + CONTROL, data=body, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=5) as reply:
            return reply.status, json.load(reply)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_the_control_shows_what_is_switched_on(cloud: SimulatedCloud) -> None:
    status, shown = post(cloud, b'[{"service": "ec2", "operation": "RunInstances", "error": "denied", "times": 2}]')
    assert status == 200
    assert shown == [{"service": "ec2", "operation": "RunInstances", "error": "denied", "times": 2, "seconds": 0.0}]
    with urllib.request.urlopen(cloud.endpoint_url + CONTROL, timeout=5) as reply:
        assert json.load(reply) == shown


@pytest.mark.parametrize("body", [b"{", b'"throttle"', b'[{"error": "flood"}]', b'[{"servise": "ec2"}]'])
def test_the_control_refuses_what_is_no_list_of_faults(cloud: SimulatedCloud, body: bytes) -> None:
    status, told = post(cloud, body)
    assert status == 400
    assert told["message"].startswith("not a list of faults")


def test_what_moto_can_is_left_to_moto(cloud: SimulatedCloud) -> None:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="things", CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"})
    s3.put_object(Bucket="things", Key="a key/with spaces", Body=b"x" * 300_000)
    assert s3.get_object(Bucket="things", Key="a key/with spaces")["Body"].read() == b"x" * 300_000


def test_two_regions_are_two_regions(cloud: SimulatedCloud) -> None:
    cloud.client("ec2", "eu-west-1").create_volume(Size=1, AvailabilityZone="eu-west-1a")
    assert cloud.client("ec2").describe_volumes()["Volumes"] == []
