"""What a cluster costs and gives: `python benchmarks/spark.py [--records N] [--workers 1,2]`.

The same CloudTrail logs (those of timeline.py, fixed seed) are built and asked our own rules on this machine with one and two processes,
and by a real Spark master with one and two workers of one core each, all on this machine. Printed are the overhead (starting, one small file)
and the scaling, and what the measured rate of one core means for 1 TB a day and 1 PB. That last table is arithmetic, no measurement.
Each way is a process of its own, with a Java of its own, and is given up after `--patience` seconds: the others are told all the same.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]  # as mypy and pytest have them

import psutil  # noqa: E402  after the path
from benchmarks.timeline import corpus, make_file  # noqa: E402  after the path

from hikeshi.events.detect.loading import OWN, load  # noqa: E402  after the path
from hikeshi.stores.detecting import detect  # noqa: E402
from hikeshi.stores.duck import DuckStore  # noqa: E402
from hikeshi.stores.spark import SparkStore  # noqa: E402
from hikeshi.stores.store import Query  # noqa: E402
from stores.spark_cluster import end, running_cluster, tree  # noqa: E402

USED = 0.6
"""Part of a core's time that reads logs in a cluster of many: the rest is stragglers, network and other people. An assumption."""

CORES = 16
"""Of one worker machine. An assumption."""


def local(logs: Path, small: Path, folder: Path, workers: int) -> dict[str, Any]:
    times = {
        "start": 0.0,
        "small": _timed(lambda: DuckStore(folder / "small").build([small], workers=workers), "small"),
    }
    store = DuckStore(folder / "all")
    used = _used()
    times["build"] = _timed(lambda: store.build([logs], workers=workers), "build")
    times["processor"] = _used() - used
    times["count"] = _timed(lambda: store.count(Query(search="AccessDenied")), "count")
    times["rules"] = _timed(lambda: detect(store, load([OWN])), "rules")
    return {"way": f"this machine, {workers} processes", "workers": workers, **times, "found": store.count(Query())}


def spread(logs: Path, small: Path, folder: Path, workers: int) -> dict[str, Any]:
    folder.mkdir(parents=True)
    with running_cluster(folder, workers) as cluster:
        first = SparkStore(folder / "small", cluster.master, settings=cluster.settings)
        times = {"start": _timed(lambda: first.session, "start")}
        first.build([small])  # workers start Python and load everything
        (again := SparkStore(folder / "again", cluster.master))._opened = first.session  # noqa: SLF001  one session for both
        times["small"] = _timed(lambda: again.build([small]), "small")
        (store := SparkStore(folder / "all", cluster.master))._opened = first.session  # noqa: SLF001  as above
        used = _used(*cluster.workers)
        times["build"] = _timed(lambda: store.build([logs]), "build")
        times["processor"] = _used(*cluster.workers) - used
        times["count"] = _timed(lambda: store.count(Query(search="AccessDenied")), "count")
        times["rules"] = _timed(lambda: detect(store, load([OWN])), "rules")
        row = {"way": f"Spark, {workers} workers", "workers": workers, **times, "found": store.count(Query())}
        first.close()
    return row


WAYS: dict[str, Callable[[Path, Path, Path, int], dict[str, Any]]] = {"local": local, "spread": spread}


def _used(*workers: psutil.Process) -> float:
    """Processor seconds of this process, of workers, and of all that they started."""
    times = [one.cpu_times() for worker in (psutil.Process(), *workers) for one in tree(worker)]
    return sum(one.user + one.system + one.children_user + one.children_system for one in times)


def _timed(run: Any, what: str) -> float:
    """Seconds, told at once too: of a way that is given up they are all there is."""
    began = time.perf_counter()
    run()
    seconds = time.perf_counter() - began
    print(f"{what}: {seconds:.1f} s", file=sys.stderr, flush=True)
    return seconds


