"""How fast isolation is through the whole desk: `python benchmarks/isolation.py --one --times 20` and `--instances 200`.

`--one`: a finding on the queue of a fresh home, its alert, incident, playbook `compromised-ec2` under a standing order, disk and memory, and the
isolation that follows. Each time in a process of its own; said are the seconds from the message to the isolation, our own processor seconds
of all threads in them, and until evidence began.

`--instances`: for each number an incident with a playbook whose one step isolates so many instances, the published request buckets enforced by
the simulated cloud. Worker processes plan; the time until all are done is said before the yes (`desk/runs/eta.py`) and measured from the one
yes to all of them (`desk/runs/at_once.py`) until the last has ended; then the cloud is asked what it shows. In the last of these waves one
worker process is killed (kill -9) and another one started. `--stock` adds the bare swaps with the SDK's own retry settings, in the same run. No fresh process of `--one` is begun after
`--limit` seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from hikeshi.doors.cli.way import THEIRS
from hikeshi.pace import listening
from hikeshi.simulation import cast
from hikeshi.simulation.cloud import SimulatedCloud

if TYPE_CHECKING:
    from hikeshi.desk.runs.models import Step

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.mass_isolation import beside, build, isolated_calmly

WORKER = """
import sys, threading, django
django.setup()
from hikeshi.desk.runs.perform import warm_up
from hikeshi.doors.worker import WORK, Worker
warm_up()
ours = [threading.Thread(target=Worker(work=WORK, prompt=()).run) for _ in range(int(sys.argv[1]))]
[one.start() for one in ours]
"""
TEXT = {"en": "Isolate", "ja": "隔離"}
PATIENCE = 600.0
WHOLE = ("configured", "verified", "evidence", "own", "ours", "processor")
PROCESSOR = "processor: "


def one_story() -> dict[str, float]:
    """The demo's first half, in this process."""
    from hikeshi.doors.cli import story as tale
    from hikeshi.doors.cli.way import noted, way

    with SimulatedCloud() as cloud, ThreadPoolExecutor(1) as pool, tempfile.TemporaryDirectory() as home:
        told = tale.Story(home=Path(home), language="en", logs=None, told=lambda _stage: None)
        scene = tale.prepare(told, cloud, pool)
        from hikeshi.doors.station import Station
        from hikeshi.simulation.story import finding, send

        tale.people(told)
        with Station(scene.queue_url) as station:
            time.sleep(1.0)  # a house that has been running
            with listening() as spans:
                processor, sent_at = time.process_time(), time.time()
                send(cloud, scene, finding(scene))
                step = tale.wait("The isolation", lambda: noted(one := tale.ended(tale.ISOLATE), spans) and one)
                used = time.process_time() - processor
            station.stop.set()
        steps = list(step.run.steps.filter(place__lte=step.place).exclude(began_at=None))
        first = min(one.began_at.timestamp() for one in steps if one.action)
        found = way(step, spans, sent_at)
        ours = sum(value for name, value in found.processor.items() if name not in THEIRS)
        whole = (found.configured, found.verified, first - sent_at, found.own, ours, used)
        more = {f"{PROCESSOR}{name}": value for name, value in found.processor.items()}
        return {**dict(zip(WHOLE, whole, strict=True)), **found.parts, **more}


