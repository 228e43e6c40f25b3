"""A worker dies in each state of a containment, of its undoing and of its watch: the next one finishes it, and nothing is done twice.

These points need no process and no cloud. Workers that really die, over the simulated account: tests/doors/test_worker.py.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from desk.asked import PARTS, asked
from hikeshi.actions.action import Plan, Receipt
from hikeshi.desk.actor import Actor
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger.models import Entry
from hikeshi.desk.queue import claim
from hikeshi.desk.runs import approvals, leases, perform as performing, undoing
from hikeshi.desk.runs.models import Lease, Step, Watch
from hikeshi.text import Text

pytestmark = pytest.mark.django_db
POINTS = ("lease", "leased", "begun", "intent", "sent", "settled", "check", "checked")


class Died(BaseException):
    """kill -9, as far as the process that dies can tell: nothing below the desk catches it."""


class Cloud:
    """What interfaces wear, and every change of it. `at`: the point at which the worker dies, once."""

    def __init__(self) -> None:
        self.worn, self.changes, self.at = dict.fromkeys(PARTS, "sg-web"), list[tuple[str, str]](), ""

    def point(self, name: str) -> None:
        if name == self.at:
            self.at = ""
            raise Died(name)


class Isolate:
    """Isolation of the cloud above: it looks, changes what is missing, and says what it sees, as every action does."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud

    def do(self, world: Any, plan: Plan) -> Receipt:
        return self._set(world, "sg-iso")

    def undo(self, world: Any, plan: Plan) -> Receipt:
        receipt = self._set(world, "sg-web")
        self.cloud.point("check")
        self.cloud.point("checked")
        return receipt

    def check(self, world: Any, plan: Plan) -> Receipt:
        self.cloud.point("check")
        seen = self._said("sg-iso")
        self.cloud.point("checked")
        return seen

    def _set(self, world: Any, group: str) -> Receipt:
        self.cloud.point("begun")
        for part in PARTS:
            if self.cloud.worn[part] == group:
                continue
            ref = world.record.intend("ec2:ModifyNetworkInterfaceAttribute", {"NetworkInterfaceId": part})
            self.cloud.point("intent")
            self.cloud.worn[part] = group
            self.cloud.changes.append((part, group))
            self.cloud.point("sent")
            world.record.settle(ref, "done", "r", 0.1, "")
            self.cloud.point("settled")
        return self._said(group)

    def _said(self, group: str) -> Receipt:
        outcome: Any = "done" if set(self.cloud.worn.values()) == {group} else "failed"
        return Receipt(
            action="aws.ec2.isolate", outcome=outcome, summary=Text("x", "あ"), observed={}, grade="configured"
        )


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Cloud:
    made = Cloud()
    take = leases.take

    def taken(step: Step, resources: Any) -> int:
        made.point("lease")
        count = take(step, resources)
        made.point("leased")
        return count

    monkeypatch.setattr(performing, "build_action", lambda _name, _inputs: Isolate(made))
    monkeypatch.setattr(leases, "take", taken)
    return made


def work(hikeshi: Actor) -> None:
    """One worker dies, its lease runs out, and the next one goes on."""
    for worker in ("dead", "next"):
        row = claim(Step.objects.all(), worker=worker, now=timezone.now(), seconds=30)
        assert row
        if worker == "next":
            performing.perform(row, worker=worker, actor=hikeshi)
            return
        with pytest.raises(Died):
            performing.perform(row, worker=worker, actor=hikeshi)
        past = timezone.now() - timedelta(seconds=1)
        Step.objects.filter(lease_owner="dead").update(lease_until=past)
        Lease.objects.update(until=past)


def count(verb: str) -> int:
    return Entry.objects.filter(verb=verb, object="step 2.3").count()


@pytest.fixture
def approved(incident: Incident, commander: Actor) -> Step:
    step = asked(incident, commander)
    Step.objects.exclude(pk=step.pk).update(due_at=None)
    approvals.approve(step, step.plan_digest, actor=commander)
    return step


@pytest.mark.parametrize("point", POINTS)
def test_what_a_dead_worker_began_is_finished_once(point: str, approved: Step, cloud: Cloud, hikeshi: Actor) -> None:
    cloud.at = point
    work(hikeshi)
    step = Step.objects.get(pk=approved.pk)
    assert (step.state, step.lease_owner) == ("done", "")
    assert sorted(cloud.changes) == [(part, "sg-iso") for part in PARTS]
    assert (count("step.begin"), count("step.end"), Watch.objects.count(), Lease.objects.count()) == (1, 1, 1, 0)


@pytest.mark.parametrize("point", POINTS)
def test_so_is_an_undoing(point: str, approved: Step, cloud: Cloud, hikeshi: Actor, commander: Actor) -> None:
    performing.perform(claim_one(), worker="w", actor=hikeshi)
    cloud.changes.clear()
    undoing.undo(Step.objects.get(pk=approved.pk), actor=commander, reason="clean")
    Step.objects.exclude(pk=approved.pk).update(due_at=None)
    cloud.at = point
    work(hikeshi)
    assert Step.objects.get(pk=approved.pk).state == "undone"
    assert sorted(cloud.changes) == [(part, "sg-web") for part in PARTS]
    assert (count("step.undo_end"), Watch.objects.count()) == (1, 0)


def claim_one() -> Step:
    row = claim(Step.objects.all(), worker="w", now=timezone.now(), seconds=30)
    assert row
    return row


def test_a_look_that_was_cut_off_is_made_again(approved: Step, cloud: Cloud, hikeshi: Actor) -> None:
    performing.perform(claim_one(), worker="w", actor=hikeshi)
    cloud.at, cloud.worn[PARTS[0]] = "check", "sg-web"
    for _ in range(2):
        if cloud.at:
            with pytest.raises(Died):
                performing.watch(Watch.objects.get(), actor=hikeshi)
            assert Watch.objects.get().state == "holds"
        else:
            performing.watch(Watch.objects.get(), actor=hikeshi)
    assert (Watch.objects.get().state, count("step.drift")) == ("reverted", 1)
