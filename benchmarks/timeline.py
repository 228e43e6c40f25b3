"""How fast a timeline is built, beside the same machine doing less (unpacking only) and another engine doing the same.

    python benchmarks/timeline.py --records 200000 --flows 1000000 --lines 1000000

makes its own logs from a fixed seed (CloudTrail objects in the layout of S3, large ones and tiny ones, VPC flow logs, and text_logs.py's
lines of a web server and of a Linux host, all gzip), then
measures each way as a process of its own, start to end: wall time, processor time and peak memory of the process and its children
together. Printed are a table in Markdown, how far each build is from its floor and from its aim, and all of it as JSON. The aims are those of
another machine, so they are told for this one too, by how fast it does what nobody can do without. `--keep DIR` keeps the logs and uses them again;
`--logs DIR` measures logs that are there already, in DIR/cloudtrail and DIR/vpcflow.
"""

from __future__ import annotations

import argparse
import gzip
import json
import multiprocessing
import os
import random
import select
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import text_logs
from benchmarks.ways import WAYS, decode

SEED = 7
START = 1_794_000_000
ACCOUNTS = ("111122223333", "444455556666")
REGIONS = ("ap-northeast-1", "us-east-1", "eu-central-1")
CALLS = (
    ("s3", "GetObject", 30), ("s3", "PutObject", 20), ("ec2", "DescribeInstances", 15), ("kms", "Decrypt", 12), ("sts", "AssumeRole", 10),
    ("iam", "ListUsers", 4), ("secretsmanager", "GetSecretValue", 4), ("lambda", "Invoke20150331", 4), ("iam", "CreateAccessKey", 1),
)  # fmt: skip
AGENTS = (
    "aws-cli/2.17.3 md/awscrt#0.20.11 ua/2.0 os/linux#5.15",
    "Boto3/1.43.2 md/Botocore#1.43.2",
    "console.amazonaws.com",
)
HEADER = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status\n"
SESSION = 3600
"""Seconds in which a user has one key: callers repeat themselves, in real trails far more than here."""

PER_FILE = {"cloudtrail": 3000, "syslog": 100_000, "tiny": 5, "vpcflow": 90_000, "webaccess": 100_000}
"""Records of an object; small accounts have tiny ones."""

DUPLICATES = 0.03

AIMS = {"cloudtrail": 300_000, "tiny": 5_000 * PER_FILE["tiny"], "vpcflow": 2_500_000}
"""Records a second, without `STARTING`, on the machine of the aims."""

STARTING = 1.0
"""Seconds that a build may take to start."""

AGAINST_DUCKDB = {"cloudtrail": 8, "vpcflow": 2}
"""How many times faster than DuckDB a timeline should be, by the kind of log."""

DECODED, BY_DUCKDB = 271_000, 36_000
"""CloudTrail records a second on the machine of the aims: unpacked and decoded by one core, and by `cloudtrail-duckdb`."""

FLOORS = {
    "cloudtrail": "cloudtrail-decode",
    "tiny": "tiny-unpack",
    "vpcflow": "vpcflow-decode",
    "webaccess": "webaccess-regex",
    "syslog": "syslog-regex",
}
"""What nobody can do without who reads these logs, by their kind."""

LOOK = 0.05
"""Seconds between two looks at the processes that are measured."""

SOME = 30
"""Objects by which a core is measured."""


