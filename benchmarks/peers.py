"""How fast logs are read beside tools of others, in one run: `python benchmarks/peers.py --plaso BIN/log2timeline --trailscraper BIN/trailscraper`.

The logs are those of timeline.py (fixed seed), packed. Hikeshi reads all of them into a store, sorted and folded. The others read a part of the
same records, since they take minutes: Plaso takes events out and does not sort them, TrailScraper prints records. Plaso reads CloudTrail only as
`aws cloudtrail lookup-events` answers, so it is given that, in as many packed files; with processes of its own, as it does where nobody says otherwise, and in a
single one, which is faster. A rate is all records by all seconds, from start to end of the process; what each found is told.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.timeline import corpus, make_file, measured

KINDS = ("cloudtrail", "syslog", "webaccess")
PARSERS = {"cloudtrail": "jsonl", "syslog": "text", "webaccess": "text"}
"""What Plaso reads them with."""

IN_A_FILE = 3000
"""Records in each file that Plaso reads: as many as there are in an object."""

AIM = 80
"""How many times as fast as Plaso CloudTrail should be read."""


class Rate(NamedTuple):
    """How a tool did: records, seconds, events found."""

    tool: str
    kind: str
    records: int
    seconds: float
    found: int

    @property
    def per_second(self) -> float:
        return self.records / self.seconds


def lines_of(logs: Path, kind: str) -> Iterator[str]:
    """The records of a kind as lines."""
    for path in sorted((logs / kind).rglob("*.gz")):
        text = gzip.decompress(path.read_bytes()).decode()
        yield from (
            map(json.dumps, map(_looked_up, json.loads(text)["Records"])) if kind == "cloudtrail" else text.splitlines()
        )


def _looked_up(record: dict[str, Any]) -> dict[str, Any]:
    """A record as `lookup-events` answers it."""
    return {
        "EventId": record["eventID"], "EventName": record["eventName"], "EventSource": record["eventSource"],
        "EventTime": record["eventTime"].replace("T", " ").replace("Z", "+00:00"), "ReadOnly": str(record["readOnly"]).lower(),
        "AccessKeyId": record["userIdentity"]["accessKeyId"], "Username": record["userIdentity"].get("userName"), "Resources": [],
        "CloudTrailEvent": json.dumps(record, separators=(",", ":")),
    }  # fmt: skip


def hikeshi(logs: Path, kind: str, records: int) -> Rate:
    run = measured(f"{kind}-hikeshi", logs)
    return Rate("Hikeshi", kind, records, run["seconds"], int(run["found"]))


def plaso(program: Path, logs: Path, kind: str, part: int, work: Path) -> Iterator[Rate]:
    folder, lines = work / kind, list(islice(lines_of(logs, kind), part))
    folder.mkdir()
    for at in range(0, part, IN_A_FILE):
        text = "".join(f"{line}\n" for line in lines[at : at + IN_A_FILE])
        (folder / f"{at:08d}.log.gz").write_bytes(gzip.compress(text.encode(), 6))
    for tool, how in {"Plaso": [], "Plaso --single-process": ["--single-process"]}.items():
        storage = work / f"{kind}{len(how)}.plaso"
        command = [
            str(program), "--quiet", "--unattended", "--status-view", "none", *how, "--parsers", PARSERS[kind],
            "--logfile", str(work / "plaso.log.gz"), "--storage-file", str(storage), str(folder),
        ]  # fmt: skip
        seconds, _ = _timed(command)
        _, told = _timed([str(program.with_name("pinfo")), "--sections", "events", str(storage)])
        yield Rate(tool, kind, len(lines), seconds, max(map(int, re.findall(r"Total : (\d+)", told))))


def trailscraper(program: Path, logs: Path, part: int, work: Path) -> Rate:
    """It reads only files that are called as CloudTrail calls them."""
    folder, count = work / "trailscraper", 0
    folder.mkdir()
    for number, path in enumerate(sorted((logs / "cloudtrail").rglob("*.gz"))):
        if count >= part:
            break
        count += len(json.loads(gzip.decompress(path.read_bytes()))["Records"])
        (folder / f"111122223333_CloudTrail_us-east-1_20261106T2120Z_{number:016d}.json.gz").symlink_to(path.resolve())
    seconds, told = _timed([str(program), "select", "--log-dir", str(folder)])
    return Rate("TrailScraper", "cloudtrail", count, seconds, len(json.loads(told)["Records"]))


def _timed(command: list[str]) -> tuple[float, str]:
    began = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return time.perf_counter() - began, done.stdout


def table(rates: list[Rate]) -> str:
    ours = {rate.kind: rate.per_second for rate in rates if rate.tool == "Hikeshi"}
    head = "| logs | tool | records | s | records/s | found | Hikeshi is so many times as fast |\n|---|---|---|---|---|---|---|\n"
    return head + "".join(
        f"| {rate.kind} | {rate.tool} | {rate.records:,} | {rate.seconds:.2f} | {rate.per_second:,.0f} | {rate.found:,} | {ours[rate.kind] / rate.per_second:.0f} |\n"
        for rate in rates
    )


def main() -> None:
    options = argparse.ArgumentParser(description="Read logs with Hikeshi and with tools of others.")
    options.add_argument("--plaso", type=Path, required=True, help="its log2timeline; pinfo lies beside it")
    options.add_argument("--trailscraper", type=Path, help="its command")
    options.add_argument("--records", type=int, default=1_000_000, help="CloudTrail records")
    options.add_argument("--lines", type=int, default=1_000_000, help="lines of a web server and of a host each")
    options.add_argument("--part", type=int, default=50_000, help="how many of them the others read")
    options.add_argument("--keep", type=Path, help="folder for the logs; they are made only where they are not there")
    chosen = options.parse_args()
    folder = chosen.keep or Path(tempfile.mkdtemp())
    sizes = {"cloudtrail": chosen.records, "syslog": chosen.lines, "webaccess": chosen.lines}
    missing = [task for kind in KINDS for task in corpus(folder, kind, sizes[kind]) if not task[1].exists()]
    with ProcessPoolExecutor() as pool:
        list(pool.map(make_file, missing, chunksize=4))
    rates = [hikeshi(folder, kind, sizes[kind]) for kind in KINDS]
    with tempfile.TemporaryDirectory() as work:
        for kind in KINDS:
            rates += plaso(chosen.plaso, folder, kind, chosen.part, Path(work))
        if chosen.trailscraper:
            rates.append(trailscraper(chosen.trailscraper, folder, chosen.part, Path(work)))
    print(table(rates))
    print(f"Aim: CloudTrail {AIM} times as fast as Plaso.")
    if not chosen.keep:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
