"""The table is the queue: one worker at a time, and a dead one's work is taken over."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, connections
from django.utils import timezone

from hikeshi.desk.actor import Actor
from hikeshi.desk.alerts.models import Alert
from hikeshi.desk.duties.models import Clock
from hikeshi.desk.incidents import verbs as incidents
from hikeshi.desk.queue import LeaseLost, claim, give_back, hold, soonest

pytestmark = pytest.mark.django_db


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def clock(hikeshi: Actor, now: datetime) -> Clock:
    _one_clock(2, hikeshi)
    Clock.objects.update(due_at=now - timedelta(seconds=1))
    return Clock.objects.get()


def _one_clock(severity: int, actor: Actor) -> None:
    """An incident with its response clock only."""
    incidents.declare("x", severity, actor=actor, reason="r")
    Clock.objects.exclude(rule__startswith="response.").delete()


def take(worker: str, now: datetime, seconds: float = 30) -> Clock | None:
    return claim(Clock.objects.all(), worker=worker, now=now, seconds=seconds)


def test_a_due_row_is_claimed_by_one_worker(clock: Clock, now: datetime) -> None:
    assert take("a", now) == clock
    assert take("b", now) is None


def test_what_is_not_due_is_left_alone(clock: Clock, now: datetime) -> None:
    Clock.objects.update(due_at=now + timedelta(seconds=1))
    assert take("a", now) is None
    Clock.objects.update(due_at=None)
    assert take("a", now) is None


def test_a_dead_workers_row_is_taken_over_after_its_lease(clock: Clock, now: datetime) -> None:
    take("a", now, seconds=5)
    assert take("b", now + timedelta(seconds=4)) is None
    taken = take("b", now + timedelta(seconds=6))
    assert taken is not None
    assert (taken.lease_owner, taken.attempts) == ("b", 2)


def test_holding_extends_the_lease(clock: Clock, now: datetime) -> None:
    row = take("a", now, seconds=5)
    assert row is not None
    hold(row, worker="a", now=now + timedelta(seconds=4), seconds=5)
    assert take("b", now + timedelta(seconds=6)) is None


def test_a_worker_that_came_back_too_late_must_stop(clock: Clock, now: datetime) -> None:
    row = take("a", now, seconds=5)
    assert row is not None
    take("b", now + timedelta(seconds=6))
    with pytest.raises(LeaseLost, match="taken over"):
        hold(row, worker="a", now=now + timedelta(seconds=7), seconds=5)


def test_the_longest_waiting_goes_first(clock: Clock, hikeshi: Actor, now: datetime) -> None:
    _one_clock(1, hikeshi)
    later = Clock.objects.exclude(pk=clock.pk).get()
    Clock.objects.filter(pk=later.pk).update(due_at=now - timedelta(hours=1))
    assert take("a", now) == later


def test_giving_back_clears_the_lease(clock: Clock, now: datetime) -> None:
    row = take("a", now)
    assert row is not None
    give_back(row, due_at=None)
    row.save()
    assert take("b", now + timedelta(hours=1)) is None
    assert (row.lease_owner, row.attempts) == ("", 0)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer; tests/on_postgres.py runs this")
def test_many_workers_never_take_the_same_row(hikeshi: Actor) -> None:
    for _ in range(20):
        _one_clock(2, hikeshi)
    Clock.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    taken: list[int] = []

    def worker(name: str) -> None:
        try:
            while row := take(name, timezone.now()):
                taken.append(row.pk)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=worker, args=(f"w{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == len(set(taken))
    assert Clock.objects.filter(lease_owner="").count() + len(taken) == 20


def test_one_statement_says_which_tables_have_something_due(
    clock: Clock, now: datetime, django_assert_num_queries: Any
) -> None:
    due = Clock.objects.get().due_at
    with django_assert_num_queries(1):
        assert soonest([Alert, Clock], before=now) == {Clock: due}
    assert soonest([Clock], before=now - timedelta(minutes=1)) == soonest([], before=now) == {}
    assert take("one", now)
    assert soonest([Alert, Clock], before=now) == {}
