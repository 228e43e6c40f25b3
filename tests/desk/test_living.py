"""A worker process that was killed: its steps go to those who live at once, and they share its part of the buckets."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from django.utils import timezone

from desk.asked import asked
from hikeshi.aws.buckets import SHARED, Buckets, Urgency
from hikeshi.aws.rates import Api
from hikeshi.desk import living
from hikeshi.desk.actor import Actor
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.runs import sharing, verbs
from hikeshi.desk.runs.models import Step
from hikeshi.doors.worker import Worker

HOLDS = "import fcntl, sys; f = open(sys.argv[1], 'wb'); fcntl.flock(f, fcntl.LOCK_EX); print('held', flush=True); sys.stdin.read()"
OTHER = "elsewhere:4711"


@pytest.fixture
def other(tmp_path: Path, settings: Any) -> Iterator[subprocess.Popen[bytes]]:
    """A process that has announced itself as `OTHER`."""
    settings.ENVIRONMENT = msgspec.structs.replace(settings.ENVIRONMENT, home=tmp_path)
    path = living._file(OTHER)
    path.parent.mkdir(parents=True)
    with subprocess.Popen([sys.executable, "-c", HOLDS, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as made:
        assert made.stdout is not None
        assert made.stdout.readline() == b"held\n"
        yield made
        made.kill()


def test_a_process_is_dead_when_it_was_killed_and_not_when_nothing_is_known_of_it(
    other: subprocess.Popen[bytes],
) -> None:
    assert not living.dead(OTHER)
    assert not living.dead("nobody:1")
    other.kill()
    other.wait()
    assert living.dead(OTHER)


def test_a_process_that_starts_removes_what_was_left_by_those_long_dead(other: subprocess.Popen[bytes]) -> None:
    folder = living._file(OTHER).parent
    for name in ("long-dead:1", OTHER):
        (folder / name).touch()
        os.utime(folder / name, (0, 0))
    (folder / "just-dead:2").touch()
    living.announce()
    assert {path.name for path in folder.iterdir()} == {OTHER, "just-dead:2", living.process()}


@pytest.mark.django_db
def test_what_a_killed_process_held_is_free_at_once(
    other: subprocess.Popen[bytes], incident: Incident, commander: Actor
) -> None:  # fmt: skip
    held = Step.objects.filter(pk=asked(incident, commander).pk)
    held.update(lease_owner=f"{OTHER}:abc", lease_until=timezone.now() + timedelta(seconds=30))
    sharing.look(now=True)
    assert held.get().lease_owner == f"{OTHER}:abc"
    other.kill()
    other.wait()
    sharing.look(now=True)
    row = held.get()
    assert (row.lease_owner, row.lease_until) == ("", None)
    assert SHARED._share == 1.0


@pytest.mark.django_db
def test_who_lives_takes_over_what_the_killed_one_had_not_asked_and_who_is_new_leaves_it_to_others(
    other: subprocess.Popen[bytes], incident: Incident, commander: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    step = asked(incident, commander)
    swap = Api("ec2", "ModifyNetworkInterfaceAttribute")

    def free() -> int:
        return next(n for n in range(200) if SHARED.seconds("here", [swap] * (n + 1), Urgency.NETWORK) > 0)

    monkeypatch.setattr(sharing, "_known", {"we have looked before"})
    held = Step.objects.filter(pk=step.pk)
    held.update(lease_owner=f"{OTHER}:abc", lease_until=timezone.now() + timedelta(seconds=30))
    sharing.look(now=True)
    for number in range(10):
        verbs.intend(step, str(swap), {"NetworkInterfaceId": f"eni-{number}"})
    assert free() == 50
    other.kill()
    other.wait()
    monkeypatch.setattr(sharing, "_known", set())
    monkeypatch.setattr(living, "here", lambda: {"a third one"})
    sharing.look(now=True)
    assert held.get().lease_owner
    SHARED.forget()
    SHARED.share_among(2)
    assert free() == 50
    monkeypatch.setattr(sharing, "_known", {"we have looked before"})
    monkeypatch.setattr(living, "here", set)
    sharing.look(now=True)
    assert free() == 90


@pytest.mark.django_db
def test_with_a_line_at_aws_approved_steps_are_left_to_the_other_process(
    incident: Incident, commander: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = asked(incident, commander)
    due = Step.objects.filter(pk=step.pk)
    Step.objects.exclude(pk=step.pk).update(due_at=None)
    due.update(state="approved", due_at=timezone.now())
    monkeypatch.setattr(sharing, "crowded", lambda: True)
    steps: Any = ((Step, lambda _step, _worker: None),)
    assert Worker(work=steps, prompt=()).once() == 0
    assert due.get().lease_owner == ""
    due.update(state="planning")
    assert Worker(work=steps, prompt=()).once() == 1


def test_alone_nobody_is_left_to_wait_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Buckets, "crowd", lambda _buckets: 8)
    SHARED.forget()
    assert not sharing.crowded()
    SHARED.share_among(2)
    assert sharing.crowded()
    SHARED.forget()
