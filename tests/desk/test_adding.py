"""An action that no playbook foresaw."""

from __future__ import annotations

import json

import pytest
from django.utils import timezone

from hikeshi.desk.actor import Actor
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger.models import Entry
from hikeshi.desk.queue import claim
from hikeshi.desk.runs import adding, looking
from hikeshi.desk.runs.models import Run, Step
from hikeshi.desk.runs.perform import perform
from hikeshi.desk.runs.pinned import BY_HAND
from hikeshi.errors import Refused
from hikeshi.simulation.scene import Scene

INSTANCE = "i-0123456789abcdef0"


def test_it_is_a_step_of_the_incident_that_a_worker_plans(
    incident: Incident, on_it: Actor, hikeshi: Actor, scene: Scene
) -> None:
    step = adding.add(
        incident, "aws.ec2.mark", {"instance_id": scene.instance_id}, actor=on_it, reason="seen in the same subnet",
        account="111122223333", region="ap-northeast-1",
    )  # fmt: skip
    assert (step.state, step.key, step.phase) == ("planning", "A1", "containment")
    said = json.loads(Entry.objects.get(verb="step.add").data)
    assert (said["action"], said["reason"]) == ("aws.ec2.mark", "seen in the same subnet")
    assert claim(Step.objects.all(), worker="w", now=timezone.now(), seconds=60) == step
    step.refresh_from_db()
    perform(step, worker="w", actor=hikeshi)
    step.refresh_from_db()
    assert step.state == "asked"
    assert scene.instance_id in step.plan


def test_those_of_one_account_and_region_are_together(incident: Incident, on_it: Actor) -> None:
    for account in ("111122223333", "111122223333", "444455556666"):
        adding.add(
            incident, "aws.ebs.snapshot_set", {"instance_id": INSTANCE}, actor=on_it, reason="more", account=account
        )
    runs = Run.objects.filter(playbook=BY_HAND)
    assert sorted([step.key for step in run.steps.all()] for run in runs) == [["A1"], ["A1", "A2"]]


@pytest.mark.parametrize(
    ("action", "inputs", "reason", "account", "says"),
    [
        ("aws.ec2.fly", {}, "why", "1", "no action called"),
        ("aws.ec2.mark", {"instance_id": "web-1"}, "why", "1", "instance_id"),
        ("aws.ec2.mark", {"instance_id": INSTANCE}, " ", "1", "needs a reason"),
        ("aws.ec2.mark", {"instance_id": INSTANCE}, "why", "", "which account"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_left(
    incident: Incident, on_it: Actor, action: str, inputs: dict[str, str], reason: str, account: str, says: str
) -> None:
    with pytest.raises(Refused, match=says):
        adding.add(incident, action, inputs, actor=on_it, reason=reason, account=account)
    assert not Run.objects.exists()


def test_who_is_not_on_the_incident_adds_nothing(incident: Incident, off_it: Actor, outsider: Actor) -> None:
    for who in (off_it, outsider):
        with pytest.raises(Refused):
            adding.add(incident, "aws.ec2.mark", {"instance_id": INSTANCE}, actor=who, reason="why", account="1")


def test_the_ladder_of_an_instance_is_read_from_its_account(
    incident: Incident, on_it: Actor, off_it: Actor, scene: Scene
) -> None:
    with pytest.raises(Refused):
        looking.ladder(incident, scene.instance_id, actor=off_it, account="111122223333")
    found = looking.ladder(incident, scene.instance_id, actor=on_it, account="111122223333", region="ap-northeast-1")
    assert {"aws.ec2.isolate", "aws.ec2.isolate_ssm", "aws.ec2.untrack"} & {rung.action for rung in found.rungs}
    assert found.left
