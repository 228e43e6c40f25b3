"""Workers hear at once that something is due; what they do not hear they find all the same, and nobody writes out of turn."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connections, transaction
from django.utils import timezone

from desk.played import at, play, step
from hikeshi.desk.actor import Actor
from hikeshi.desk.bell import BELL, Bell
from hikeshi.desk.incidents import verbs as incidents
from hikeshi.desk.queue import give_back
from hikeshi.desk.runs.models import Run, Step
from hikeshi.desk.sqlite3.base import DatabaseWrapper, Line
from hikeshi.doors.worker import Worker

LONG = 30.0


class Slow(Worker):
    """It looks by itself twice a minute only."""

    def _pause(self) -> float:
        return LONG


@pytest.fixture
def run(transactional_db: None, hikeshi: Actor) -> Run:
    """A wait of an hour, which no worker has to do anything for now."""
    declared = incidents.declare("x", 2, actor=hikeshi, reason="r")
    return play(declared, step("1.1", "wait", wait={"seconds": 3600}), actor=hikeshi)


@pytest.fixture
def begun(run: Run) -> Iterator[Callable[[type[Worker]], threading.Event]]:
    """Starts a worker that does nothing but say that it has begun a step."""
    stop, threads = threading.Event(), list[threading.Thread]()

    def start(kind: type[Worker]) -> threading.Event:
        found, looked = threading.Event(), threading.Event()

        def do(row: Step, _worker: Worker) -> None:
            Step.objects.filter(pk=row.pk).update(due_at=None)
            found.set()

        class Told(kind):  # type: ignore[misc, valid-type]
            def _pause(self) -> float:
                looked.set()
                return float(super()._pause())

        def work() -> None:
            try:
                Told(work=((Step, do),), prompt=(), stop=stop).run()
            finally:
                connections.close_all()

        threads.append(threading.Thread(target=work))
        threads[-1].start()
        assert looked.wait(LONG)
        return found

    yield start
    stop.set()
    BELL.ring()
    for thread in threads:
        thread.join()


def test_a_step_that_falls_due_is_begun_without_waiting_for_the_next_look(
    run: Run, begun: Callable[[type[Worker]], threading.Event]
) -> None:
    found = begun(Slow)
    row = at(run, "1.1")
    with transaction.atomic():
        give_back(row, due_at=timezone.now())
        row.save()
        assert not found.wait(0.2)  # it is not there before it is committed
    assert found.wait(LONG / 2)


def test_what_was_not_rung_for_is_found_by_looking(run: Run, begun: Callable[[type[Worker]], threading.Event]) -> None:
    found = begun(Worker)
    Step.objects.update(due_at=timezone.now())  # as another process writes it
    assert found.wait(LONG)


def test_what_is_not_due_yet_or_in_somebodys_hands_rings_for_nobody(run: Run) -> None:
    heard, row = BELL.heard([Step]), at(run, "1.1")
    row.due_at = timezone.now() + timedelta(hours=1)
    row.save()
    row.due_at, row.lease_owner = timezone.now(), "a:1"
    row.save()
    assert BELL.heard([Step]) == heard


def test_a_bell_that_is_rung_while_one_looks_is_heard() -> None:
    bell = Bell()
    heard, began = bell.heard(["a"]), time.monotonic()
    bell.ring("a")
    bell.wait(["a"], heard, LONG)
    bell.ring()
    bell.wait(["a"], heard + 1, LONG)
    assert time.monotonic() - began < LONG / 2
    bell.ring("b")
    assert bell.heard(["a"]) == heard + 2


class TestLine:
    def test_whoever_has_time_lets_others_past_but_not_for_ever(self) -> None:
        line, order = Line(), list[str]()

        def take(name: str, patience: float) -> threading.Thread:
            def stand() -> None:
                turn = line.take(LONG, patience)
                order.append(name)
                line.leave(turn)

            thread, waiting, until = threading.Thread(target=stand), len(line._waiting), time.monotonic() + LONG
            thread.start()
            while time.monotonic() < until and len(line._waiting) == waiting and thread.is_alive():
                time.sleep(0.001)
            return thread

        turn = line.take(LONG)
        threads = [take("notice", 0.3), take("step", 0.0)]
        time.sleep(0.4)
        threads.append(take("late step", 0.0))
        line.leave(turn)
        for thread in threads:
            thread.join()
        assert order == ["step", "notice", "late step"]

    def test_the_turn_of_one_who_is_gone_is_taken(self) -> None:
        line = Line()
        gone = line.take(LONG)
        turn = line.take(0.05)
        line.leave(gone)  # too late: it says nothing about the one who has it now
        assert line._turn is turn
        line.leave(turn)
        assert line._turn is None

    @pytest.mark.django_db
    def test_threads_write_one_after_the_other_and_a_failure_leaves_the_turn(self, tmp_path: Path) -> None:
        held, most = 0, 0
        failures = list[BaseException]()

        def write(number: int) -> None:
            nonlocal held, most
            own = _connection(tmp_path)
            try:
                for turn in range(20):
                    try:
                        with transaction.atomic(own.alias):
                            held += 1
                            most = max(most, held)
                            with own.cursor() as cursor:
                                cursor.execute("INSERT INTO t VALUES (%s)", [number])
                            held -= 1
                            if turn % 2:
                                raise ValueError  # noqa: TRY301
                    except ValueError:
                        pass
            except BaseException as problem:  # noqa: BLE001 - told below
                failures.append(problem)
            finally:
                connections[own.alias].close()
                del connections[own.alias]

        first = _connection(tmp_path)
        with first.cursor() as cursor:
            cursor.execute("CREATE TABLE t (n integer)")
        threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with first.cursor() as cursor:
            assert cursor.execute("SELECT count(*) FROM t").fetchone() == (60,)
        connections[first.alias].close()
        del connections[first.alias]
        assert (failures, most) == ([], 1)


def _connection(folder: Path) -> Any:
    """One of this thread to a database in a file."""
    options = {"transaction_mode": "IMMEDIATE", "timeout": LONG}
    told = {
        **connections.settings["default"],
        "ENGINE": "hikeshi.desk.sqlite3",
        "NAME": str(folder / "line.sqlite3"),
        "OPTIONS": options,
    }
    own = DatabaseWrapper(told, "line")
    connections["line"] = own
    return own
