"""A worker killed with `kill -9` in the middle of a containment: another finishes it, nothing is done twice."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hikeshi.simulation.cloud import SimulatedCloud
from hikeshi.simulation.faults import Fault
from hikeshi.simulation.finding import finding
from hikeshi.simulation.layer import CONTROL
from hikeshi.simulation.scene import Scene
from hikeshi.simulation.story import build_account
from simulated import groups_now, original_groups

MIGRATE = """
import django
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
"""
PREPARE = """
import sys, django
django.setup()
from hikeshi.desk.actor import system
from hikeshi.desk.alerts import verbs as alerts
from hikeshi.desk.runs import ordering
actor = system("test", "cli")
said = dict(finding_types=["Backdoor:EC2/"], playbook="compromised-ec2", severity=2, expires_at=ordering.ends_in(1))
ordering.approve(ordering.write("C2", actor=actor, **said), actor=system("second", "cli"), version=1)
alerts.receive(sys.stdin.buffer.read(), actor=actor, source="test", simulated=True)
"""
UNDO = """
import django
django.setup()
from hikeshi.desk.actor import system
from hikeshi.desk.runs import undoing
from hikeshi.desk.runs.models import Step
undoing.undo(Step.objects.get(key="2.3"), actor=system("test", "cli"), reason="clean")
"""
WORK = "import django; django.setup(); from hikeshi.doors.worker import Worker; Worker().run()"
LOST = 240.0
"""Seconds an answer stays away: longer than the test, so that the worker dies waiting for it."""


class House:
    """A home with its own database, and the processes that work in it."""

    def __init__(self, home: Path, cloud: SimulatedCloud, scene: Scene) -> None:
        self.home = home
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("HIKESHI_")} | {
            "DJANGO_SETTINGS_MODULE": "hikeshi.settings",
            "HIKESHI_HOME": str(home),
            "HIKESHI_AWS_ENDPOINT_URL": cloud.endpoint_url,
            "HIKESHI_EVIDENCE_BUCKET": scene.evidence_bucket,
            "HIKESHI_LEASE_SECONDS": "1",
        }
        self.workers: list[subprocess.Popen[bytes]] = []

    def run(self, program: str, text: bytes = b"") -> None:
        subprocess.run([sys.executable, "-c", program], env=self.environment, input=text, check=True)

    def worker(self) -> subprocess.Popen[bytes]:
        started = subprocess.Popen([sys.executable, "-c", WORK], env=self.environment)
        self.workers.append(started)
        return started

    def ask(self, query: str) -> list[Any]:
        with sqlite3.connect(self.home / "hikeshi.sqlite3", timeout=20) as database:
            return database.execute(query).fetchall()

    def until(self, what: str, ready: Callable[[], object], seconds: float = 100) -> None:
        end = time.monotonic() + seconds
        while not ready():
            if time.monotonic() > end:
                pytest.fail(
                    f"{what} did not happen: {self.ask('select action, state, outcome from runs_step where action != 0')}"
                )
            time.sleep(0.02)

    def state(self, action: str) -> str:
        return str(self.ask(f"select state from runs_step where action = '{action}'")[0][0])


@pytest.fixture(scope="module")
def empty_home(tmp_path_factory: pytest.TempPathFactory, cloud: SimulatedCloud) -> Path:
    """A home whose database has its tables: making them takes longer than a containment, so it is copied."""
    home = tmp_path_factory.mktemp("home")
    House(home, cloud, build_account(cloud)).run(MIGRATE)
    return home


@pytest.fixture
def house(empty_home: Path, tmp_path: Path, cloud: SimulatedCloud) -> Iterator[tuple[House, Scene]]:
    cloud.reset()
    scene = build_account(cloud)
    built = House(shutil.copytree(empty_home, tmp_path / "home"), cloud, scene)
    built.run(PREPARE, finding(scene))
    yield built, scene
    cloud.switch([])
    for worker in built.workers:
        worker.kill()
        worker.wait()


# Where the first worker dies (the second dies while it undoes): after the cloud has carried the call out, before the answer is known. Every call of every action is tried in
# tests/family/test_actions.py, where the worker does not really die.
MODIFY = "ModifyNetworkInterfaceAttribute"
DEATHS = [("ssm", "SendCommand"), ("ec2", MODIFY)]


@pytest.mark.slow
@pytest.mark.parametrize(("service", "operation"), DEATHS)
def test_another_worker_finishes_what_a_killed_one_began_and_what_it_undid(
    house: tuple[House, Scene], cloud: SimulatedCloud, service: str, operation: str
) -> None:
    built, scene = house
    cloud.switch([Fault(service=service, operation=operation, error="timeout", times=1, seconds=LOST)])
    kill(built, cloud, built.worker(), f"{service}:{operation}")

    second = built.worker()
    built.until("the tags", lambda: built.state("aws.ec2.mark") == "done")

    assert built.state("aws.ec2.isolate") == "done"
    assert len(set(groups_now(cloud, scene).values())) == 1
    assert nothing_was_done_twice(cloud, scene)
    plan = json.loads(built.ask("select plan from runs_step where action = 'aws.ec2.isolate'")[0][0])
    assert all(group in json.dumps(plan["before"]) for groups in original_groups(scene).values() for group in groups)

    cloud.switch([Fault(service="ec2", operation=MODIFY, error="timeout", times=1, seconds=LOST)])
    built.run(UNDO)
    kill(built, cloud, second, f"ec2:{MODIFY}")

    built.worker()
    built.until("the undo", lambda: built.state("aws.ec2.isolate") == "undone")
    assert groups_now(cloud, scene) == original_groups(scene)


def kill(built: House, cloud: SimulatedCloud, worker: subprocess.Popen[bytes], operation: str) -> None:
    """SIGKILL, once the worker waits for the answer to a call that the cloud has carried out."""
    sent = f"select 1 from runs_intent where operation = '{operation}' and outcome = ''"
    built.until("the cloud carried it out", lambda: not cloud_still_waits(cloud))
    built.until(f"{operation} was sent", lambda: built.ask(sent))
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    cloud.switch([])


def cloud_still_waits(cloud: SimulatedCloud) -> bool:
    """The fault is used up once the call has been carried out and its answer is being held back."""
    with urllib.request.urlopen(cloud.endpoint_url + CONTROL, timeout=10) as answer:
        return any(fault["times"] > 0 for fault in json.load(answer))


def nothing_was_done_twice(cloud: SimulatedCloud, scene: Scene) -> bool:
    ec2 = cloud.client("ec2")
    snapshots = ec2.describe_snapshots(Filters=[{"Name": "volume-id", "Values": list(scene.volume_ids)}])["Snapshots"]
    groups = ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [scene.vpc]}])["SecurityGroups"]
    ours = [group for group in groups if group["GroupId"] not in scene.group_names and group["GroupName"] != "default"]
    commands = cloud.client("ssm").list_commands(InstanceId=scene.instance_id)["Commands"]
    return (len(snapshots), len(ours), len(commands)) == (len(scene.volume_ids), 1, 1)
