"""CloudTrail's API, against the simulated account: pages, the real limit of two questions a second, filters, regions, permissions."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hikeshi.aws.failures import CallFailed
from hikeshi.aws.reach import Reach
from hikeshi.events import lookup
from hikeshi.events.event import Event
from hikeshi.events.reading import parse
from hikeshi.simulation.cloud import SimulatedCloud
from hikeshi.simulation.faults import Fault
from simulated import cloud

__all__ = ["cloud"]

NOW = datetime.now(UTC).replace(microsecond=0)
HOUR = NOW - timedelta(hours=1)


def record(number: int, *, region: str = "us-east-1", minutes: int = 5, **more: Any) -> dict[str, Any]:
    at = NOW - timedelta(minutes=minutes, seconds=number)
    return {
        "userIdentity": {"type": "IAMUser", "userName": "alice", "accessKeyId": "AKIAALICE"},
        "eventTime": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": "iam.amazonaws.com",
        "eventName": "CreateRole",
        "awsRegion": region,
        "sourceIPAddress": "192.0.2.7",
        "eventID": f"{region}-{number}",
        "readOnly": False,
        **more,
    }


@pytest.fixture
def reach(cloud: SimulatedCloud) -> Iterator[Reach]:
    cloud.reset()
    lookup.pace.cache_clear()
    yield Reach(region="ap-northeast-1", endpoint_url=cloud.endpoint_url)
    cloud.reset()


def ids(paths: list[Path]) -> set[str]:
    found = list(parse(paths))
    assert all(isinstance(one, Event) and one.source_variant == "lookup" for one in found)
    return {(one.dedup_key or "").split(":")[1] for one in found if isinstance(one, Event)}


def test_every_page_is_read_in_every_region_within_the_limit_of_two_a_second(
    cloud: SimulatedCloud, reach: Reach, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        lookup, "PAUSES", (0.5, 0.5)
    )  # on a busy machine a call arrives late, and the next one seems too early
    records = [record(number) for number in range(120)] + [record(1, region="ap-northeast-1")]
    cloud.record(records)
    began = time.monotonic()
    counted: list[int] = []
    paths = lookup.look_up(tmp_path, start=HOUR, reach=reach, progress=counted.append)
    assert time.monotonic() - began >= 2 * lookup.INTERVAL
    assert ids(paths) == {one["eventID"] for one in records}
    assert counted[-1] == 121


def test_a_window_and_an_attribute_narrow_the_answer(cloud: SimulatedCloud, reach: Reach, tmp_path: Path) -> None:
    cloud.record([record(1), record(2, minutes=90), record(3, readOnly=True)])
    assert ids(lookup.look_up(tmp_path, start=HOUR, only=("ReadOnly", "false"), reach=reach)) == {"us-east-1-1"}


def test_what_is_throttled_all_the_same_is_asked_again(
    cloud: SimulatedCloud, reach: Reach, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookup, "PAUSES", (0.1, 0.1, 0.1))
    cloud.record([record(1)])
    cloud.switch([Fault(service="cloudtrail", operation="LookupEvents", error="throttle", times=2)])
    assert ids(lookup.look_up(tmp_path, start=HOUR, regions=("us-east-1",), reach=reach)) == {"us-east-1-1"}


def test_whoever_may_not_ask_is_told_the_permission(cloud: SimulatedCloud, reach: Reach, tmp_path: Path) -> None:
    cloud.switch([Fault(service="cloudtrail", operation="LookupEvents", error="denied", times=2)])
    with pytest.raises(CallFailed) as raised:
        lookup.look_up(tmp_path, start=HOUR, reach=reach)
    assert "Grant cloudtrail:LookupEvents" in raised.value.hint


def test_it_says_what_it_cannot_hold() -> None:
    (always,) = lookup.limits_of(HOUR, ["us-east-1"])
    assert "management events only (us-east-1)" in always.en
    assert len(lookup.limits_of(NOW - timedelta(days=91), ["us-east-1"])) == 2
