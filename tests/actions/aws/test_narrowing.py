"""The policy of a session: the plan's own resources, and honest where that does not fit."""

from __future__ import annotations

import json

import pytest

from actions.account import ACCOUNT, REGION, Cloud
from actions.worlds import WatchedWorld
from hikeshi.actions import ACTIONS
from hikeshi.actions.action import Plan
from hikeshi.actions.aws.narrowing import narrowed
from hikeshi.actions.aws.network.isolate import IsolateInstance
from hikeshi.aws.sessions import MOST_POLICY, named


@pytest.fixture
def plan(cloud: Cloud, world: WatchedWorld) -> Plan:
    return IsolateInstance(instance_id=cloud.machine().id).plan(world)


def test_a_session_is_narrowed_to_the_resources_of_the_plan(plan: Plan) -> None:
    found = narrowed(IsolateInstance, plan, account=ACCOUNT, region=REGION)
    assert found.width == "resources"
    given = [
        one for one in json.loads(found.text)["Statement"] if "ec2:ModifyNetworkInterfaceAttribute" in one["Action"]
    ]
    interfaces = {arn.rpartition("/")[2] for one in given for arn in one["Resource"] if ":network-interface/" in arn}
    assert interfaces == {one for one in plan.resources if one.startswith("eni-")}


@pytest.mark.parametrize("name", ACTIONS)
def test_every_action_fits_into_a_session(name: str) -> None:
    found = narrowed(ACTIONS[name], None, account=ACCOUNT, region=REGION, bucket="example-evidence")
    assert found.width in {"resources", "actions"}
    assert len(found.text) <= MOST_POLICY


@pytest.mark.parametrize(
    ("text", "name"),
    [("hanako", "hanako"), ("order: C2", "order--C2"), ("花子 さん", "-----"), ("a", "a-"), ("x" * 80, "x" * 64)],
)
def test_names_are_as_sts_takes_them(text: str, name: str) -> None:
    assert named(text) == name
