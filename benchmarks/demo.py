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


def resident_megabytes() -> float:
    """Memory of `hikeshi serve` after its pages were asked for fifty times."""
    with tempfile.TemporaryDirectory() as home, serving(home) as server:
        for _ in range(100):
            try:
                page(f"http://127.0.0.1:{PORT}/accounts/login/")
                break
            except OSError:
                time.sleep(0.1)
        for _ in range(50):
            page(f"http://127.0.0.1:{PORT}/accounts/login/")
        return psutil.Process(server.pid).memory_info().rss / 1e6


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
    print(row("resident memory of `hikeshi serve`", [resident_megabytes()], "250 MB", "MB"))


if __name__ == "__main__":
    main()
