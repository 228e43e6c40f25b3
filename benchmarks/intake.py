"""How fast alerts come in, and that none is lost: `python benchmarks/intake.py --seconds 40`.

A real server (`uvicorn hikeshi.asgi:application`) and workers in processes of their own; this process sends over HTTP on 127.0.0.1. In one
run, on SQLite and then on a PostgreSQL server with fsync on: single alerts and their answers; batches of 200 in an array; a storm of 50
causes, the groups it folds into and the time of the queue's page; and a load under which server, worker and database process are killed
with `kill -9`, after which every acknowledged alert must be there exactly once. Without PostgreSQL its lines are left out and this says so.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from on_postgres import cluster, programs  # noqa: E402 - after the path
from tests_findings import finding  # noqa: E402 - after the path

BAR = {"sqlite": 150, "postgresql": 300, "p95": 0.1, "batches": 2000, "groups": 60, "page": 0.2}
BATCH = 200
CAUSES = 50

ADD = """
import django
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from hikeshi.desk.actor import Actor
from hikeshi.desk.alerts import sources
print(sources.add("bench", actor=Actor("bench", "cli", "admin"), proof="token", per_minute=10_000_000)[1])
"""
WORK = "import django; django.setup(); from hikeshi.doors.worker import Worker; Worker().run()"
LOOK = """
import django, json, time
django.setup()
from django.conf import settings
settings.ALLOWED_HOSTS = ["*"]
from django.test import Client
from hikeshi.desk.accounts.models import Person
from hikeshi.desk.alerts.models import Alert, Delivery, Group
person, _ = Person.objects.get_or_create(username="bench", role="responder")
client = Client(); client.force_login(person)
client.get("/alerts/")
times = []
for _ in range(5):
    began = time.perf_counter(); status = client.get("/alerts/").status_code; times.append(time.perf_counter() - began)
print(json.dumps({
    "groups": Group.objects.count(), "size": sum(Group.objects.values_list("size", flat=True)), "alerts": Alert.objects.count(),
    "keys": sorted(key.rpartition(":")[2] for key in Alert.objects.filter(key__contains="kill-").values_list("key", flat=True)),
    "messages": sorted(Delivery.objects.filter(message_id__startswith="kill-").values_list("message_id", flat=True)),
    "page": sorted(times)[2], "status": status,
}))
"""


class House:
    """A home, its database, a serving process and a worker. `more` is added to their environment."""

    programs: Mapping[str, list[str]] = MappingProxyType({})
    """Further processes by their names: what is given to Python."""

    def __init__(self, url: str, home: str, more: Mapping[str, str] = MappingProxyType({})) -> None:
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("HIKESHI_")}
        self.environment |= {
            "DJANGO_SETTINGS_MODULE": "hikeshi.settings", "HIKESHI_HOME": home, "HIKESHI_DATABASE_URL": url,
            "PYTHONPATH": os.pathsep.join(sys.path), "HIKESHI_LEASE_SECONDS": "5", **more,
        }  # fmt: skip
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.secret = self.run(ADD).strip()
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.start("server")
        self.start("worker")
        self.wait()

    def run(self, program: str) -> str:
        command = [sys.executable, "-c", program]
        return subprocess.run(command, env=self.environment, check=True, capture_output=True, text=True).stdout

    def start(self, name: str) -> None:
        server = ["-m", "uvicorn", "--port", str(self.port), "--log-level", "critical", "hikeshi.asgi:application"]
        known = {"server": server, "worker": ["-c", WORK], **self.programs}
        command = [sys.executable, *known[name]]
        self.processes[name] = subprocess.Popen(command, env=self.environment, stderr=subprocess.DEVNULL)

    def kill(self, name: str) -> None:
        self.processes[name].send_signal(signal.SIGKILL)
        self.processes[name].wait()

    def wait(self) -> None:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.1)
        raise SystemExit("the server does not start")

    def close(self) -> None:
        for name in self.processes:
            self.kill(name)

    def processor(self, data: Path | None) -> dict[str, float]:
        """Processor seconds used so far: by this process, which sends, and by each of the others."""
        mine = os.times()
        used = {"sender": mine.user + mine.system} | {name: spent(one.pid) for name, one in self.processes.items()}
        return used | ({"database": _database(data)} if data else {})


class Sender:
    """One connection that is kept, as senders do."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.connection: http.client.HTTPConnection | None = None

    def send(self, body: bytes, name: str) -> int:
        """The status; 0 where no answer came."""
        headers = {"Authorization": f"Bearer {self.house.secret}", "Idempotency-Key": name}
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.house.port, timeout=60)
            self.connection.request("POST", "/in/bench", body, headers)
            answer = self.connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            self.connection = None
            return 0
        return answer.status

    def insist(self, body: bytes, name: str, until: float) -> bool:
        """Send until it is acknowledged, as a careful sender does."""
        while time.monotonic() < until:
            status = self.send(body, name)
            if status in {200, 202}:
                return True
            time.sleep(0.2)
        return False


