"""How fast rules are asked: `python benchmarks/detect.py --records 1000000 --rules ../shared/data/sigma-rules-aws --keep DIR`.

Builds a store of so many CloudTrail records (those of timeline.py, fixed seed) once, then asks every rule of a folder, each time in a
process of its own: wall time, processor time and peak memory, start and reading of rules included. Without `--rules` it is our own pack.
With `--events 10000000` in the place of `--records` the store is one of 500,000 records, merged and repeated as in queries.py: minutes, not an hour.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # as mypy and pytest have it

from benchmarks.queries import many  # noqa: E402  after the path
from benchmarks.timeline import corpus, make_file, watched  # noqa: E402  after the path

from hikeshi.events.detect.loading import OWN, load  # noqa: E402
from hikeshi.stores.detecting import detect  # noqa: E402
from hikeshi.stores.duck import DuckStore  # noqa: E402

BASE = {"cloudtrail": 500_000}
"""Records of the store that is repeated."""


def store_of(folder: Path, records: int) -> Path:
    """The folder of a store with so many records; made where it is not there, its logs thrown away."""
    store = folder / f"store-{records}"
    if not store.exists():
        logs = folder / "logs"
        with ProcessPoolExecutor() as pool:
            list(pool.map(make_file, corpus(logs, "cloudtrail", records), chunksize=4))
        DuckStore(folder / "building").build([logs])
        (folder / "building").rename(store)
        shutil.rmtree(logs)
    return store


def measured(store: Path, rules: Path) -> dict[str, Any]:
    began = time.perf_counter()
    command = [sys.executable, __file__, "--run", str(store), str(rules)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run:
        peak, spent = watched(run)
        seconds = time.perf_counter() - began
        found = json.loads(run.stdout.read() if run.stdout else "")
    return {"seconds": round(seconds, 2), "cpu_seconds": spent, "peak_mib": peak, **found}


def run_one(store: str, rules: str) -> None:
    report = detect(DuckStore(Path(store)), load([rules]))
    print(
        json.dumps(
            {
                "rules": len(report.rules), "errors": len(report.errors), "events": report.events, "events_hit": report.events_hit,
                "rules_hit": len(report.hit), "asking_seconds": report.seconds,
            }
        )
    )  # fmt: skip


def main() -> None:
    options = argparse.ArgumentParser(description="Measure detection.")
    options.add_argument("--records", type=int, default=1_000_000)
    options.add_argument("--events", type=int, help="events of a merged store that repeats itself")
    options.add_argument("--rules", type=Path, default=OWN)
    options.add_argument("--repeat", type=int, default=3)
    options.add_argument("--keep", type=Path, help="folder for the store; it is made only where it is not there")
    options.add_argument("--run", nargs=2, metavar=("STORE", "RULES"), help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.run:
        run_one(*chosen.run)
        return
    folder = chosen.keep or Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    store = many(folder, chosen.events, BASE) if chosen.events else store_of(folder, chosen.records)
    runs = [measured(store, chosen.rules) for _ in range(chosen.repeat)]
    seconds = statistics.median(run["seconds"] for run in runs)
    print(
        f"{seconds:.2f} s, {seconds * 1e6 / runs[0]['events']:.2f} s per million events, {max(run['peak_mib'] for run in runs)} MiB"
    )
    print(json.dumps({"cores": multiprocessing.cpu_count(), "load": os.getloadavg(), "runs": runs}, indent=1))
    if not chosen.keep:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
