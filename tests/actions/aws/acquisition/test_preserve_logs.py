"""What CloudTrail tells, kept before it forgets."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from actions.account import BUCKET, REGION, Cloud
from actions.worlds import WatchedWorld
from hikeshi.actions.aws.acquisition import preserve_logs
from hikeshi.actions.aws.acquisition.preserve_logs import PreserveLogs
from hikeshi.aws.failures import CallFailed
from hikeshi.simulation.building.acquisition import trail


def record(number: int, world: WatchedWorld, user: str = "ci-deploy") -> dict[str, Any]:
    """Three events in every second, so that parts end within one."""
    at = world.now() - timedelta(hours=1, seconds=number // 3)
    return {
        "eventTime": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventID": f"event-{number:04d}",
        "eventName": "ListUsers",
        "eventSource": "iam.amazonaws.com",
        "awsRegion": REGION,
        "userIdentity": {"userName": user},
    }


@pytest.mark.parametrize("seconds", [10.0, 0.0])
def test_every_event_is_kept_once_however_often_it_stops(
    cloud: Cloud, world: WatchedWorld, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    monkeypatch.setattr(preserve_logs, "PART", 10)
    monkeypatch.setattr(preserve_logs, "SLICE_SECONDS", seconds)
    s3 = cloud.bucket()
    others = [record(number, world, "somebody-else") for number in range(5)]
    trail(cloud, [*(record(number, world) for number in range(44)), *others])
    action = PreserveLogs(about="ci-deploy")
    plan = action.plan(world)
    told = action.do(world, plan)
    while told.outcome == "pending":
        told = action.check(cloud.world(), plan)
    assert (told.outcome, told.observed["events"]) == ("done", 44)
    folder = told.held_at.removeprefix(f"s3://{BUCKET}/").removesuffix("logs.json")
    bodies = [s3.get_object(Bucket=BUCKET, Key=folder + part["name"])["Body"].read() for part in told.observed["parts"]]
    kept = [json.loads(line)["eventID"] for body in bodies for line in body.decode().splitlines()[1:]]
    assert sorted(kept) == [f"event-{number:04d}" for number in range(44)]
    assert "us-east-1" in told.still_open[0].en


def test_of_an_instance_what_was_done_to_it_and_what_its_session_did(cloud: Cloud, world: WatchedWorld) -> None:
    cloud.bucket()
    trail(cloud)
    action = PreserveLogs(about="i-0123456789abcdef0")
    told = action.do(world, action.plan(world))
    assert [part["name"] for part in told.observed["parts"]] == [
        f"{REGION}-ResourceName-000000.jsonl",
        f"{REGION}-Username-000000.jsonl",
    ]


def test_in_every_region_and_told_which_one_did_not_answer(
    cloud: Cloud, world: WatchedWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.bucket()
    trail(cloud, [record(1, world), record(2, world) | {"awsRegion": "us-east-1"}])
    monkeypatch.setattr(PreserveLogs, "_regions", lambda *_: [REGION, "us-east-1", "eu-west-1"])
    action, read = PreserveLogs(about="ci-deploy", everywhere=True), WatchedWorld.read

    def refused_in_europe(self: WatchedWorld, service: str, operation: str, /, **params: Any) -> dict[str, Any]:
        if self.region == "eu-west-1":
            raise CallFailed("not here", permission="cloudtrail:LookupEvents", code="AccessDeniedException")
        return read(self, service, operation, **params)

    monkeypatch.setattr(WatchedWorld, "read", refused_in_europe)
    told = action.do(world, action.plan(world))
    assert (told.outcome, told.observed["events"], world.region) == ("done", 2, REGION)
    assert "eu-west-1 did not answer" in told.still_open[0].en
