"""How fast the record is written and checked: `python benchmarks/ledger.py --entries 1000000 --appends 2000`.

In one run: durable single appends on SQLite (a verb's transaction each, synced to the disk), batches on PostgreSQL and on SQLite, and full
verification of what was written (every hash recomputed, every link compared), beside the bare cost of SHA-256 over the same bytes.
The PostgreSQL server is started for the run, with fsync on; without PostgreSQL its lines are left out and this says so.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
sys.path.insert(0, str(ROOT / "tests"))

DATA = {
    "files": 3, "held_at": "", "kind": "logs", "missed": [], "sha256": "a1" * 32, "simulated": False, "size": 123_456_789,
    "source": "s3://example-trail/AWSLogs/111122223333/CloudTrail/", "title": "Logs of the trail, 48 hours",
}  # fmt: skip
"""What sealing a folder of logs writes: a usual entry."""

BAR = {"single": 300, "batch": 5000, "verify": 100_000}


def measure(appends: int, entries: int) -> dict[str, Any]:
    """Rates per second on the database that the environment names."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "hikeshi.settings"
    import django  # after the environment

    django.setup()
    from django.core.management import call_command
    from django.db import connection, transaction

    from hikeshi.custody.chain import to_line
    from hikeshi.desk.actor import system
    from hikeshi.desk.ledger import verbs
    from hikeshi.desk.ledger.models import Chain

    call_command("migrate", verbosity=0)
    actor = system("Hikeshi", "cli")
    began = time.perf_counter()
    for number in range(appends):
        with transaction.atomic():
            verbs.append("single", actor=actor, verb="evidence.seal", obj=f"EV-{number}", data=DATA)
    single = appends / (time.perf_counter() - began)
    began = time.perf_counter()
    for start in range(0, entries, 10_000):
        drafts = [verbs.Draft("evidence.seal", f"EV-{start + number}", DATA) for number in range(10_000)]
        with transaction.atomic():
            verbs.append_many("batch", drafts, actor=actor)
    batch = entries / (time.perf_counter() - began)
    began = time.perf_counter()
    verdict = verbs.verify("batch")
    verify = verdict.count / (time.perf_counter() - began)
    assert verdict.ok
    line = to_line(next(verbs.lines(Chain.objects.get(name="batch"))))
    began = time.perf_counter()
    for _ in range(100_000):
        hashlib.sha256(line).digest()
    floor = 100_000 / (time.perf_counter() - began)
    return {
        "database": connection.vendor, "appends": appends, "entries": verdict.count, "line_bytes": len(line),
        "single": single, "batch": batch, "verify": verify, "sha256": floor,
    }  # fmt: skip


def apart(url: str, appends: int, entries: int) -> dict[str, Any]:
    """The same in a process of its own, so that each database has a fresh Django."""
    with tempfile.TemporaryDirectory(prefix="hikeshi-ledger-") as home:
        told = subprocess.run(
            [sys.executable, __file__, "--one", "--appends", str(appends), "--entries", str(entries)],
            env={**os.environ, "HIKESHI_HOME": home, "HIKESHI_DATABASE_URL": url},
            check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip
    found: dict[str, Any] = json.loads(told)
    return found


def show(row: dict[str, Any]) -> None:
    print(
        f"| {row['database']} | {row['single']:,.0f} | {row['batch']:,.0f} | {row['verify']:,.0f} | {row['sha256']:,.0f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--appends", type=int, default=2_000)
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options.appends, options.entries)))
        return
    from on_postgres import cluster, programs

    print(
        "| per second | single appends, each durable | appends in batches of 10,000 | verified | SHA-256 of the same line, alone |"
    )
    print("|---|---|---|---|---|")
    print(f"| bar | {BAR['single']} (SQLite) | {BAR['batch']:,} (PostgreSQL) | {BAR['verify']:,} | |")
    show(apart("", options.appends, options.entries))
    found = programs()
    if found is None:
        print("PostgreSQL is not installed: not measured.", file=sys.stderr)
        return
    with cluster(found, durable=True) as url:
        show(apart(url, options.appends, options.entries))


if __name__ == "__main__":
    main()