def one(times: int, limit: float) -> None:
    """Fresh processes, one after the other."""
    told: list[dict[str, float]] = []
    began = time.perf_counter()
    while len(told) < times and (not told or time.perf_counter() - began < limit):
        told.append(json.loads(subprocess.check_output([sys.executable, __file__, "--story"])))
        print(", ".join(f"{key} {value:.3f}" for key, value in told[-1].items()), file=sys.stderr, flush=True)
    print(f"{len(told)} times\n")
    print("| one instance, through the desk | median | p95 | bar |\n|---|---|---|---|")
    for key, name, bar in (
        ("configured", "message on the queue to isolation configured, s", "3"), ("verified", "the same verified and on record, s", ""),
        ("evidence", "to the first evidence begun, s", "5"), ("own", "our own time on the way to configured, s", "0.3"),
        ("ours", "processor time of our threads on the way to verified, calls left out, s", ""),
        ("processor", "processor time of our process for all it did meanwhile, s", ""),
    ):  # fmt: skip
        print(row_of(name, [row[key] for row in told], bar))
    print("\n| the way to configured, by part, s | median | p95 | |\n|---|---|---|---|")
    middle = {key: statistics.median(row.get(key, 0.0) for row in told) for key in told[-1] if key not in WHOLE}
    for key in sorted(middle, key=lambda key: (key.startswith(PROCESSOR), -middle[key])):
        theirs = key.removeprefix(PROCESSOR) in THEIRS
        print(row_of(key, [row.get(key, 0.0) for row in told], "AWS" if theirs else ""))


def row_of(name: str, values: list[float], last: str) -> str:
    p95 = statistics.quantiles(sorted(values), n=20, method="inclusive")[-1] if len(values) > 1 else values[0]
    return f"| {name} | {statistics.median(values):.3f} | {p95:.3f} | {last} |"


