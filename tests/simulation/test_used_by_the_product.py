"""The contracts with the rest of the house: the real actions work on the account, the real parsers find the truth in the logs."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from hikeshi.actions.action import Action, Plan, Receipt
from hikeshi.actions.aws.acquisition.capture_memory import CaptureMemory
from hikeshi.actions.aws.identity.disable_key import DisableKey
from hikeshi.actions.aws.identity.sweep import Sweep
from hikeshi.actions.aws.network.isolate import IsolateInstance
from hikeshi.actions.aws.recorder import ListRecorder
from hikeshi.actions.aws.world import AwsSettings, AwsWorld
from hikeshi.errors import Unreadable
from hikeshi.events.event import Event
from hikeshi.events.parsers import guardduty
from hikeshi.events.reading import parse, read
from hikeshi.events.source import Source
from hikeshi.simulation import cast
from hikeshi.simulation.cloud import SimulatedCloud
from hikeshi.simulation.faults import Fault
from hikeshi.simulation.finding import finding
from hikeshi.simulation.logs import write_logs
from hikeshi.simulation.scene import Scene
from hikeshi.simulation.story import build_account
from simulation.stage import NOW, SCENE


def world_of(cloud: SimulatedCloud, scene: Scene) -> AwsWorld:
    return AwsWorld(
        incident="INC-1",
        step="step-1",
        account=scene.account,
        region=scene.region,
        record=ListRecorder(),
        endpoint_url=cloud.endpoint_url,
        settings=AwsSettings(evidence_bucket=scene.evidence_bucket),
    )


def until_over(action: Action[AwsWorld], world: AwsWorld, plan: Plan) -> Receipt:
    deadline = time.monotonic() + 30
    told = action.check(world, plan)
    while told.outcome == "pending" and time.monotonic() < deadline:
        told = action.check(world, plan)
    return told


def test_the_memory_of_the_victim_ends_up_in_the_evidence_bucket(cloud: SimulatedCloud) -> None:
    scene = build_account(cloud)
    world, action = world_of(cloud, scene), CaptureMemory(instance_id=scene.instance_id)
    plan = action.plan(world)
    assert action.do(world, plan).outcome == "pending"
    told = until_over(action, world, plan)
    assert (told.outcome, told.grade) == ("done", "effect-proven")
    assert told.observed["tool"] == "avml (simulated)"


def test_an_agent_that_is_offline_is_waited_for(cloud: SimulatedCloud) -> None:
    scene = build_account(cloud)
    cloud.client("ec2").create_tags(Resources=[scene.instance_id], Tags=[{"Key": "sim:agent", "Value": "offline"}])
    world, action = world_of(cloud, scene), CaptureMemory(instance_id=scene.instance_id)
    plan = action.plan(world)
    action.do(world, plan)
    assert action.check(world, plan).outcome == "pending"


def test_the_leaked_key_is_switched_off_and_what_the_attacker_left_is_found(cloud: SimulatedCloud) -> None:
    world = world_of(cloud, build_account(cloud))
    off = DisableKey(access_key_id=cast.LEAKED_KEY)
    assert off.do(world, off.plan(world)).outcome == "done"
    sweep = Sweep(since="2026-01-01T00:00:00Z")
    rows = sweep.do(world, sweep.plan(world)).observed["rows"]
    assert {cast.BACKDOOR_USER, cast.BACKDOOR_KEY} < {row["name"] for row in rows}


def test_the_victim_can_be_isolated_and_put_back_even_through_throttling(cloud: SimulatedCloud) -> None:
    scene = build_account(cloud)
    world, action = world_of(cloud, scene), IsolateInstance(instance_id=scene.instance_id)
    plan = action.plan(world)
    cloud.switch([Fault(service="ec2", operation="ModifyNetworkInterfaceAttribute", error="throttle", times=2)])
    assert action.do(world, plan).outcome == "done"
    assert action.check(world, plan).outcome in {"done", "already-done"}
    assert not groups_now(cloud, scene) & set(scene.group_names)
    action.undo(world, plan)
    assert groups_now(cloud, scene) == set(scene.group_names)


def groups_now(cloud: SimulatedCloud, scene: Scene) -> set[str]:
    found = cloud.client("ec2").describe_network_interfaces(NetworkInterfaceIds=list(scene.interface_ids))
    return {group["GroupId"] for one in found["NetworkInterfaces"] for group in one["Groups"]}


@pytest.mark.parametrize("options", [{}, {"sample": True}, {"role": "TARGET"}, {"count": 9}])
def test_the_product_reads_the_finding(options: dict[str, Any]) -> None:
    body = finding(SCENE, updated_at=NOW, **options)
    assert guardduty.recognises(body)
    [event] = list(read(Source.of(body)))
    assert isinstance(event, Event)
    assert event.instance == SCENE.instance_id


def test_the_product_finds_the_truth_in_the_logs(tmp_path: Path) -> None:
    truth = write_logs(SCENE, tmp_path, now=NOW)
    told = list(parse([tmp_path]))
    events = [one for one in told if isinstance(one, Event)]
    unreadable = [one for one in told if isinstance(one, Unreadable)]
    assert len(unreadable) == len(truth.damaged)
    kinds = Counter(event.source_kind for event in events)
    assert kinds == {"cloudtrail": truth.records, "vpcflow": truth.flow_lines - len(truth.damaged)}
    once = {event.event_uid: event for event in events}.values()
    assert Counter(event.source_kind for event in once)["cloudtrail"] == truth.unique
    seen = Counter(event.src_ip for event in once if event.src_ip in {cast.ATTACKER, cast.OUTSIDE})
    assert seen == truth.attacker_by_address