def one(name: str, cause: int) -> bytes:
    return finding(id=name, type=f"Recon:EC2/Cause{cause % CAUSES}")


def together(work: Callable[[int], None], senders: int = 8) -> float:
    threads = [threading.Thread(target=work, args=(number,)) for number in range(senders)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - began


def singles(house: House, seconds: float, senders: int, name: str = "single") -> dict[str, float]:
    times: list[float] = []
    refused: list[float] = []
    late: list[float] = []  # those of the last quarter: what is sustained is no slower there
    until = time.perf_counter() + seconds

    def work(number: int) -> None:
        sender, count = Sender(house), 0
        while time.perf_counter() < until:
            count += 1
            began = time.perf_counter()
            status = sender.send(one(f"{name}-{number}-{count}", count), f"{name}-{number}-{count}")
            (times if status == 202 else refused).append(time.perf_counter() - began)
            if status == 202 and until - began < seconds / 4:
                late.append(began)

    took = together(work, senders)
    times.sort()
    rates = {"rate": len(times) / took, "late": len(late) / (took - seconds * 3 / 4)}
    return {**rates, "p95": times[int(len(times) * 0.95)] if times else 0.0, "refused": len(refused)}


def batches(house: House, alerts: int, name: str) -> float:
    """Alerts a second, in arrays."""
    parts = iter(range(0, alerts, BATCH))
    lock = threading.Lock()

    def work(_number: int) -> None:
        sender = Sender(house)
        while True:
            with lock:
                start = next(parts, None)
            if start is None:
                return
            body = b"[" + b",".join(one(f"{name}-{start + n}", n) for n in range(BATCH)) + b"]"
            assert sender.insist(body, f"{name}-{start}", time.monotonic() + 300)

    return alerts / together(work)


def killed(house: House, seconds: float, data: Path | None) -> dict[str, Any]:
    """Kill every process in turn under load. Returns how many were acknowledged, lost, and kept twice."""
    acknowledged: list[str] = []
    over = time.monotonic() + seconds

    def work(number: int) -> None:
        sender, count = Sender(house), 0
        while time.monotonic() < over:
            count += 1
            name = f"kill-{number}-{count}"
            if sender.insist(one(name, count), name, over + 60):
                acknowledged.append(name)

    def murder() -> None:
        for name in ("server", "worker", "database"):
            time.sleep(seconds / 4)
            if name == "database":
                kill_a_backend(data)
            else:
                house.kill(name)
                house.start(name)

    killer = threading.Thread(target=murder)
    killer.start()
    together(work)
    killer.join()
    found = json.loads(house.run(LOOK))
    keys, messages = found["keys"], found["messages"]
    return {
        "acknowledged": len(acknowledged),
        "lost": len(set(acknowledged) - set(keys)) + len(set(acknowledged) - set(messages)),
        "twice": len(keys) - len(set(keys)) + len(messages) - len(set(messages)),
    }


def spent(pid: int, *, children: bool = False) -> float:
    """Processor seconds of a process, with `children` of those too that it has waited for."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11 : 15 if children else 13])) / os.sysconf("SC_CLK_TCK")


def _database(data: Path) -> float:
    postmaster = int((data / "postmaster.pid").read_text().splitlines()[0])
    children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
    return spent(postmaster, children=True) + sum(spent(int(one)) for one in children)


def cost(before: dict[str, float], after: dict[str, float], alerts: float) -> str:
    """Processor milliseconds of each process for an alert, and of all of them."""
    used = {name: (after[name] - before[name]) * 1000 / max(1.0, alerts) for name in after}
    return ", ".join(f"{name} {value:.2f}" for name, value in used.items()) + f": {sum(used.values()):.2f}"


def kill_a_backend(data: Path | None) -> None:
    """The oldest process of the database below its postmaster: the server then throws all others out and recovers."""
    if data is None:
        return
    postmaster = int((data / "postmaster.pid").read_text().splitlines()[0])
    children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
    os.kill(int(children[-1]), signal.SIGKILL)


def measure(url: str, options: argparse.Namespace, data: Path | None = None) -> None:
    kind = "postgresql" if url else "sqlite"
    with tempfile.TemporaryDirectory(prefix="hikeshi-intake-") as home, contextlib.closing(House(url, home)) as house:
        singles(house, 1, options.senders, "first")  # everything is loaded, connections are open
        marks = [house.processor(data)]
        single = singles(house, options.seconds, options.senders)
        marks.append(house.processor(data))
        batch = batches(house, options.batched, "batch")
        marks.append(house.processor(data))
        storm = batches(house, options.storm, "storm")
        folded = json.loads(house.run(LOOK))
        dead = killed(house, options.killing, data)
    print(
        f"| {kind} | {single['rate']:,.0f} (bar {BAR[kind]}) | {single['p95'] * 1000:.0f} ms | {single['refused']:.0f} | {batch:,.0f} "
        f"| {options.storm:,} at {storm:,.0f}/s | {folded['groups']} | {folded['page'] * 1000:.0f} ms ({folded['status']}) "
        f"| {dead['acknowledged']:,} | {dead['lost']} | {dead['twice']} |"
    )
    print(f"  single alerts a second in the last quarter of the {options.seconds:g} s: {single['late']:,.0f}")
    print(f"  processor ms for a single alert: {cost(marks[0], marks[1], single['rate'] * options.seconds)}")
    print(f"  in arrays: {cost(marks[1], marks[2], options.batched)}")


@contextlib.contextmanager
def postgres() -> Iterator[tuple[str, Path] | None]:
    found = programs()
    if found is None:
        yield None
        return
    with cluster(found, durable=True) as url:
        folder = Path(url.partition("@")[2].rpartition("/")[0].replace("%2F", "/"))
        yield url, folder / "data"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20, help="of single alerts")
    parser.add_argument(
        "--killing", type=float, default=12, help="seconds of the load under which processes are killed"
    )
    parser.add_argument("--senders", type=int, default=8, help="of single alerts, each with a connection of its own")
    parser.add_argument("--batched", type=int, default=10_000)
    parser.add_argument(
        "--storm", type=int, default=10_000, help="100000 for the storm of the bar: a minute more for each database"
    )
    parser.add_argument("--only", choices=["sqlite", "postgresql"], default="")
    options = parser.parse_args()
    print(
        f"| database | single/s, {options.senders} senders | p95 of their answers (bar 100 ms) | refused | alerts/s in arrays (bar 2,000) | storm of 50 causes "
        "| groups (bar 60) | queue page (bar 200 ms) | acknowledged under kill -9 | lost | twice |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    on_each(measure, options)


def on_each(measure: Callable[..., None], options: argparse.Namespace) -> None:
    """On SQLite and on PostgreSQL, or on the `only` one of them: `measure` is given the database's URL, the options, and the folder of a server."""
    if options.only != "postgresql":
        measure("", options)
    if options.only != "sqlite":
        with postgres() as found:
            if found is None:
                print("PostgreSQL is not installed: not measured.", file=sys.stderr)
                return
            measure(found[0], options, found[1])


if __name__ == "__main__":
    main()