def in_process(way: str, workers: int, logs: Path, small: Path, folder: Path, patience: float) -> dict[str, Any] | None:
    """The row of one way, measured in a process of its own; None where it took too long. Its children go with it."""
    words = [
        sys.executable,
        __file__,
        "--way",
        way,
        "--workers",
        str(workers),
        "--place",
        str(logs),
        str(small),
        str(folder),
    ]
    with subprocess.Popen(words, stdout=subprocess.PIPE, start_new_session=True) as run:
        family = psutil.Process(run.pid)
        try:
            output, _ = run.communicate(timeout=patience)
        except subprocess.TimeoutExpired:
            for one in reversed(tree(family)):
                end(one)
            return None
    row: dict[str, Any] | None = json.loads(output.splitlines()[-1]) if run.returncode == 0 else None
    return row


def table(rows: list[dict[str, Any]], records: int) -> str:
    head = "| way | start s | one file s | build s | records/s | processor s | search s | rules s |\n|---|---|---|---|---|---|---|---|\n"
    return head + "".join(
        f"| {row['way']} | {row['start']:.1f} | {row['small']:.2f} | {row['build']:.2f} | {records / row['build']:,.0f} | {row['processor']:.1f} | {row['count']:.2f} | {row['rules']:.2f} |\n"
        for row in rows
    )


def estimate(raw_rate: float) -> str:
    """What a rate of one core in raw bytes/s means. Raw: as the records are unpacked."""
    one = raw_rate * USED
    day = 1e12 / 86_400 / one
    hour = 1e12 / 3600 / one
    petabyte = 1e15 / 86_400 / one
    return (
        "| raw logs | cores | machines of 16 cores |\n|---|---|---|\n"
        f"| 1 TB a day, as it comes | {day:.1f} | {max(1, -(-day // CORES)):.0f} |\n"
        f"| 1 TB in an hour | {hour:.0f} | {-(-hour // CORES):.0f} |\n"
        f"| 1 PB in a day | {petabyte:.0f} | {-(-petabyte // CORES):.0f} |\n"
    )


def main() -> None:
    options = argparse.ArgumentParser(description="Measure a cluster against this machine.")
    options.add_argument("--records", type=int, default=120_000)
    options.add_argument("--workers", default="1,2", help="how many workers, several with commas between")
    options.add_argument("--patience", type=float, default=200, help="seconds after which a way is given up")
    options.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    options.add_argument("--place", nargs=3, type=Path, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    counts = [int(n) for n in chosen.workers.split(",")]
    if chosen.way:
        logs, small, place = chosen.place
        print(json.dumps(WAYS[chosen.way](logs, small, place, counts[0])))
        return
    folder = Path(tempfile.mkdtemp())
    try:
        files = list(corpus(folder / "logs", "cloudtrail", chosen.records))
        with ProcessPoolExecutor() as pool:
            list(pool.map(make_file, files, chunksize=4))
        packed = sum(task[1].stat().st_size for task in files)
        logs, small = folder / "logs", files[0][1]
        rows = []
        for way, n in ((way, n) for way in WAYS for n in counts):
            row = in_process(way, n, logs, small, folder / f"{way}-{n}", chosen.patience)
            print(json.dumps(row) if row else f"{way}, {n}: not finished", file=sys.stderr, flush=True)
            rows += [row] if row else []
        raw = sum(_raw(task[1]) for task in files)
        print(table(rows, chosen.records))
        print(
            f"{len(files)} files, {packed / 1e6:.0f} MB packed, {raw / 1e6:.0f} MB raw; found {[row['found'] for row in rows]}\n"
        )
        for row in rows:
            if row["way"].startswith("Spark"):
                print(f"{row['way']}, by the clock:\n\n{estimate(raw / row['build'] / row['workers'])}")
                print(f"{row['way']}, by processor time:\n\n{estimate(raw / row['processor'])}")
        print(json.dumps({"cores": multiprocessing.cpu_count(), "raw_bytes": raw, "results": rows}, indent=1))
    finally:
        shutil.rmtree(folder)


def _raw(path: Path) -> int:
    """Unpacked bytes, as the end of a gzip file says."""
    return int.from_bytes(path.read_bytes()[-4:], "little")


if __name__ == "__main__":
    main()
