"""The AWS world: what it records, repeats and gives up on."""

from __future__ import annotations

import time
from typing import Any

import pytest

from actions.account import REGION, Cloud, Fault
from actions.worlds import WatchedWorld
from hikeshi.actions.action import Call
from hikeshi.actions.aws.recorder import NullRecorder
from hikeshi.actions.aws.world import PAUSES, SECONDS_PER_CALL, AwsWorld, permission_for
from hikeshi.aws.buckets import Buckets
from hikeshi.aws.clients import client
from hikeshi.aws.failures import CallFailed, NoAnswer
from hikeshi.aws.rates import Api
from hikeshi.aws.together import Together
from hikeshi.text import Text

WHY = Text(en="test", ja="試験")


def tag(world: AwsWorld, resource: str) -> dict[str, Any]:
    return world.change("ec2", "CreateTags", WHY, Resources=[resource], Tags=[{"Key": "a", "Value": "b"}])


def test_a_world_with_an_endpoint_is_simulated_and_one_without_is_not(cloud: Cloud) -> None:
    assert cloud.world().simulated
    assert not cloud.world(endpoint_url=None).simulated


def test_no_real_credentials_reach_a_simulator(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "REAL")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "REAL")
    fresh = client("iam", REGION, cloud.url, 19.0)
    assert "X-Amz-Credential=simulated" in client("s3", REGION, cloud.url, 19.0).generate_presigned_url("list_buckets")
    assert fresh.meta.endpoint_url == cloud.url


def test_a_client_is_built_once(cloud: Cloud) -> None:
    assert client("ec2", REGION, cloud.url, 20.0) is client("ec2", REGION, cloud.url, 20.0)


def test_signed_addresses_are_regional_outside_a_simulation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")
    url = client("s3", REGION, None, 17.0).generate_presigned_url("get_object", Params={"Bucket": "b-1", "Key": "k"})
    assert url.startswith(f"https://b-1.s3.{REGION}.amazonaws.com/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&")


def test_the_intent_is_recorded_before_and_the_answer_after(cloud: Cloud, world: WatchedWorld) -> None:
    vpc, _ = cloud.network()
    tag(world, vpc)
    (line,) = world.record.lines
    assert (line.operation, line.outcome, line.error) == ("ec2:CreateTags", "done", "")
    assert line.request_id
    assert 0 < line.seconds <= world.cloud_seconds


def test_a_recorder_that_cannot_write_stops_the_call(cloud: Cloud) -> None:
    class Full(NullRecorder):
        def intend(self, operation: str, params: Any) -> str:
            raise OSError("no space")

    vpc, _ = cloud.network()
    with pytest.raises(OSError, match="no space"):
        tag(cloud.world(record=Full()), vpc)
    assert [operation for operation, _ in cloud.layer.seen].count("CreateTags") == 0


@pytest.mark.parametrize(
    ("fault", "outcome", "permanent"),
    [
        ("denied", "failed", True),
        ("internal", "unknown", False),
        ("lost before", "unknown", False),
        ("lost after", "unknown", False),
        ("html", "unknown", False),
    ],
)
def test_a_changing_call_is_sent_once_and_settled(
    cloud: Cloud, world: WatchedWorld, fault: Fault, outcome: str, permanent: bool
) -> None:
    vpc, _ = cloud.network()
    cloud.layer.faults = [("CreateTags", fault)]
    with pytest.raises(CallFailed) as failed:
        tag(world, vpc)
    assert (world.record.lines[0].outcome, failed.value.permanent) == (outcome, permanent)
    assert isinstance(failed.value, NoAnswer) == (outcome == "unknown")
    assert [operation for operation, _ in cloud.layer.seen].count("CreateTags") == 1


@pytest.mark.parametrize("fault", ["throttled", "internal", "lost before"])
def test_a_reading_call_is_repeated(cloud: Cloud, world: WatchedWorld, fault: Fault) -> None:
    cloud.layer.faults = [("DescribeVpcs", fault)] * len(PAUSES)
    assert world.read("ec2", "DescribeVpcs")["Vpcs"]


def test_repeats_are_bounded(cloud: Cloud) -> None:
    waited: list[float] = []
    world = cloud.world(sleep=waited.append)
    cloud.layer.faults = [("DescribeVpcs", "throttled")] * 100
    with pytest.raises(CallFailed, match="throttled") as failed:
        world.read("ec2", "DescribeVpcs")
    assert not failed.value.permanent
    assert len(waited) == len(PAUSES)
    assert all(pause / 2 <= slept <= pause for pause, slept in zip(PAUSES, waited, strict=True))


