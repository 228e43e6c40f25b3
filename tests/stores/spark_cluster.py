"""A real Spark master and real workers on this machine, for tests and benchmarks."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import psutil

SETTINGS = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.memory": "512m",
    "spark.executor.memory": "512m",
    "spark.scheduler.maxRegisteredResourcesWaitingTime": "60s",
    "spark.scheduler.minRegisteredResourcesRatio": "1.0",
    "spark.sql.shuffle.partitions": "2",
    "spark.ui.enabled": "false",
}
OPEN = [
    f"--add-opens=java.base/{name}=ALL-UNNAMED"
    for name in ("java.lang", "java.nio", "java.util", "sun.nio.ch", "java.net")
]
PATIENCE = 60
"""Seconds until a part of the cluster has to be up."""


class Cluster(NamedTuple):
    master: str
    workers: list[psutil.Process]
    settings: Mapping[str, str]
    state: str
    """Where the master says in JSON how its workers are."""

    def alive(self) -> int:
        try:
            with urllib.request.urlopen(self.state, timeout=5) as answer:
                return int(json.load(answer)["aliveworkers"])
        except (OSError, ValueError):
            return 0


def missing() -> str:
    """What is missing for a cluster, in words; empty where nothing is."""
    if importlib.util.find_spec("pyspark") is None:
        return "PySpark is not installed: make test installs requirements-spark.lock"
    return "" if shutil.which("java") else "there is no Java: apt-get install openjdk-17-jre-headless"


@contextmanager
def running_cluster(folder: Path, workers: int = 2) -> Iterator[Cluster]:
    """A master and workers of one core each, on free ports. All of them are gone afterwards."""
    port, page = _free(), _free()
    started: list[subprocess.Popen[bytes]] = []
    master = f"spark://127.0.0.1:{port}"
    try:
        started.append(
            _start(folder, "master", "256m", "--host", "127.0.0.1", "--port", str(port), "--webui-port", str(page))
        )
        _until(lambda: _open(port))
        for number in range(workers):
            words = ("--host", "127.0.0.1", "--cores", "1", "--memory", "768m", "--webui-port", "0")
            work = str(folder / f"worker-{number}")
            one = _start(folder, "worker", "128m", *words, "--work-dir", work, master)
            started.append(one)
        processes = [psutil.Process(one.pid) for one in started[1:]]
        cluster = Cluster(
            master, processes, {**SETTINGS, "spark.cores.max": str(workers)}, f"http://127.0.0.1:{page}/json/"
        )
        _until(lambda: cluster.alive() == workers)
        yield cluster
    finally:
        for one in started:
            if one.poll() is None:
                end(psutil.Process(one.pid))
            one.wait()


def tree(process: psutil.Process) -> list[psutil.Process]:
    """A worker, its executors and their Python processes."""
    try:
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def end(process: psutil.Process) -> None:
    for one in tree(process):
        try:
            one.kill()
        except psutil.NoSuchProcess:
            continue


def _start(folder: Path, what: str, memory: str, *words: str) -> subprocess.Popen[bytes]:
    import pyspark  # an extra

    home = Path(pyspark.__file__).parent
    environment = {
        **os.environ, "SPARK_HOME": str(home), "SPARK_SCALA_VERSION": "2.13", "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_LOCAL_DIRS": str(folder / "local"), "PYSPARK_PYTHON": sys.executable,
    }  # fmt: skip
    command = [
        "java", *OPEN, f"-Xmx{memory}", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", str(home / "jars" / "*"),
        f"org.apache.spark.deploy.{what}.{what.capitalize()}", *words,
    ]  # fmt: skip
    with (folder / f"{what}-{time.monotonic_ns()}.log").open("wb") as log:
        return subprocess.Popen(command, env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL)


def _free() -> int:
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        return int(made.getsockname()[1])


def _open(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _until(holds: Callable[[], bool]) -> None:
    end_at = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > end_at:
            raise TimeoutError("the Spark cluster did not start")
        time.sleep(0.05)