def start_worker(threads: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", WORKER, str(threads)])


def until(what: str, ready: Any) -> float:
    """Seconds until `ready` says so, looking ten times a second."""
    began = time.perf_counter()
    while not ready():
        if time.perf_counter() - began > PATIENCE:
            raise SystemExit(f"{what} did not happen within {PATIENCE:g} s")
        time.sleep(0.1)
    return time.perf_counter() - began


class Wave(NamedTuple):
    """One step for so many instances: seconds for planning, from the one yes until the last has ended, and as foretold before it."""

    planned: float
    took: float
    foretold: float


def wave(cloud: SimulatedCloud, instances: list[str], kill: Callable[[], None] | None) -> Wave:
    from hikeshi.desk.actor import Actor, system
    from hikeshi.desk.runs import at_once, overriding
    from hikeshi.desk.runs.eta import eta
    from hikeshi.desk.runs.models import Step

    whole, count = step_of(instances, system("Hikeshi", "worker")), len(instances)
    planned = until("Planning", lambda: whole.parts.filter(state="asked").count() == count)
    kondo = Actor(name="kondo", door="cli", role="commander")
    for row in at_once.asked(whole):
        overriding.override_gate(row, actor=kondo, reason="benchmark")
    cloud.weather(buckets=True)  # full, as after the minutes in which people read
    time.sleep(5.0)  # so are those of the workers
    rows = at_once.asked(whole)
    foretold = eta(rows[0])
    assert foretold.plans == count
    yes = time.time()
    if left := at_once.approve_all(whole, {row.key: row.plan_digest for row in rows}, actor=kondo):
        raise SystemExit(f"{len(left)} plans were left out: {left[0].why}")
    if kill:
        until("The first", lambda: whole.parts.filter(state="done").count() >= count // 4)
        kill()
    going = Step.objects.filter(part_of=whole, ended_at=None)
    until("The rest", lambda: not going.exists())
    last = whole.parts.order_by("-ended_at").values_list("ended_at", flat=True)[0]
    assert last
    return Wave(planned, last.timestamp() - yes, foretold.seconds)


def mass(cloud: SimulatedCloud, counts: list[int], processes: int, threads: int, *, kill: bool) -> None:
    instances = build(cloud, sum(counts))
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from django.db.models import Count

    from hikeshi.desk.ledger.models import Entry
    from hikeshi.desk.runs.models import Step

    workers = [start_worker(threads) for _ in range(processes)]

    def replace() -> None:
        workers[0].send_signal(signal.SIGKILL)
        workers[0].wait()
        workers.append(start_worker(threads))

    print(f"{processes} processes of {threads} workers\n")
    print(
        "| instances | planned, s | isolated after the yes, s (bar 25) | foretold, s | off (bar 10 %) |\n|---|---|---|---|---|"
    )
    try:
        for count in counts:
            these, instances = instances[:count], instances[count:]
            killing = replace if kill and count == counts[-1] else None
            told = wave(cloud, these, killing)
            name, off = (
                f"{count}, one process killed" if killing else f"{count}",
                abs(told.foretold - told.took) / told.took,
            )
            print(f"| {name} | {told.planned:.1f} | {told.took:.2f} | {told.foretold:.2f} | {off:.0%} |", flush=True)
    finally:
        for one_worker in workers:
            one_worker.kill()
            one_worker.wait()
    refused, found = cloud.refused(), isolated_calmly(cloud)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    ends = Entry.objects.filter(verb="step.end", object__contains="/").values("chain", "object").annotate(n=Count("pk"))
    states = dict(Step.objects.filter(part_of__isnull=False).values_list("state").annotate(n=Count("pk")))
    print(f"\nprocessor time of the workers, start and planning included: {used.ru_utime + used.ru_stime:.1f} s")
    print(
        f"isolated of {sum(counts)}: {found}; states {states}; ended twice {ends.filter(n__gt=1).count()}; refused by the cloud {refused}"
    )


def step_of(instances: list[str], actor: Any) -> Step:
    """An incident with the one step, opened for each instance."""
    import msgspec

    from hikeshi.desk.incidents import verbs as incidents
    from hikeshi.desk.runs.starting import start
    from hikeshi.playbooks.playbook import Playbook

    step = {
        "key": "2.1", "kind": "action", "action": "aws.ec2.isolate", "inputs": {"instance_id": "$item"}, "for_each": "$fact.hosts",
        "at_most": len(instances), "phase": "containment", "title": TEXT, "text": TEXT, "role": "technical_lead",
    }  # fmt: skip
    whole = {
        "name": "mass", "version": 1, "title": TEXT, "severity": "SEV-2", "summary": TEXT, "steps": [step],
        "facts": {"hosts": {"label": TEXT, "type": "list"}},
    }  # fmt: skip
    incident = incidents.declare("Many hosts", 2, actor=actor, reason="benchmark", simulated=True)
    told = {"fact.hosts": instances, "alert.account": cast.ACCOUNT, "alert.region": cast.REGION}
    return start(incident, msgspec.convert(whole, Playbook), actor=actor, facts=told).steps.get(part_of=None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--one", action="store_true", help="a single instance instead of many")
    parser.add_argument("--times", type=int, default=20, help="how often at most, with --one")
    parser.add_argument("--limit", type=float, default=150, help="seconds after which none is begun, with --one")
    parser.add_argument("--stock", action="store_true", help="the SDK's own retry settings beside it")
    parser.add_argument("--story", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument(
        "--instances",
        type=int,
        nargs="+",
        default=[1, 1, 5, 20, 200],
        help="one wave after the other; the first finds a cold simulated cloud",
    )
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--threads", type=int, default=8, help="workers in each process")
    parser.add_argument("--no-kill", action="store_true")
    options = parser.parse_args()
    for name in [name for name in os.environ if name.startswith("HIKESHI_") and name != "HIKESHI_DATABASE_URL"]:
        del os.environ[name]
    if options.story:
        print(json.dumps(one_story()))
    elif options.one:
        one(options.times, options.limit)
    else:
        with SimulatedCloud() as cloud, tempfile.TemporaryDirectory() as home:
            os.environ |= {
                "HIKESHI_HOME": home, "HIKESHI_AWS_ENDPOINT_URL": cloud.endpoint_url, "HIKESHI_AWS_REGION": cast.REGION,
                "DJANGO_SETTINGS_MODULE": "hikeshi.settings",
            }  # fmt: skip
            mass(cloud, options.instances, options.processes, options.threads, kill=not options.no_kill)
            if options.stock:
                beside(cloud, options.instances[-1])


if __name__ == "__main__":
    main()
