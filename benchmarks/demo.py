"""How fast the whole line is: `python benchmarks/demo.py [--runs N]`.

Runs `hikeshi demo --no-serve --json` several times in fresh homes and `hikeshi serve` once, and prints a Markdown table: the first useful
output, the story (steps 1 to 6), the way from the message on the queue to the verified isolation with and without the time spent inside
AWS calls, and the resident memory of a serving process.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

HIKESHI = str(Path(sys.executable).with_name("hikeshi"))
PORT = 8765


def environment(home: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HIKESHI_")}
    return kept | {"HIKESHI_HOME": home, "HIKESHI_PUBLIC_URL": f"http://127.0.0.1:{PORT}"}


def one_demo() -> dict[str, Any]:
    """One run: its JSON document, and when the first line for people came on stderr, in seconds."""
    with tempfile.TemporaryDirectory() as home:
        started = time.perf_counter()
        command = [HIKESHI, "--json", "demo", "--no-serve"]
        with subprocess.Popen(command, env=environment(home), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
            assert run.stdout
            assert run.stderr
            run.stderr.readline()
            first = time.perf_counter() - started
            run.stderr.read()
            document: dict[str, Any] = json.load(run.stdout)
        if run.returncode:
            raise SystemExit(f"the demo failed: {document}")
    return document | {"first_output": first}


@contextmanager
def serving(home: str) -> Iterator[subprocess.Popen[bytes]]:
    subprocess.run([HIKESHI, "init"], env=environment(home), check=True, stdout=subprocess.DEVNULL)
    with subprocess.Popen([HIKESHI, "serve", "--port", str(PORT)], env=environment(home)) as server:
        try:
            yield server
        finally:
            server.terminate()


def resident_megabytes() -> tuple[float, float]:
    """Memory of `hikeshi serve`: after its pages were asked for, and after it built and answered questions about a timeline."""
    with tempfile.TemporaryDirectory() as home, serving(home) as server:
        for _ in range(100):
            try:
                page(f"http://127.0.0.1:{PORT}/accounts/login/")
                break
            except OSError:
                time.sleep(0.1)
        for _ in range(50):
            page(f"http://127.0.0.1:{PORT}/accounts/login/")
        process = psutil.Process(server.pid)
        before = process.memory_info().rss / 1e6
        use_a_timeline(home)
        return before, process.memory_info().rss / 1e6


def use_a_timeline(home: str) -> None:
    """Declare, seal two thousand flow lines, have the server build the timeline, then page through it."""
    logs = Path(home) / "flows.log"
    lines = (
        f"2 111122223333 eni-0a1 10.0.0.{n % 250} 192.0.2.9 {n} 443 6 5 500 {n} {n + 9} ACCEPT OK" for n in range(2000)
    )
    logs.write_text("\n".join(lines) + "\n")
    cli(home, "incident", "declare", "benchmark", "--severity", "4", "--reason", "benchmark")
    name = cli(home, "incident", "list")[0]["name"]
    item = cli(home, "evidence", "add", name, str(logs), "--kind", "logs")["name"]
    timelines = f"/incidents/{name}/timelines"
    api(home, timelines, {"name": "main", "evidence": [item]})
    for _ in range(200):
        if api(home, timelines)[0]["state"] == "ready":
            break
        time.sleep(0.1)
    for _ in range(20):
        api(home, f"{timelines}/main/events")
        api(home, f"{timelines}/main/histogram")
        api(home, f"{timelines}/main/facets/src_ip")


def cli(home: str, *words: str) -> Any:
    done = subprocess.run([HIKESHI, "--json", *words], env=environment(home), check=True, capture_output=True)
    return json.loads(done.stdout)


def api(home: str, path: str, body: Any = None) -> Any:
    token = (Path(home) / "cli-token").read_text().strip()
    request = urllib.request.Request(
        f"http://127.0.0.1:{PORT}/api/v1{path}",
        data=json.dumps(body).encode() if body is not None else None,
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


def page(url: str) -> None:
    with urllib.request.urlopen(url, timeout=5) as answer:
        answer.read()


def contained(document: dict[str, Any]) -> dict[str, float]:
    found = next(stage["facts"] for stage in document["stages"] if "seconds_queue_to_verified" in stage["facts"])
    return {name: value for name, value in found.items() if name.startswith("seconds")}


def row(name: str, values: list[float], bar: str, unit: str = "s") -> str:
    return f"| {name} | {statistics.median(values):.2f} {unit} | {min(values):.2f} to {max(values):.2f} | {bar} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    runs = parser.parse_args().runs
    documents = [one_demo() for _ in range(runs)]
    ways = [contained(document) for document in documents]
    print(f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {platform.processor() or platform.machine()}, ")
    print(f"Python {platform.python_version()}, {runs} runs: median, range\n")
    print("| what | median | range | bar |\n|---|---|---|---|")
    print(
        row("first output of `hikeshi demo`", [document["first_output"] for document in documents], "60 s with set-up")
    )
    print(row("the story, steps 1 to 6", [document["seconds_story"] for document in documents], "15 s"))
    print(row("everything, start to exit", [document["seconds_all"] for document in documents], ""))
    print(row("message on the queue to isolation verified", [way["seconds_queue_to_verified"] for way in ways], "3 s"))
    print(row("of that, inside AWS calls", [way["seconds_in_aws_calls"] for way in ways], ""))
    print(row("of that, our own code", [way["seconds_our_own"] for way in ways], "0.30 s"))
    before, after = resident_megabytes()
    print(row("resident memory of `hikeshi serve`", [before], "250 MB", "MB"))
    print(row("the same after building and reading a timeline", [after], "250 MB", "MB"))


if __name__ == "__main__":
    main()