def record(rng: random.Random, number: int) -> dict[str, Any]:
    service, call, _ = rng.choices(CALLS, weights=[weight for *_, weight in CALLS])[0]
    account, user = rng.choice(ACCOUNTS), f"user-{rng.randrange(200)}"
    hexes = f"{rng.getrandbits(128):032x}"
    second = START + number // 20 + rng.randrange(-300, 300)
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(second))
    session = f"{random.Random(f'{account}{user}{second // SESSION}').getrandbits(128):032X}"
    role = rng.random() < 0.5
    identity: dict[str, Any] = {
        "type": "AssumedRole" if role else "IAMUser", "principalId": f"AIDA{zlib.crc32(user.encode()):016X}", "accountId": account,
        "arn": f"arn:aws:sts::{account}:assumed-role/app/{user}" if role else f"arn:aws:iam::{account}:user/{user}",
        "accessKeyId": f"ASIA{session[:16]}",
    }  # fmt: skip
    if role:
        identity["sessionContext"] = {
            "sessionIssuer": {"type": "Role", "principalId": "AROAEXAMPLEROLE000001", "arn": f"arn:aws:iam::{account}:role/app",
                              "accountId": account, "userName": "app"},
            "attributes": {"creationDate": f"2026-11-07T0{second // SESSION % 10}:00:00Z", "mfaAuthenticated": "false"},
        }  # fmt: skip
    else:
        identity["userName"] = user
    made: dict[str, Any] = {
        "eventVersion": "1.09", "userIdentity": identity, "eventTime": at, "eventSource": f"{service}.amazonaws.com", "eventName": call,
        "awsRegion": rng.choice(REGIONS), "sourceIPAddress": f"198.51.100.{rng.randrange(256)}", "userAgent": rng.choice(AGENTS),
        "requestParameters": {"bucketName": f"example-{rng.randrange(50)}", "key": f"2026/11/{hexes[:20]}", "filterSet": {"items": [
            {"name": "tag:Name", "valueSet": {"items": [{"value": hexes[4:12]}]}}]}},
        "responseElements": {"requestId": hexes[::-1], "ownerId": account, "status": "ok"} if rng.random() < 0.5 else None,
        "additionalEventData": {"SignatureVersion": "SigV4", "CipherSuite": "ECDHE-RSA-AES128-GCM-SHA256", "bytesTransferredIn": 0,
                                "AuthenticationMethod": "AuthHeader", "bytesTransferredOut": rng.randrange(9999)},
        "requestID": hexes[:16], "eventID": f"{hexes[:8]}-{hexes[8:12]}-4{hexes[13:16]}-8{hexes[17:20]}-{hexes[20:]}",
        "readOnly": call.startswith(("Get", "List", "Describe")), "eventType": "AwsApiCall", "managementEvent": True,
        "recipientAccountId": account, "eventCategory": "Management",
        "tlsDetails": {"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256",
                       "clientProvidedHostHeader": f"{service}.ap-northeast-1.amazonaws.com"},
    }  # fmt: skip
    if rng.random() < 0.05:
        made |= {
            "errorCode": "AccessDenied",
            "errorMessage": f"User {user} is not authorized to perform {service}:{call}",
        }
    return made


def flow(rng: random.Random, number: int) -> str:
    at = START + number // 500
    return (
        f"2 111122223333 eni-0a1b2c3d4e5f{rng.randrange(40):05d} 10.0.{rng.randrange(8)}.{rng.randrange(256)} "
        f"198.51.100.{rng.randrange(256)} {rng.randrange(1024, 65536)} {rng.choice((22, 80, 443, 3306))} 6 {rng.randrange(1, 90)} "
        f"{rng.randrange(40, 99999)} {at} {at + 60} {'REJECT' if rng.random() < 0.1 else 'ACCEPT'} OK\n"
    )


def make_file(task: tuple[str, Path, int, int]) -> None:
    """One object: its own seed, so that the corpus does not depend on how many processes make it."""
    kind, path, number, size = task
    rng = random.Random(SEED * 1_000_003 + number)
    if kind == "vpcflow":
        content = HEADER + "".join(flow(rng, number * PER_FILE["cloudtrail"] + n) for n in range(size))
    elif kind in text_logs.LINES:
        content = "".join(text_logs.LINES[kind](rng, number * size + n) for n in range(size))
    else:
        per_file = PER_FILE[kind]
        records = [record(rng, number * per_file + n) for n in range(size)]
        twice = int(size * DUPLICATES) if number else 0
        other = random.Random(SEED * 1_000_003 + number - 1)
        before = [record(other, (number - 1) * per_file + n) for n in range(2 * twice)]
        records[:twice] = before[twice:]  # a second trail delivers these too; its own first ones are copies already
        content = json.dumps({"Records": records}, separators=(",", ":"))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(content.encode(), 6, mtime=0))


def corpus(folder: Path, kind: str, total: int) -> Iterator[tuple[str, Path, int, int]]:
    per_file = PER_FILE[kind]
    for number, first in enumerate(range(0, total, per_file)):
        if kind in text_logs.LINES:
            yield kind, folder / kind / f"web-{number:04d}.log.gz", number, min(per_file, total - first)
            continue
        day = time.strftime("%Y/%m/%d", time.gmtime(START + number * 60))
        account, region = ACCOUNTS[number % 2], REGIONS[number % 3]
        middle, ending = ("vpcflowlogs", "log") if kind == "vpcflow" else ("CloudTrail", "json")
        name = f"{account}_{middle}_{region}_{number:06d}.{ending}.gz"
        yield (
            kind,
            folder / kind / "AWSLogs" / account / middle / region / day / name,
            number,
            min(per_file, total - first),
        )


