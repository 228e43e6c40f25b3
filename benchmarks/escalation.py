"""How late people are told: `python benchmarks/escalation.py`. Bar: within 5 s of the due time, with 10,000 clocks running.

On SQLite, then on PostgreSQL, with the deadlines of a serving process and a real mail server beside it: clocks that fall due one after the
other over a minute, a burst in the same second, and some that fall due while the process is dead (kill -9), counted from its restart. Late is
the time from the due time to the escalation's first step; "mail" is the time until the mail server has taken the message. Last, what an
idle worker asks the database in a second.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median, quantiles
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
sys.path.insert(0, str(ROOT / "tests"))

BAR = 5.0
SERVE = """
import threading, django
django.setup()
from hikeshi.doors.station import Station
with Station():
    threading.Event().wait()
"""
SETS = ("over a minute", "same second", "killed")


def build(due: list[tuple[str, datetime]], first: int) -> None:
    """An incident, its chain and one running clock for each line of `due`, numbered from `first`."""
    from django.utils import timezone

    from hikeshi.desk.duties.models import Clock
    from hikeshi.desk.incidents.models import Incident
    from hikeshi.desk.ledger.models import Chain

    now = timezone.now()
    names = [f"INC-2026-{number:05d}" for number in range(first, first + len(due))]
    Incident.objects.bulk_create(
        Incident(name=name, title="Mining", severity=2, detected_at=now, declared_at=now) for name in names
    )
    chains = Chain.objects.bulk_create(Chain(name=name) for name in names)
    Clock.objects.bulk_create(
        Clock(
            chain=chain, rule=f"response.sev2 {kind}".strip(), rule_version=1, title={"en": "Respond", "ja": "対応"},
            explanation={"en": "", "ja": ""}, started_at=now, soon_at=at, deadline=at, due_at=at,
        )
        for chain, (kind, at) in zip(chains, due, strict=True)
    )  # fmt: skip


def lateness(kind: str, since: datetime | None = None) -> dict[str, float]:
    """Seconds from due (or from the restart) to the first step of the escalation, and to the mail."""
    from hikeshi.desk.notices.models import Escalation, Notice

    rows = Escalation.objects.filter(clock__rule=f"response.sev2 {kind}").select_related("clock")
    late = [(row.began_at - max(row.clock.deadline, since or row.clock.deadline)).total_seconds() for row in rows]  # type: ignore[union-attr]
    sent = Notice.objects.filter(escalation__in=rows, level=1, state__in=("sent", "delivered")).select_related(
        "escalation__clock"
    )
    mail = [
        (one.sent_at - max(one.escalation.clock.deadline, since or one.escalation.clock.deadline)).total_seconds()  # type: ignore[union-attr, operator]
        for one in sent
    ]
    if not late:
        return {"count": 0}
    cut = quantiles(late, n=100)[98] if len(late) > 1 else late[0]
    return {
        "count": len(late), "median": median(late), "p99": cut, "worst": max(late), "mails": len(mail), "mail_worst": max(mail, default=0.0),
    }  # fmt: skip


def idle(seconds: float) -> float:
    """Queries in a second of one worker that does everything, while nothing is due."""
    from django.db import connection

    from hikeshi.doors.worker import Worker

    counted, stop = [0], threading.Event()

    def count(execute: Any, *arguments: Any) -> Any:
        counted[0] += 1
        return execute(*arguments)

    timer = threading.Timer(seconds, stop.set)
    worker = Worker(stop=stop)
    worker.drain()
    timer.start()
    with connection.execute_wrapper(count):
        worker.run()
    return counted[0] / seconds


def measure(clocks: int, seconds: int, steady: int, burst: int) -> dict[str, Any]:
    os.environ["DJANGO_SETTINGS_MODULE"] = "hikeshi.settings"
    import django  # after the environment

    django.setup()
    from django.core.management import call_command
    from django.db import connection
    from django.utils import timezone

    from hikeshi.desk.accounts.models import Contact
    from smtp_sink import SmtpSink

    call_command("migrate", verbosity=0)
    for level in (1, 2, 3):
        Contact.objects.create(
            name=f"level{level}", duty="incident_commander", level=level, email=f"level{level}@example.com"
        )
    with SmtpSink() as sink:
        environment = {
            **os.environ, "HIKESHI_SMTP_URL": f"smtp://127.0.0.1:{sink.port}", "HIKESHI_MAIL_FROM": "hikeshi@example.com",
        }  # fmt: skip
        planned = steady + burst + burst // 10
        build([("", timezone.now() + timedelta(days=1))] * (clocks - planned), 0)
        start = timezone.now() + timedelta(seconds=15)  # until the other rows are made and the process is up
        many = start + timedelta(seconds=seconds + 5)
        killed = many + timedelta(seconds=30)
        plan = {
            SETS[0]: [start + timedelta(seconds=seconds * number / steady) for number in range(steady)],
            SETS[1]: [many] * burst,
            SETS[2]: [killed + timedelta(seconds=2)] * (burst // 10),
        }
        build([(name, at) for name, times in plan.items() for at in times], clocks)
        serving = subprocess.Popen([sys.executable, "-c", SERVE], env=environment)
        time.sleep(max(0.0, (killed - timezone.now()).total_seconds()))
        serving.send_signal(signal.SIGKILL)
        serving.wait()
        time.sleep(max(0.0, (killed - timezone.now()).total_seconds() + 5))
        again = timezone.now()
        serving = subprocess.Popen([sys.executable, "-c", SERVE], env=environment)
        time.sleep(25)
        serving.terminate()
        serving.wait()
        found = {kind: lateness(kind, again if kind == "killed" else None) for kind in SETS}
        missing = {kind: len(plan[kind]) - int(found[kind]["count"]) for kind in SETS}
    return {"database": connection.vendor, "sets": found, "missing": missing, "idle": idle(5.0)}


def apart(url: str, options: argparse.Namespace) -> dict[str, Any]:
    """The same in a process of its own, so that each database has a fresh Django."""
    with tempfile.TemporaryDirectory(prefix="hikeshi-escalation-") as home:
        sizes = [str(options.clocks), str(options.seconds), str(options.steady), str(options.burst)]
        told = subprocess.run(
            [sys.executable, __file__, "--one", *(word for pair in zip(("--clocks", "--seconds", "--steady", "--burst"), sizes, strict=True) for word in pair)],
            env={**os.environ, "HIKESHI_HOME": home, "HIKESHI_DATABASE_URL": url}, check=True, stdout=subprocess.PIPE, text=True,
        ).stdout  # fmt: skip
    found: dict[str, Any] = json.loads(told.splitlines()[-1])
    return found


def show(row: dict[str, Any]) -> None:
    for kind, one in row["sets"].items():
        missing = row["missing"][kind]
        print(
            f"| {row['database']} | {kind} | {one['count']} ({missing} missing) | {one.get('median', 0):.2f} | "
            f"{one.get('p99', 0):.2f} | {one.get('worst', 0):.2f} | {one.get('mail_worst', 0):.2f} | {row['idle']:.0f} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clocks", type=int, default=10_000)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--steady", type=int, default=600)
    parser.add_argument("--burst", type=int, default=1_000)
    parser.add_argument("--only", choices=("sqlite", "postgresql"))
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options.clocks, options.seconds, options.steady, options.burst)))
        return
    from on_postgres import cluster, programs

    print(f"{options.clocks:,} clocks running; seconds late, bar {BAR:g} s")
    print(
        "| database | due | escalations | median | p99 | worst | last mail | idle queries/s |\n|---|---|---|---|---|---|---|---|"
    )
    if options.only != "postgresql":
        show(apart("", options))
    found = programs() if options.only != "sqlite" else None
    if found is None:
        print("Not measured: PostgreSQL.", file=sys.stderr)
        return
    with cluster(found, durable=True) as url:
        show(apart(url, options))


if __name__ == "__main__":
    main()
