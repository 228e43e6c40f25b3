"""What every action must keep to. A new action is in here as soon as it is in the table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from actions.account import Cloud, Machine, running_cloud, stored
from hikeshi.actions import ACTIONS, action
from hikeshi.actions.action import Action, Plan, inputs_of
from hikeshi.actions.aws.recorder import ListRecorder, Settled

UNDOABLE = [name for name, kind in ACTIONS.items() if kind.reversible != "no"]
KINDS: dict[str, Callable[[Cloud], Machine]] = {
    "plain": lambda cloud: cloud.plain_machine(),
    "two": lambda cloud: cloud.machine(2),
}


@pytest.fixture(scope="module")
def running() -> Iterator[Cloud]:
    with running_cloud() as cloud:
        yield cloud


@pytest.fixture
def cloud(running: Cloud) -> Cloud:
    running.reset()
    running.bucket()
    return running


class Killed(Exception):
    pass


class DyingRecorder(ListRecorder):
    """Dies after writing the n-th intent (the call is not sent), or before writing the n-th answer (it was)."""

    def __init__(self, calls: int, *, sent: bool) -> None:
        super().__init__()
        self.calls = calls
        self.dies_after_sending = sent

    def intend(self, operation: str, params: Mapping[str, Any]) -> str:
        ref = super().intend(operation, params)
        if not self.dies_after_sending and len(self.lines) == self.calls:
            raise Killed
        return ref

    def settle(self, ref: str, outcome: Settled, request_id: str, seconds: float, error: str) -> None:
        if self.dies_after_sending and len(self.lines) == self.calls:
            raise Killed
        super().settle(ref, outcome, request_id, seconds, error)


def prepared(cloud: Cloud, name: str, kind: str) -> tuple[Action[Any], Plan, Machine]:
    machine = KINDS[kind](cloud)
    made = action(name, {"instance_id": machine.id})
    return made, stored(made.plan(cloud.world())), machine


def made_things(cloud: Cloud, machine: Machine) -> dict[str, Any]:
    """Everything an action can make or change, as counts and states without ids that differ between runs."""
    tags = cloud.ec2.describe_tags()["Tags"]
    groups = cloud.ec2.describe_security_groups()["SecurityGroups"]
    ours = {group["GroupId"] for group in groups if group["GroupName"].startswith("hikeshi")}
    worn = [ours.issuperset(listed) for listed in cloud.groups_of(machine.id).values()]
    uploads = cloud.client("s3").list_multipart_uploads(Bucket="example-evidence").get("Uploads", [])
    return {
        "commands": len(cloud.client("ssm").list_commands()["Commands"]),
        "groups": len(ours),
        "isolated": worn,
        "rules": sum(len(cloud.rules_of(group)) for group in ours),
        "snapshots": len(cloud.snapshots_of("INC-2026-0001/2.1")),
        "tags": Counter(tag["Key"] for tag in tags),
        "uploads": len(uploads),
    }


@pytest.mark.parametrize("sent", [False, True], ids=["before sending", "after sending"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ACTIONS)
def test_a_worker_killed_between_any_two_calls_is_carried_on(cloud: Cloud, name: str, kind: str, sent: bool) -> None:
    made, plan, machine = prepared(cloud, name, kind)
    whole = cloud.world()
    outcome = made.do(whole, plan).outcome
    expected = made_things(cloud, machine)
    for calls in range(1, len(whole.sent) + 1):
        cloud.reset()
        cloud.bucket()
        made, plan, machine = prepared(cloud, name, kind)
        with pytest.raises(Killed):
            made.do(cloud.world(record=DyingRecorder(calls, sent=sent)), plan)
        assert made.do(cloud.world(), plan).outcome in (outcome, "already-done")
        assert made_things(cloud, machine) == expected
        if name in UNDOABLE:
            assert made.undo(cloud.world(), plan).outcome == "done"
            assert cloud.groups_of(machine.id) == machine.groups


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", UNDOABLE)
def test_a_worker_killed_while_undoing_is_carried_on(cloud: Cloud, name: str, kind: str) -> None:
    made, plan, machine = prepared(cloud, name, kind)
    before = made_things(cloud, machine)
    made.do(cloud.world(), plan)
    for calls in (1, 2, 3):
        for sent in (False, True):
            made.do(cloud.world(), plan)
            try:
                made.undo(cloud.world(record=DyingRecorder(calls, sent=sent)), plan)
            except Killed:
                made.undo(cloud.world(), plan)
            assert cloud.groups_of(machine.id) == machine.groups
            # The isolation group itself stays, with its tag, for the next time.
            now = made_things(cloud, machine)
            assert {**now, "groups": before["groups"], "tags": before["tags"]} == before
            assert made.undo(cloud.world(), plan).outcome == "already-done"


@pytest.mark.parametrize("name", ACTIONS)
def test_planning_and_checking_change_nothing(cloud: Cloud, name: str) -> None:
    made, plan, machine = prepared(cloud, name, "two")
    before = made_things(cloud, machine)
    world = cloud.world()
    made.plan(world)
    made.check(world, plan)
    assert world.sent == []
    assert made_things(cloud, machine) == before


@pytest.mark.parametrize("name", ACTIONS)
def test_it_uses_no_permission_it_does_not_declare(cloud: Cloud, name: str) -> None:
    used: set[str] = set()
    for kind in KINDS:
        made, plan, _ = prepared(cloud, name, kind)
        world = cloud.world(step=f"INC-2026-0001/{kind}")
        made.plan(world)
        made.do(world, plan)
        made.check(world, plan)
        if name in UNDOABLE:
            made.undo(world, plan)
        used |= world.used
    # Used only in a fallback, or only when there is something to look at.
    rare = {
        "ec2:CreateSnapshot",
        "ec2:RevokeSecurityGroupIngress",
        "elasticloadbalancing:DescribeTargetHealth",
    }
    assert used <= set(ACTIONS[name].permissions)
    assert set(ACTIONS[name].permissions) - used <= rare


@pytest.mark.parametrize("name", ACTIONS)
def test_what_it_declares_is_whole(name: str) -> None:
    kind = ACTIONS[name]
    assert kind.name == name
    assert name.startswith(f"{kind.provider}.")
    assert list(kind.permissions) == sorted(set(kind.permissions))
    for text in (kind.title, kind.what, kind.by_hand):
        assert text.en.isascii()
        assert not text.ja.isascii()
    assert kind.__doc__
    assert set(kind.needs_evidence) <= set(ACTIONS)


@pytest.mark.parametrize("name", ACTIONS)
def test_a_plan_survives_storage_and_binds_an_approval(cloud: Cloud, name: str) -> None:
    made, plan, _ = prepared(cloud, name, "two")
    assert stored(plan).digest == plan.digest
    assert plan.inputs == inputs_of(made)
    assert plan.simulated
    assert plan.expires_at > plan.made_at
    assert all(call.why.en and call.why.ja for call in plan.calls)
    assert plan.calls
