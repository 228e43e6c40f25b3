"""How fast alerts come in through SQS, and that none is lost: `python benchmarks/intake_queue.py --messages 10000 --hub 300`.

The queue is the simulated cloud's, in a process of its own and over HTTP; the doors are `hikeshi intake` as people run it, beside a server and a
worker. On SQLite and then on PostgreSQL (fsync on): messages of one GuardDuty finding each, messages of Security Hub with many findings
each, both of 50 causes; and a load under which a door, the worker and a database process are killed with `kill -9`. Then every message that
has left the queue must have been kept, once. Doors are stopped (SIGSTOP) while the queue is filled, and the clock runs until it is empty.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.intake import CAUSES, ROOT, House, cost, kill_a_backend, on_each, one, spent

from hikeshi.simulation.cloud import SimulatedCloud

BAR = 2000
LIMIT = 300
"""Seconds after which a queue that does not empty is given up."""
DOOR = "import sys; sys.argv = ['hikeshi', 'intake']; from hikeshi.doors.cli import main; main()"
LOOK = """
import django, json
django.setup()
from hikeshi.desk.alerts.models import Alert, Delivery, Group
print(json.dumps({
    "messages": list(Delivery.objects.filter(source="sqs").values_list("message_id", flat=True)),
    "aside": Delivery.objects.exclude(problem="").count(), "groups": Group.objects.count(),
    "keys": list(Alert.objects.values_list("key", flat=True)),
}))
"""
IMPORTED = json.loads((ROOT / "tests/samples/signals/securityhub/imported.json").read_text())


def hub(name: str, findings: int) -> str:
    """A message with an array of findings, as EventBridge delivers Security Hub's."""
    [like] = IMPORTED["detail"]["findings"][:1]
    controls = [{**like["Compliance"], "SecurityControlId": f"EC2.{n}"} for n in range(CAUSES)]
    many = [{**like, "Id": f"{name}-{n}", "Compliance": controls[n % CAUSES]} for n in range(findings)]
    return json.dumps({**IMPORTED, "detail": {**IMPORTED["detail"], "findings": many}})