def measured(way: str, logs: Path) -> dict[str, float]:
    """Wall and processor seconds, peak MiB of all processes together and what was found, of one run in a fresh process."""
    store = Path(tempfile.mkdtemp(dir=logs))
    try:
        began = time.perf_counter()
        with subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("ways.py")), way, str(logs), str(store)],
            stdout=subprocess.PIPE,
            text=True,
        ) as run:
            peak, spent = watched(run)
            seconds = time.perf_counter() - began
            found = json.loads(run.stdout.read() if run.stdout else "")
        return {"seconds": seconds, "cpu_seconds": spent, "peak_mib": peak, "found": found}
    finally:
        shutil.rmtree(store)


def watched(run: subprocess.Popen[str]) -> tuple[float, float]:
    """Peak MiB (pages shared by processes are counted in each) and processor seconds of a process and all below it, until it ends.

    It looks only now and then, and wakes when the process ends: what is measured shares the cores with it.
    """
    peak, spent, ended = 0, {0: 0}, os.pidfd_open(run.pid)
    while not select.select([ended], [], [], LOOK)[0]:
        memory = 0
        for process in _tree(run.pid):
            with suppress(OSError, IndexError):  # it has just ended
                memory += int((process / "statm").read_text().split()[1])
                spent[int(process.name)] = sum(
                    map(int, (process / "stat").read_text().rpartition(")")[2].split()[11:13])
                )
        peak = max(peak, memory)
    os.close(ended)
    return round(peak * os.sysconf("SC_PAGE_SIZE") / (1 << 20)), round(
        sum(spent.values()) / os.sysconf("SC_CLK_TCK"), 1
    )


def _tree(pid: int) -> Iterator[Path]:
    """What /proc has of a process and of all below it."""
    process = Path(f"/proc/{pid}")
    yield process
    with suppress(OSError):
        for thread in list((process / "task").iterdir()):
            for child in (thread / "children").read_text().split():
                yield from _tree(int(child))


def made(folder: Path, chosen: argparse.Namespace) -> dict[str, int]:
    """How many records there are of each kind; logs that are not there yet are made."""
    sizes = {"cloudtrail": chosen.records, "tiny": chosen.tiny, "vpcflow": chosen.flows}
    sizes |= dict.fromkeys(text_logs.LINES, chosen.lines)
    missing = [task for kind, total in sizes.items() for task in corpus(folder, kind, total) if not task[1].exists()]
    with ProcessPoolExecutor() as pool:
        list(pool.map(make_file, missing, chunksize=4))
    return sizes


def counted(folder: Path) -> dict[str, int]:
    """How many records there are of each kind in logs that somebody else made."""
    found = [kind for kind in AGAINST_DUCKDB if (folder / kind).is_dir()]
    return dict.fromkeys(PER_FILE, 0) | {kind: int(measured(FLOORS[kind], folder)["found"]) for kind in found}


def results(folder: Path, sizes: dict[str, int], repeat: int) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for name, way in WAYS.items():
        if not sizes[way.logs]:
            continue
        runs = [measured(name, folder) for _ in range(repeat)]
        seconds = statistics.median(run["seconds"] for run in runs)
        rows.append(
            {
                "way": name, "what": way.name, "records": sizes[way.logs], "seconds": round(seconds, 2),
                "records_per_second": round(sizes[way.logs] / seconds), "found": int(runs[0]["found"]),
                "cpu_seconds": statistics.median(run["cpu_seconds"] for run in runs),
                "peak_mib": int(max(run["peak_mib"] for run in runs)), "runs": [round(run["seconds"], 2) for run in runs],
            }
        )  # fmt: skip
    ours = {WAYS[row["way"]].logs: row["seconds"] for row in rows if row["way"].endswith("-hikeshi")}
    return [row | {"times_ours": round(row["seconds"] / ours[WAYS[row["way"]].logs], 2)} for row in rows]


def table(rows: list[dict[str, Any]]) -> str:
    head = "| logs | way | s (median) | processor s | records/s | peak MiB | time against ours |\n|---|---|---|---|---|---|---|\n"
    return head + "".join(
        f"| {WAYS[row['way']].logs}, {row['records']:,} | {row['what']} | {row['seconds']} | {row['cpu_seconds']} | {row['records_per_second']:,} "
        f"| {row['peak_mib']} | {row['times_ours']} |\n"
        for row in rows
    )


