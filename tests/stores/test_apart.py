"""A store built by a process of its own is the same store, and the caller stays small."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import psutil
import pytest

from hikeshi.errors import Failed, Refused
from hikeshi.events.assumed import Assumption
from hikeshi.stores.apart import ApartStore
from hikeshi.stores.duck import DuckStore
from hikeshi.stores.layout import Layout
from hikeshi.stores.store import Query

CALLER = """
import sys
from pathlib import Path
from hikeshi.stores.apart import ApartStore
print(ApartStore(Path(sys.argv[1])).build(sys.argv[2:]).events)
print(sorted({"duckdb", "pyarrow"} & set(sys.modules)))
"""


def _builders(caller: int) -> list[psutil.Process]:
    return [one for one in psutil.Process(caller).children() if "hikeshi.stores.apart" in one.cmdline()]


def _wait_for_builder(caller: int) -> psutil.Process:
    for _ in range(600):
        if found := _builders(caller):
            return found[0]
        time.sleep(0.05)
    raise AssertionError("nobody builds")


def test_the_report_is_the_same_and_progress_is_told(tmp_path: Path, samples: list[Path]) -> None:
    told: list[tuple[int, int]] = []
    apart = ApartStore(tmp_path / "apart").build(samples, progress=lambda done, total: told.append((done, total)))
    here = DuckStore(tmp_path / "here").build(samples)
    assert msgspec.structs.replace(apart, seconds=0) == msgspec.structs.replace(here, seconds=0)
    assert told[-1] == (4, 4)


def test_what_is_assumed_of_clocks_goes_with_the_order(tmp_path: Path, samples: list[Path]) -> None:
    store = ApartStore(tmp_path)
    store.build(samples, assumed=[Assumption("vpcflow", skew_us=3_500_000)])
    assert store.count(Query(where={"ts_skew_us": 3_500_000})) == 4


def test_who_has_a_store_built_loads_no_engine(tmp_path: Path, samples: list[Path]) -> None:
    run = subprocess.run(
        [sys.executable, "-c", CALLER, str(tmp_path), *map(str, samples)], capture_output=True, text=True, check=True
    )
    assert run.stdout.split("\n")[1] == "[]"


def test_what_the_builder_refuses_is_refused_here(tmp_path: Path, samples: list[Path]) -> None:
    with pytest.raises(Refused) as refused:
        ApartStore(tmp_path).build([tmp_path / "nowhere"])
    assert "nowhere" in refused.value.message
    with Layout(tmp_path).locked(), pytest.raises(Refused, match="built by somebody else"):
        ApartStore(tmp_path).build(samples)


def test_a_builder_that_is_killed_is_worth_another_try(tmp_path: Path, samples: list[Path]) -> None:
    def kill() -> None:
        builder = _wait_for_builder(os.getpid())
        while not (tmp_path / "lock").exists():
            time.sleep(0.01)
        builder.kill()  # it has begun, and takes longer than that

    with ThreadPoolExecutor(1) as threads:
        killing = threads.submit(kill)
        with pytest.raises(Failed, match="was killed") as failed:
            ApartStore(tmp_path).build(samples)
        killing.result()
    assert not failed.value.permanent
    assert ApartStore(tmp_path).build(samples).events == DuckStore(tmp_path / "here").build(samples).events


def test_a_builder_ends_with_its_caller(tmp_path: Path) -> None:
    logs, lock = tmp_path / "flows.log", tmp_path / "store" / "lock"
    flow = "2 111122223333 eni-0a1 10.0.0.1 192.0.2.9 {} 443 6 5 500 {} {} ACCEPT OK\n"
    logs.write_text("".join(flow.format(n % 60000, 1793975191 + n, 1793975192 + n) for n in range(300_000)))
    with subprocess.Popen([sys.executable, "-c", CALLER, str(tmp_path / "store"), str(logs)]) as caller:
        builder = _wait_for_builder(caller.pid)
        while not lock.exists():
            time.sleep(0.01)
        builder.suspend()  # in the middle of its work, which takes a second
        caller.kill()
    psutil.wait_procs([builder], timeout=60)
    assert not builder.is_running()
    with Layout(tmp_path / "store").locked():
        pass