def test_only_a_named_code_is_waited_for(cloud: Cloud, world: WatchedWorld) -> None:
    missing: dict[str, Any] = {"Resources": ["sg-0123456789abcdef0"], "Tags": [{"Key": "a", "Value": "b"}]}
    with pytest.raises(CallFailed) as failed:
        world.change("ec2", "CreateTags", WHY, **missing)
    code = failed.value.code
    before = len(cloud.layer.seen)
    with pytest.raises(CallFailed):
        world.change("ec2", "CreateTags", WHY, eventually=(code,), **missing)
    assert len(cloud.layer.seen) - before == 1 + len(PAUSES)


def test_an_endpoint_that_is_not_there_is_not_unknown(cloud: Cloud) -> None:
    world = cloud.world(endpoint_url="http://127.0.0.1:1")
    with pytest.raises(CallFailed, match="could not be sent") as failed:
        tag(world, "vpc-1")
    assert not isinstance(failed.value, NoAnswer)
    assert not failed.value.permanent


def test_wrong_parameters_are_our_fault_and_permanent(world: WatchedWorld) -> None:
    with pytest.raises(CallFailed, match="could not be prepared") as failed:
        world.read("ec2", "DescribeVpcs", Nonsense=1)
    assert failed.value.permanent


def test_all_pages_are_read(cloud: Cloud, world: WatchedWorld) -> None:
    vpc, _ = cloud.network()
    for number in range(12):
        cloud.group(vpc, f"group-{number}")
    only = [{"Name": "vpc-id", "Values": [vpc]}]
    told = list(world.pages("ec2", "DescribeSecurityGroups", "SecurityGroups", Filters=only, MaxResults=5))
    assert len(told) == len({group["GroupId"] for group in told}) == 13


def test_permissions_are_iams_names() -> None:
    assert permission_for("ec2", "DescribeVpcs") == "ec2:DescribeVpcs"
    assert permission_for("elbv2", "DescribeTargetGroups") == "elasticloadbalancing:DescribeTargetGroups"
    assert permission_for("s3", "HeadObject") == "s3:GetObject"


def test_building_a_second_client_is_quick(cloud: Cloud) -> None:
    client("ssm", REGION, cloud.url, 20.0)
    started = time.process_time()
    for _ in range(1000):
        client("ssm", REGION, cloud.url, 20.0)
    assert time.process_time() - started < 0.5


def test_a_call_waits_for_its_turn_and_the_wait_is_counted_apart(cloud: Cloud) -> None:
    alive: list[int] = []

    class Watched(NullRecorder):
        def alive(self) -> None:
            alive.append(1)

    buckets = Buckets()
    world = cloud.world(record=Watched(), buckets=buckets, sleep=time.sleep)
    swap = Api("ec2", "DescribeVpcs", listed=False)
    buckets.refused(f"{cloud.url} {world.account} {world.region}", swap)
    began = time.monotonic()
    world.read("ec2", "DescribeVpcs")
    assert alive
    assert world.waited_seconds > 0.05
    assert world.cloud_seconds + world.waited_seconds <= time.monotonic() - began


def test_a_refused_call_slows_those_that_follow(cloud: Cloud) -> None:
    buckets = Buckets()
    world = cloud.world(buckets=buckets, sleep=time.sleep)
    call = Call("ec2:CreateTags", {}, WHY)
    assert world.estimate([call]) == SECONDS_PER_CALL
    cloud.layer.faults = [("CreateTags", "throttled")]
    vpc, _ = cloud.network()
    tag(world, vpc)
    assert world.estimate([call] * 10, at_once=10) > SECONDS_PER_CALL + 0.5


def test_a_check_right_after_asks_only_for_what_was_not_read_back_since_the_last_change(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, (vpc, _) = cloud.world(together=Together()), cloud.network()
    once, asked = world._once, list[str]()

    def counted(service: str, operation: str, params: dict[str, Any], *, changing: bool) -> dict[str, Any]:
        asked.append(operation)
        return once(service, operation, params, changing=changing)

    def vpcs() -> list[Any]:
        return list(world.pages("ec2", "DescribeVpcs", "Vpcs", VpcIds=[vpc]))

    monkeypatch.setattr(world, "_once", counted)
    assert vpcs() == vpcs()
    assert asked == ["DescribeVpcs"] * 2  # an action asks again each time
    tag(world, vpc)
    with world.proving():
        assert vpcs()[0]["Tags"]
        assert vpcs()
    assert asked[2:] == ["CreateTags", "DescribeVpcs"]
    vpcs()
    assert asked[4:] == ["DescribeVpcs"]
