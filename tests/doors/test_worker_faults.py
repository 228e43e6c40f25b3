"""Faults of our own must not silence deadlines, and must end where people look."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from hikeshi.desk.actor import Actor, system
from hikeshi.desk.duties.models import Clock
from hikeshi.desk.incidents import verbs as incidents
from hikeshi.desk.runs import starting
from hikeshi.desk.runs.models import Step
from hikeshi.doors.worker import MOST_ATTEMPTS, Worker
from hikeshi.playbooks.shelf import library

pytestmark = pytest.mark.django_db


@pytest.fixture
def hikeshi() -> Actor:
    return system("Hikeshi", "worker")


@pytest.fixture
def step(hikeshi: Actor, monkeypatch: pytest.MonkeyPatch) -> Step:
    """A step whose performance always breaks."""

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("hikeshi.doors.worker.perform", broken)
    incident = incidents.declare("x", 2, actor=hikeshi, reason="r")
    facts = {"alert.instance_id": "i-0abc", "alert.region": "ap-northeast-1"}
    run = starting.start(incident, library()["compromised-ec2"], actor=hikeshi, facts=facts)
    return run.steps.get(key="2.1")


def test_a_broken_step_waits_and_does_not_hold_a_deadline_back(step: Step) -> None:
    Clock.objects.update(due_at=timezone.now())
    worker = Worker()
    while worker.once():
        pass
    step.refresh_from_db()
    assert step.due_at is not None
    assert step.due_at > timezone.now()
    assert {clock.state for clock in Clock.objects.filter(rule__startswith="response.")} == {"soon"}


def test_after_several_attempts_it_ends_where_people_look(step: Step, caplog: pytest.LogCaptureFixture) -> None:
    worker = Worker()
    for _ in range(MOST_ATTEMPTS * 3):
        Step.objects.filter(due_at__isnull=False).update(due_at=timezone.now() - timedelta(seconds=1))
        if not worker.once():
            break
    step.refresh_from_db()
    assert (step.state, step.due_at) == ("failed", None)
    assert "fault in Hikeshi" in step.outcome["en"]
    assert "ZeroDivisionError" in caplog.text


def test_the_workers_loop_survives_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    worker, calls = Worker(), []

    def once() -> bool:
        calls.append(1)
        if len(calls) == 1:
            raise ZeroDivisionError
        worker.stop.set()
        return False

    monkeypatch.setattr(worker, "once", once)
    monkeypatch.setattr("hikeshi.doors.worker.close_old_connections", lambda: None)
    monkeypatch.setattr(worker, "_pause", lambda: 0.0)
    worker.run()
    assert len(calls) == 2
