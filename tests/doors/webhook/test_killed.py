"""A serving process killed with `kill -9` while alerts come in: every acknowledged alert is there, and none is there twice."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests_findings import finding

ADD = """
import django
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from hikeshi.desk.actor import Actor
from hikeshi.desk.alerts import sources
print(sources.add("siem", actor=Actor("t", "cli", "admin"), proof="token")[1])
"""
LOOK = """
import django, json
django.setup()
from hikeshi.desk.alerts.models import *
from hikeshi.desk.ledger.verbs import verify
rows = Delivery.objects.order_by("pk")
print(json.dumps([[row.message_id, row.problem, list(row.alerts.values_list("key", flat=True))] for row in rows]))
print(verify("organisation").ok, Source.objects.get().deliveries == rows.count(), sum(Group.objects.values_list("size", flat=True)))
"""
SENDERS = 6
EACH = 40


class Server:
    """`hikeshi serve` as far as webhooks are concerned, on a port that stays the same when it comes back."""

    def __init__(self, environment: dict[str, str]) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.environment = environment
        self.start()

    def start(self) -> None:
        command = [
            sys.executable,
            "-m",
            "uvicorn",
            "--port",
            str(self.port),
            "--log-level",
            "error",
            "hikeshi.asgi:application",
        ]
        self.process = subprocess.Popen(command, env=self.environment)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def run(program: str, environment: dict[str, str]) -> str:
    command = [sys.executable, "-c", program]
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout


def deliver(port: int, secret: str, name: str, acknowledged: list[str], until: float) -> None:
    """Hand one payload in as a careful sender does: again, until it is acknowledged."""
    headers = {"Authorization": f"Bearer {secret}", "Idempotency-Key": name}
    while time.monotonic() < until:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            connection.request("POST", "/in/siem", finding(id=name), headers)
            answer = connection.getresponse()
            answer.read()
            connection.close()
        except (OSError, http.client.HTTPException):
            time.sleep(0.1)
            continue
        if answer.status in {200, 202}:
            acknowledged.append(name)
            return
        assert answer.status == 503
        time.sleep(0.1)


@pytest.mark.slow
def test_every_acknowledged_alert_is_there_once_after_kill_9(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HIKESHI_")}
    environment |= {"HIKESHI_HOME": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    secret = run(ADD, environment).strip()
    server, acknowledged, until = Server(environment), list[str](), time.monotonic() + 240
    names = [[f"{sender}-{number}" for number in range(EACH)] for sender in range(SENDERS)]

    def sender(mine: list[str]) -> None:
        for name in mine:
            deliver(server.port, secret, name, acknowledged, until)

    threads = [threading.Thread(target=sender, args=(mine,)) for mine in names]
    try:
        for thread in threads:
            thread.start()
        for part in (1, 2):
            while len(acknowledged) < part * SENDERS * EACH / 3 and time.monotonic() < until:
                time.sleep(0.005)
            server.kill()
            server.start()
        for thread in threads:
            thread.join()
    finally:
        server.kill()
    told = run(LOOK, environment).splitlines()
    rows = json.loads(told[0])
    assert sorted(acknowledged) == sorted(name for mine in names for name in mine)
    assert sorted(row[0] for row in rows) == sorted(acknowledged)
    assert all(not problem and [key.rpartition(":")[2] for key in keys] == [name] for name, problem, keys in rows)
    assert told[1].split() == ["True", "True", str(SENDERS * EACH)]
