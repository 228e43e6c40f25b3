"""Processes that read logs: what comes back from them, and what is left when something ends them or their caller."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest

from hikeshi.errors import Failed
from hikeshi.events.source import Limits
from hikeshi.stores import building
from hikeshi.stores.building import LEAST, LITTLE, TOGETHER, File
from hikeshi.stores.duck import DuckStore
from hikeshi.stores.layout import Layout
from hikeshi.stores.readers import Readers
from hikeshi.stores.store import Query
from hikeshi.stores.tasks import Task

FLOW = "2 111122223333 eni-0a1 10.0.0.1 192.0.2.9 {} 443 6 5 500 {} {} ACCEPT OK\n"

SPREAD = """
import signal, sys, time
from pathlib import Path
from hikeshi.stores import building
from hikeshi.stores.duck import DuckStore
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell that started the tests in the background has it ignored
building.LITTLE, building.MOST = 0, 1
print("building", flush=True)
def told(done, total):
    print(done, total, flush=True)
    time.sleep(float(sys.argv[3]))
DuckStore(Path(sys.argv[1])).build([sys.argv[2]], workers=2, progress=told)
"""
"""A build that says how far it is, and rests for some seconds each time."""


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """A folder of 12 logs of 2,000 flows."""
    (tmp_path / "logs").mkdir()
    for log in range(12):
        lines = (FLOW.format(n % 60000, 1793975191 + n, 1793975192 + n) for n in range(log * 2000, log * 2000 + 2000))
        (tmp_path / "logs" / f"{log:02d}.log").write_text("".join(lines))
    return tmp_path / "logs"


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path / "store")
    layout.make()
    return layout


def tasks(layout: Layout, logs: Path) -> Iterator[Task]:
    for number, path in enumerate(sorted(logs.iterdir()), 1):
        yield Task(str(layout.folder), number, ((str(path), f"{number:064x}"),), Limits())


def manifests(store: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (store / "batches").iterdir()}


def test_who_builds_need_not_guard_its_script_and_every_file_is_told(tmp_path: Path, logs: Path) -> None:
    command = [sys.executable, "-c", SPREAD, str(tmp_path / "store"), str(logs), "0"]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert run.stdout.splitlines() == ["building", *(f"{n} 12" for n in range(1, 13))]
    assert DuckStore(tmp_path / "store").count(Query()) == 24_000


def test_one_process_and_many_write_the_same_batches(
    tmp_path: Path, logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "LITTLE", 0)
    monkeypatch.setattr(building, "MOST", 5)
    for workers in (1, 3):
        DuckStore(tmp_path / f"{workers}").build([logs], workers=workers)
    assert manifests(tmp_path / "1") == manifests(tmp_path / "3")
    assert len(manifests(tmp_path / "1")) == 3


def test_a_task_is_taken_only_when_somebody_has_nothing_to_do(layout: Layout, logs: Path) -> None:
    taken: list[int] = []

    def counted() -> Iterator[Task]:
        for task in tasks(layout, logs):
            taken.append(task.number)
            yield task

    with Readers(2) as readers:
        for done, _ in enumerate(readers.answers(counted()), 1):
            assert len(taken) == min(12, done + 2)


@pytest.mark.parametrize("which", [0, 1])
def test_a_process_that_is_killed_is_worth_another_try(layout: Layout, logs: Path, which: int) -> None:
    with Readers(2) as readers:
        answers = readers.answers(tasks(layout, logs))
        next(answers)
        first = psutil.Process(readers._first.pid)
        (first.children()[0] if which else first).kill()
        with pytest.raises(Failed, match="was killed") as failed:
            list(answers)
    assert not failed.value.permanent
    assert 1 <= len(layout.batches()) < 12


def test_what_goes_wrong_is_raised_here_and_nobody_goes_on(layout: Layout, logs: Path) -> None:
    nowhere: Any = None
    given = list(tasks(layout, logs))
    given[2] = msgspec.structs.replace(given[2], folder=nowhere)
    with Readers(2) as readers:
        answers = readers.answers(given)
        next(answers)
        first = psutil.Process(readers._first.pid)
        below = first.children()
        with pytest.raises(TypeError, match="NoneType") as failed:
            list(answers)
    assert "forked.py" in "".join(failed.value.__notes__)
    assert psutil.wait_procs([first, *below], timeout=60)[1] == []


@pytest.mark.skipif(os.name != "posix", reason="no terminal")
def test_ctrl_c_ends_the_build_and_all_who_read(tmp_path: Path, logs: Path) -> None:
    command = [sys.executable, "-c", SPREAD, str(tmp_path / "store"), str(logs), "60"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as run:
        assert run.stdout is not None
        while not run.stdout.readline().endswith(" 12\n"):
            pass
        below = psutil.Process(run.pid).children(recursive=True)
        os.killpg(run.pid, signal.SIGINT)
        _, said = run.communicate(timeout=60)
    assert said.count("KeyboardInterrupt") == 1
    psutil.wait_procs(below, timeout=60)
    assert not any(one.is_running() for one in below)
    assert DuckStore(tmp_path / "store").build([logs]).events == 24_000


def test_batches_get_smaller_towards_the_end(layout: Layout) -> None:
    sizes = [LEAST // 2] * 64
    files = (File(str(n), size, f"{n:064x}") for n, size in enumerate(sizes))
    seen = 0

    def counted() -> Iterator[File]:
        nonlocal seen
        for file in files:
            seen += file.size
            yield file

    def left() -> float:
        return sum(sizes) - seen

    made = [
        sum(sizes[int(path)] for path, _ in task.files)
        for task in building._tasks(layout, counted(), Limits(), 1, left)
    ]
    assert sum(made) == sum(sizes)
    assert made[:4] == [TOGETHER] * 4
    assert made == sorted(made, reverse=True)
    assert made[-1] <= LEAST


def test_what_is_little_is_one_batch(tmp_path: Path) -> None:
    line = FLOW.format(1, 1793975191, 1793975192)
    (tmp_path / "logs").mkdir()
    for n in range(5):
        (tmp_path / "logs" / f"{n}.log").write_text(line * ((LITTLE - LEAST) // 5 // len(line)) + FLOW.format(n, 1, 2))
    DuckStore(tmp_path / "store").build([tmp_path / "logs"])
    assert len(manifests(tmp_path / "store")) == 1
