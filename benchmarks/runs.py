"""Many playbooks at once: `python benchmarks/runs.py`. Bar: 10,000 running, each of 20 steps, on PostgreSQL with 4 workers: a due step is
begun within 1 s (p95), at least 100 steps a second, and none lost or run twice while workers are killed at random.

Two parts with the same runs. "paced": steps fall due at `--rate` a second, as waits of a playbook do, and how late each is begun is counted
from its due time. "burst": every wait is over at once, and what counts is how many steps are ended in a second. All the while a worker process is killed (kill -9)
every `--kill` seconds and another one started, and the deadlines of a serving process run beside them. A part is given up after `--limit`
seconds; then every step that is done has to have ended exactly once by the ledger, every run be over where there was time, and chains hold.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from statistics import median, quantiles
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

WORKER = """
import os, sys, django
django.setup()
from django.utils import timezone
from hikeshi.desk.runs.models import Step
from hikeshi.doors.worker import WORK, Worker
out = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
class Timed(Worker):
    def _do(self, row, do):
        if isinstance(row, Step):
            os.write(out, b"%d %f %f\\n" % (row.pk, row.due_at.timestamp(), (timezone.now() - row.due_at).total_seconds()))
        super()._do(row, do)
Timed(work=WORK, prompt=()).run()
"""
DEADLINES = "import django; django.setup()\nfrom hikeshi.doors.worker import Worker\nWorker(work=()).run()"
HELD = 10.0
"""Seconds until the first step is due, so that the workers are there."""
TEXT = {"en": "Look", "ja": "確認"}


def pause(rate: float, instances: int) -> float:
    """Seconds that a wait takes on average, so that `rate` steps fall due in a second: of the 20 steps 8 wait."""
    return instances / rate * 20 / 8


def playbook(rate: float, instances: int) -> Any:
    """20 steps: three layers of a wait and of messages beside each other, with a playbook within for each of two targets."""
    import msgspec

    from hikeshi.playbooks.playbook import Playbook

    mean = pause(rate, instances) if rate else 1
    steps: list[dict[str, Any]] = []
    for number in range(1, 21):
        bare = {"key": f"1.{number}", "phase": "containment", "title": TEXT, "text": TEXT, "role": "responder"}
        kind, after = ("wait", number - 2) if number % 5 in {1, 3} else ("notify", number - 1)
        own: dict[str, Any] = {"wait": {"seconds": max(1, round(random.uniform(0.5, 1.5) * mean))}}
        if kind == "notify":
            own = {"message": {"to": ["scribe"], "subject": TEXT, "body": TEXT}}
        if number == 10:
            kind, own = "playbook", {"playbook": "inner", "for_each": "$fact.hosts"}
        steps.append({**bare, "kind": kind, **own, "after": [f"1.{after}"] if after > 0 else []})
    facts = {"hosts": {"label": TEXT, "type": "list"}}
    whole = {"version": 1, "title": TEXT, "severity": "SEV-3", "summary": TEXT, "facts": facts}
    inner = {**whole, "name": "inner", "steps": [steps[1] | {"key": "1.1", "after": []}]}
    return tuple(msgspec.convert(one, Playbook) for one in ({**whole, "name": "many", "steps": steps}, inner))


def build(instances: int, first: int, rate: float) -> float:
    """One incident and one run each, started by the verb, in as many processes as there are cores. Returns the seconds that it took."""
    cores = os.cpu_count() or 1
    shares = [len(range(number, instances, cores)) for number in range(cores)]
    began = time.monotonic()
    with ProcessPoolExecutor(cores, mp_context=get_context("spawn")) as pool:
        list(
            pool.map(
                build_some,
                shares,
                [first + sum(shares[:number]) for number in range(cores)],
                [rate / instances] * cores,
            )
        )
    return time.monotonic() - began


def build_some(instances: int, first: int, rate: float) -> None:
    """`rate`: of one run."""
    import django

    django.setup()
    from django.utils import timezone

    from hikeshi.desk.actor import system
    from hikeshi.desk.incidents.models import Incident
    from hikeshi.desk.ledger.models import Chain
    from hikeshi.desk.runs.starting import start

    now, actor = timezone.now(), system("Hikeshi", "worker")
    names = [f"INC-2026-{number:05d}" for number in range(first, first + instances)]
    rows = Incident.objects.bulk_create(
        Incident(name=name, title="Mining", severity=3, detected_at=now, declared_at=now, status="active")
        for name in names
    )
    Chain.objects.bulk_create(Chain(name=name) for name in names)
    books = [playbook(rate, 1) for _ in range(20)]
    for number, row in enumerate(rows):
        book, inner = books[number % len(books)]
        start(row, book, actor=actor, facts={"fact.hosts": ["web-1", "web-2"]}, shelf={"inner": inner})


def hold_back(seconds: float, *, spread: float) -> None:
    """Nothing is due for so long, and then over `spread` seconds. Waits began long ago: they are over when they are due."""
    from django.db import connection

    later = "now() + make_interval(secs => %s + random() * %s)"
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE runs_step SET due_at = {later}, began_at = now() - interval '1 day' WHERE due_at IS NOT NULL",
            [seconds, spread],
        )


def at_work(folder: Path, workers: int, kill: float, limit: float) -> tuple[float, int]:
    """Let the workers work until every run is over. Returns the seconds it took, and how many were killed."""
    from django.db import connection

    from hikeshi.desk.runs.models import Run

    def begin(number: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-c", WORKER, str(folder / f"late-{number}")])

    running, killed = [begin(number) for number in range(workers)], 0
    running.append(subprocess.Popen([sys.executable, "-c", DEADLINES]))
    began = last = time.monotonic()
    try:
        while Run.objects.exclude(state="ended").exists() and time.monotonic() - began < limit:
            time.sleep(0.5)
            if kill and time.monotonic() - last > kill:
                last, killed = time.monotonic(), killed + 1
                number = random.randrange(workers)
                running[number].send_signal(signal.SIGKILL)
                running[number].wait()
                running[number] = begin(number)
        return time.monotonic() - began, killed
    finally:
        for one in running:
            one.kill()
            one.wait()
        connection.close()


def late(folder: Path) -> tuple[list[float], int]:
    """How late each step was begun first, in seconds, and how often one was begun once more after a worker had died."""
    lines = [line.split() for file in folder.glob("late-*") for line in file.read_text().splitlines()]
    for file in folder.glob("late-*"):
        file.unlink()
    first: dict[tuple[str, str], float] = {}
    for step, due, seconds in lines:
        first[step, due] = min(first.get((step, due), float("inf")), float(seconds))
    return [max(0.0, seconds) for seconds in first.values()], len(lines) - len(first)


def wrong(*, finished: bool) -> Iterator[str]:
    """Every step that has not ended exactly once by the record, and every chain that does not hold (of a few of them). Where the part was
    given up before its end, only steps that are done are looked for.
    """
    from hikeshi.desk.incidents.models import Incident
    from hikeshi.desk.ledger import verbs as ledger
    from hikeshi.desk.ledger.models import Entry
    from hikeshi.desk.runs.models import Step

    steps, lines = Step.objects.all(), Entry.objects.all()
    done = steps.filter(state="done").order_by()
    wanted = Counter((name, f"step {key}") for name, key in done.values_list("run__incident__name", "key"))
    sent = Counter(
        (name, f"step {key}") for name, key in done.filter(kind="notify").values_list("run__incident__name", "key")
    )
    found = Counter(lines.filter(verb="step.end").order_by().values_list("chain__name", "object"))
    told = Counter(lines.filter(verb="step.notify").order_by().values_list("chain__name", "object"))
    if finished and (left := steps.exclude(state="done").count()):
        yield f"{left} steps are not done"
    for said, difference in {
        "lost": wanted - found, "ended twice": found - wanted, "not sent": sent - told, "sent twice": told - sent,
    }.items():  # fmt: skip
        if difference:
            yield f"{said}: {difference}"[:300]
    for name in Incident.objects.order_by("?").values_list("name", flat=True)[:20]:
        if not ledger.verify(name).ok:
            yield f"{name}: the chain does not hold"


def measure(kind: str, options: argparse.Namespace, folder: Path) -> bool:
    from hikeshi.desk.runs.models import Run, Step

    done, over = Step.objects.filter(state="done"), Run.objects.exclude(state="ended")
    said: dict[str, Any] = {"part": kind, "running": over.filter(within=None).count()}
    hold_back(HELD, spread=pause(options.rate, options.instances) if kind == "paced" else 0.0)
    before = done.count()
    took, said["killed"] = at_work(folder, options.workers, options.kill, options.limit)
    steps, seconds = done.count() - before, took - HELD
    lateness, again = late(folder)
    if len(lateness) < 2:
        print(f"{kind}: the workers have not begun within {options.limit:g} s.", file=sys.stderr)
        return False
    problems = list(wrong(finished=not over.exists()))
    said |= {
        "finished": not over.exists(), "steps": steps, "seconds": round(seconds, 1), "steps_per_s": round(steps / seconds, 1),
        "begun_again": again, "late_p50": round(median(lateness), 3), "late_p95": round(quantiles(lateness, n=20)[-1], 3),
        "late_max": round(max(lateness), 1), "wrong": problems[:5],
    }  # fmt: skip
    print(json.dumps(said), flush=True)
    good = said["late_p95"] < 1 if kind == "paced" else said["steps_per_s"] >= 100
    return good and not problems


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--instances", type=int, default=10_000)
    parser.add_argument("--rate", type=float, default=100.0, help="steps that fall due in a second, in the paced part")
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--kill", type=float, default=10.0, help="seconds between two kills; 0: nobody is killed")
    parser.add_argument("--limit", type=float, default=240.0, help="seconds after which a part is given up")
    parser.add_argument("--part", choices=("paced", "burst"), action="append")
    options = parser.parse_args()
    from on_postgres import cluster, programs

    bin_folder = programs()
    if bin_folder is None:
        print("PostgreSQL is not installed.", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as home, cluster(bin_folder, durable=True) as url:
        os.environ |= {
            "HIKESHI_HOME": home, "HIKESHI_DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "hikeshi.settings", "HIKESHI_LEASE_SECONDS": "5",
            "PYTHONPATH": str(ROOT / "src"),
        }  # fmt: skip
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        parts = options.part or ["paced", "burst"]
        seconds = build(options.instances, 1, options.rate if "paced" in parts else 0.0)
        print(json.dumps({"started": options.instances, "seconds": round(seconds, 1)}), flush=True)
        good = [measure(part, options, Path(home)) for part in parts]
    return 0 if all(good) else 1


if __name__ == "__main__":
    raise SystemExit(main())