def core(logs: Path) -> float:
    """CloudTrail records that one core unpacks and decodes in a second, start aside: the best of five."""
    files, rates = sorted(logs.rglob("*.gz"))[:SOME], []
    for _ in range(5):
        began = time.process_time()
        count = sum(map(decode, files))
        rates.append(count / (time.process_time() - began))
    return max(rates)


def measured_core(logs: Path) -> float:
    """The same, in a process of its own."""
    command = [sys.executable, __file__, "--core", str(logs)]
    return float(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)


def against_aims(rows: list[dict[str, Any]], rate: float) -> Iterator[str]:
    """A sentence about each build: what its floor is, and its aim; `rate` is what `core` found, or 0."""
    by = {row["way"]: row for row in rows}
    factors = {"one core's decoding without its start": rate / DECODED} if rate else {}
    if "cloudtrail-decode" in by:
        cores = len(os.sched_getaffinity(0))
        factors["the decoding above"] = by["cloudtrail-decode"]["records_per_second"] / cores / DECODED
    if "cloudtrail-duckdb" in by:
        factors["DuckDB"] = by["cloudtrail-duckdb"]["records_per_second"] / BY_DUCKDB
    for row in rows:
        kind = WAYS[row["way"]].logs
        if not row["way"].endswith("-hikeshi"):
            continue
        floor = by[FLOORS[kind]]
        yield f"{kind}: {row['seconds'] / floor['seconds']:.1f} times as long as its floor ({floor['what']}), {row['cpu_seconds'] / floor['cpu_seconds']:.1f} times its processor seconds."
        if kind in AIMS:
            without = row["records"] / max(row["seconds"] - STARTING, 0.001)
            here = "; ".join(f"{AIMS[kind] * factor:,.0f} here, by {name}" for name, factor in factors.items())
            yield f"{kind}: {row['records_per_second']:,} records/s, {without:,.0f} without {STARTING:g} s of start. Aim: {AIMS[kind]:,}; {here or 'not known here'}."
        if f"{kind}-duckdb" in by:
            duck = by[f"{kind}-duckdb"]
            times, less = duck["seconds"] / row["seconds"], duck["cpu_seconds"] / row["cpu_seconds"]
            yield f"{kind}: {times:.2f} times as fast as DuckDB, which takes {less:.2f} times the processor seconds. Aim: {AGAINST_DUCKDB[kind]}."


def main() -> None:
    options = argparse.ArgumentParser(description="Measure the building of timelines.")
    options.add_argument("--records", type=int, default=200_000, help="CloudTrail records, 0 for none")
    options.add_argument("--flows", type=int, default=1_000_000, help="VPC flow lines, 0 for none")
    options.add_argument("--tiny", type=int, default=150_000, help="CloudTrail records, 5 in an object, 0 for none")
    options.add_argument(
        "--lines", type=int, default=1_000_000, help="lines of a web server and of a host each, 0 for none"
    )
    options.add_argument("--repeat", type=int, default=3)
    options.add_argument("--keep", type=Path, help="folder for the logs; they are made only where they are not there")
    options.add_argument("--core", type=Path, help=argparse.SUPPRESS)
    options.add_argument(
        "--logs",
        type=Path,
        help="folder with logs of another generator, in `cloudtrail` and `vpcflow`, in the place of our own",
    )
    chosen = options.parse_args()
    if chosen.core:
        print(core(chosen.core))
        return
    folder = chosen.logs or chosen.keep or Path(tempfile.mkdtemp())
    sizes = counted(folder) if chosen.logs else made(folder, chosen)
    rows = results(folder, sizes, chosen.repeat)
    print(table(rows))
    rate = measured_core(folder / "cloudtrail") if sizes["cloudtrail"] else 0.0
    print(*against_aims(rows, rate), "", sep="\n")
    if any(map(sizes.get, text_logs.LINES)):
        print(
            text_logs.against_aims(
                folder, {WAYS[row["way"]].logs: row for row in rows if row["way"].endswith("-hikeshi")}
            )
        )
    about = {
        "seed": SEED,
        "cores": multiprocessing.cpu_count(),
        "load": os.getloadavg(),
        "decoded_by_a_core": round(rate),
    }
    print(json.dumps(about | {"results": rows}, indent=1))
    if not (chosen.keep or chosen.logs):
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