class Line:
    """The queue, as its senders see it."""

    def __init__(self, cloud: SimulatedCloud) -> None:
        self.cloud, self.sqs = cloud, cloud.client("sqs")
        self.url = self.sqs.create_queue(QueueName="alerts", Attributes={"VisibilityTimeout": "120"})["QueueUrl"]

    def fill(self, bodies: Sequence[str], at_once: int) -> list[str]:
        """Returns the messages' ids."""
        ids: list[str] = []
        for start in range(0, len(bodies), at_once):
            entries = [{"Id": str(n), "MessageBody": body} for n, body in enumerate(bodies[start : start + at_once])]
            told = self.sqs.send_message_batch(QueueUrl=self.url, Entries=entries)
            ids += [each["MessageId"] for each in told["Successful"]]
        return ids

    def left(self) -> int:
        told = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["All"])["Attributes"]
        return sum(int(told[name]) for name in ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"))

    def emptied(self) -> float:
        """Seconds until nothing is left."""
        began = time.perf_counter()
        while self.left():
            if time.perf_counter() - began > LIMIT:
                raise SystemExit(f"the queue is not empty after {LIMIT} s: {self.left()} messages")
            time.sleep(0.2)
        return time.perf_counter() - began


class Site(House):
    """A home with doors on a queue."""

    def __init__(self, url: str, home: str, line: Line, doors: int) -> None:
        self.line, self.doors = line, [f"door {number + 1}" for number in range(doors)]
        self.programs = {name: ["-c", DOOR] for name in self.doors}
        more = {"HIKESHI_QUEUE_URL": line.url, "HIKESHI_AWS_ENDPOINT_URL": line.cloud.endpoint_url}
        super().__init__(url, home, more)
        for name in self.doors:
            self.start(name)
        time.sleep(5)  # until they ask the queue

    def tell(self, sign: signal.Signals) -> None:
        for name in self.doors:
            self.processes[name].send_signal(sign)

    def drain(self, bodies: Sequence[str], alerts: int, data: Path | None, at_once: int = 10) -> tuple[float, str]:
        """Alerts a second, and the processor milliseconds of each process for an alert."""
        self.tell(signal.SIGSTOP)
        self.line.fill(bodies, at_once)
        before = self.used(data)
        self.tell(signal.SIGCONT)
        took = self.line.emptied()
        return alerts / took, cost(before, self.used(data), alerts)

    def used(self, data: Path | None) -> dict[str, float]:
        return self.processor(data) | {"queue": spent(self.line.cloud.pid)}


def killed(site: Site, messages: int, data: Path | None) -> dict[str, int]:
    """Kill a door, the worker and a process of the database while a queue is read. Returns what was lost, and what was kept twice."""
    line = site.line
    line.sqs.set_queue_attributes(QueueUrl=line.url, Attributes={"VisibilityTimeout": "5"})
    site.tell(signal.SIGSTOP)
    names = [f"kill-{n}" for n in range(messages)]
    ids = line.fill([one(name, n).decode() for n, name in enumerate(names)], 10)

    def murder() -> None:
        for share, name in ((0.8, site.doors[0]), (0.6, "worker"), (0.4, "database"), (0.2, site.doors[-1])):
            while line.left() > messages * share:
                time.sleep(0.02)
            if name == "database":
                kill_a_backend(data)
            else:
                site.kill(name)
                site.start(name)

    killer = threading.Thread(target=murder)
    killer.start()
    site.tell(signal.SIGCONT)
    killer.join()
    line.emptied()
    found = json.loads(site.run(LOOK))
    keys = [key.rpartition(":")[2] for key in found["keys"] if "kill-" in key]
    kept = [name for name in found["messages"] if name in set(ids)]
    return {
        "messages": len(ids), "lost": len(set(ids) - set(kept)) + len(set(names) - set(keys)),
        "twice": len(kept) - len(set(kept)) + len(keys) - len(set(keys)), "aside": found["aside"],
        "groups": found["groups"],
    }  # fmt: skip


def measure(url: str, options: argparse.Namespace, data: Path | None = None) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="hikeshi-intake-") as home,
        SimulatedCloud() as cloud,
        contextlib.closing(Site(url, home, Line(cloud), options.doors)) as site,
    ):
        site.drain([one(f"first-{n}", n).decode() for n in range(200)], 200, data)  # everything is loaded
        singles, used = site.drain(
            [one(f"one-{n}", n).decode() for n in range(options.messages)], options.messages, data
        )
        many = [hub(f"hub-{n}", options.findings) for n in range(options.hub)]
        alerts = options.hub * options.findings
        arrays, cheaper = site.drain(many, alerts, data, 1)
        dead = killed(site, options.killed, data)
    print(
        f"| {'postgresql' if url else 'sqlite'} | {singles:,.0f} | {arrays:,.0f} | {dead['messages']:,} | {dead['lost']} | {dead['twice']} "
        f"| {dead['aside']} | {dead['groups']} |"
    )
    print(f"  processor ms for an alert, one in a message: {used}")
    print(f"  {options.findings} in a message: {cheaper}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=10_000, help="of one finding each")
    parser.add_argument("--hub", type=int, default=300, help="messages of Security Hub")
    parser.add_argument("--findings", type=int, default=50, help="in each of them")
    parser.add_argument("--killed", type=int, default=3_000, help="messages under kill -9")
    parser.add_argument("--doors", type=int, default=2, help="processes that read the queue")
    parser.add_argument("--only", choices=["sqlite", "postgresql"], default="")
    options = parser.parse_args()
    print(
        f"| database | alerts/s, one in a message (bar {BAR:,}) | {options.findings} in a message (bar {BAR:,}) | messages under kill -9 "
        "| lost | twice | set aside | groups |\n|---|---|---|---|---|---|---|---|"
    )
    on_each(measure, options)


if __name__ == "__main__":
    main()
