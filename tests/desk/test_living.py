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
from hikeshi.aws.buckets import SHARED
from hikeshi.desk import living
from hikeshi.desk.actor import Actor
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.runs import sharing
from hikeshi.desk.runs.models import Step

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
