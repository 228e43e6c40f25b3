"""What workers do in a run without the cloud: wait, send, run playbooks within, leave a paused one alone; and what a crash leaves."""

from __future__ import annotations

from copy import copy
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from desk.played import at, book, play, states, step, work
from hikeshi.desk.actor import Actor
from hikeshi.desk.incidents import verbs as incidents
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger.models import Entry
from hikeshi.desk.queue import claim, claim_some, let_go
from hikeshi.desk.runs import again, by_hand, kinds, pausing, releasing, starting, telling
from hikeshi.desk.runs.models import Run, Step
from hikeshi.desk.runs.perform import perform
from hikeshi.errors import Conflict

pytestmark = pytest.mark.django_db


def ended(key: str) -> int:
    return Entry.objects.filter(verb="step.end", object=f"step {key}").count()


class TestWaiting:
    def test_a_wait_ends_with_its_time(self, incident: Incident, on_it: Actor, hikeshi: Actor) -> None:
        run = play(incident, step("1.1", "wait", wait={"seconds": 60}), actor=on_it)
        assert work(hikeshi) == 0
        Step.objects.update(began_at=timezone.now() - timedelta(seconds=61), due_at=timezone.now())
        work(hikeshi)
        assert (at(run, "1.1").state, at(run, "1.1").outcome["en"]) == ("done", "The time is over.")

    def test_a_condition_ends_it_as_soon_as_a_fact_says_so(
        self, incident: Incident, on_it: Actor, hikeshi: Actor
    ) -> None:
        wait = {"seconds": 3600, "until": "fact.count > 1"}
        run = play(incident, step("1.1", "wait", wait=wait), step("1.2", after=["1.1"]), actor=on_it)
        work(hikeshi)
        assert at(run, "1.1").state == "running"
        telling.tell(run, {"count": 2}, actor=on_it)
        work(hikeshi)
        assert states(run) == {"1.1": "done", "1.2": "open"}

    def test_nobody_has_to_sit_it_out(self, incident: Incident, on_it: Actor, hikeshi: Actor) -> None:
        run = play(incident, step("1.1", "wait", wait={"seconds": 3600}), step("1.2", after=["1.1"]), actor=on_it)
        by_hand.skip(at(run, "1.1"), actor=on_it, reason="it is there already")
        assert at(run, "1.2").state == "open"

    def test_a_severity_raised_meanwhile_counts(self, incident: Incident, on_it: Actor, commander: Actor) -> None:
        run = play(incident, step("1.1"), step("1.2", after=["1.1"], when="incident.severity == 1"), actor=on_it)
        incidents.change_severity(incident, 1, actor=commander, reason="worse")
        by_hand.finish_by_hand(at(run, "1.1"), actor=on_it)
        assert at(run, "1.2").state == "open"


INNER = book(
    step("1.1"), step("1.2", after=["1.1"]), name="inner", facts={"target": {"label": {"en": "x", "ja": "あ"}}}
)


class TestWithin:
    def test_the_step_goes_on_as_long_as_its_playbook(self, incident: Incident, on_it: Actor, hikeshi: Actor) -> None:
        run = play(
            incident, step("1.1", "playbook", playbook="inner"), step("1.2", after=["1.1"]), actor=on_it, parts=(INNER,)
        )
        work(hikeshi)
        inner = Run.objects.get(within__run=run)
        assert (at(run, "1.1").state, states(inner)) == ("running", {"1.1": "open", "1.2": "waiting"})
        by_hand.finish_by_hand(at(inner, "1.1"), actor=on_it)
        by_hand.finish_by_hand(at(inner, "1.2"), actor=on_it)
        assert states(run) == {"1.1": "done", "1.2": "open"}
        assert ended("1.1") == 1
        again.run_again(at(inner, "1.2"), actor=on_it, reason="look again")
        assert at(run, "1.1").state == "running"

    def test_once_for_each_target(self, incident: Incident, on_it: Actor, hikeshi: Actor) -> None:
        run = play(
            incident, step("1.1", "playbook", playbook="inner", for_each="$fact.hosts"), actor=on_it, parts=(INNER,),
            hosts=["a", "b"],
        )  # fmt: skip
        work(hikeshi)
        inner = list(Run.objects.filter(within__run=run))
        assert [one.facts["fact.target"] for one in inner] == ["a", "b"]
        for one in inner:
            by_hand.fail_by_hand(at(one, "1.1"), actor=on_it, reason="no")
            by_hand.skip(at(one, "1.2"), actor=on_it, reason="no")
        assert states(run) == {"1.1": "partial", "1.1/1": "partial", "1.1/2": "partial"}
        assert not Run.objects.exclude(state="ended").exists()


class TestPausing:
    def test_nothing_opens_and_workers_leave_it_alone(
        self, incident: Incident, on_it: Actor, commander: Actor, hikeshi: Actor
    ) -> None:
        run = play(
            incident, step("1.1"), step("1.2", after=["1.1"]), step("2.1", "wait"), step("2.2", "notify"), actor=on_it
        )
        pausing.pause(run, actor=commander, reason="the press is here")
        with pytest.raises(Conflict):
            pausing.pause(run, actor=commander, reason="again")
        by_hand.finish_by_hand(at(run, "1.1"), actor=on_it)
        work(hikeshi, ahead=10)
        assert states(run) == {"1.1": "done", "1.2": "waiting", "2.1": "running", "2.2": "running"}
        assert not Step.objects.exclude(due_at=None).exists()
        pausing.resume(Run.objects.get(), actor=commander)
        Step.objects.filter(key="2.1").update(began_at=timezone.now() - timedelta(seconds=5))
        work(hikeshi)
        assert states(run) == {"1.1": "done", "1.2": "open", "2.1": "done", "2.2": "done"}

    def test_what_it_runs_is_held_too(self, incident: Incident, on_it: Actor, commander: Actor, hikeshi: Actor) -> None:
        run = play(incident, step("1.1", "playbook", playbook="inner"), actor=on_it, parts=(INNER,))
        work(hikeshi)
        pausing.pause(run, actor=commander, reason="wait")
        inner = Run.objects.get(within__run=run)
        for key in ("1.1", "1.2"):
            assert inner.state == "paused"
            if key == "1.1":
                by_hand.finish_by_hand(at(inner, key), actor=on_it)
        assert at(inner, "1.2").state == "waiting"
        pausing.resume(Run.objects.get(pk=run.pk), actor=commander)
        assert at(inner, "1.2").state == "open"

    def test_a_worker_that_puts_it_back_too_late_loses_nothing(
        self, incident: Incident, on_it: Actor, commander: Actor, hikeshi: Actor
    ) -> None:
        run = play(incident, step("1.1", "notify"), actor=on_it)
        pausing.pause(run, actor=commander, reason="wait")
        row = claim(Step.objects.all(), worker="w", now=timezone.now(), seconds=30)
        assert row is not None
        assert pausing.stopped(row)  # it has read that the run is paused
        pausing.resume(Run.objects.get(), actor=commander)
        pausing.leave_alone(row)
        work(hikeshi)
        assert at(run, "1.1").state == "done"


class Crash(Exception):
    """The process is gone."""


POINTS = {
    "notify": [(kinds, "close"), (releasing, "give_back"), (releasing, "write_all"), (kinds, "release")],
    "wait": [(kinds, "close"), (releasing, "write_all"), (kinds, "release"), (releasing, "write_run")],
    "playbook": [(kinds, "give_back"), (starting, "make"), (kinds, "release"), (releasing, "open_step")],
}


@pytest.mark.parametrize(("kind", "point"), [(kind, point) for kind, found in POINTS.items() for point in found])
def test_a_crash_anywhere_is_made_up_for_once(
    incident: Incident, on_it: Actor, hikeshi: Actor, monkeypatch: pytest.MonkeyPatch, kind: str, point: tuple[Any, str]
) -> None:
    fields = {"playbook": "inner"} if kind == "playbook" else {}
    run = play(incident, step("1.1", kind, **fields), actor=on_it, parts=(INNER,))
    Step.objects.update(due_at=timezone.now(), began_at=timezone.now() - timedelta(seconds=5))
    row = claim(Step.objects.all(), worker="dead", now=timezone.now(), seconds=30)
    assert row is not None

    def crash(*_: object, **__: object) -> None:
        raise Crash

    with monkeypatch.context() as patched:
        patched.setattr(point[0], point[1], crash)
        with pytest.raises(Crash):
            perform(copy(row), worker="dead", actor=hikeshi)
    assert work(hikeshi) == 0  # its lease still holds
    Step.objects.exclude(due_at=None).update(lease_until=timezone.now() - timedelta(seconds=1))
    work(hikeshi)
    perform(row, worker="dead", actor=hikeshi)  # it was only slow, and comes too late
    if kind == "playbook":
        assert Run.objects.filter(within__run=run).count() == 1
    else:
        assert (ended("1.1"), Run.objects.get().state) == (1, "ended")
    assert Entry.objects.filter(verb="step.notify").count() == (kind == "notify")


def test_a_person_and_a_worker_who_end_a_step_at_once_do_not_both(
    incident: Incident, on_it: Actor, hikeshi: Actor
) -> None:
    run = play(incident, step("1.1", "notify"), actor=on_it)
    row = claim(Step.objects.all(), worker="w", now=timezone.now(), seconds=30)
    assert row is not None
    by_hand.skip(at(run, "1.1"), actor=on_it, reason="said by telephone")
    perform(row, worker="w", actor=hikeshi)
    assert (at(run, "1.1").state, Entry.objects.filter(verb="step.notify").count()) == ("skipped", 0)


class TestSomeAtOnce:
    @staticmethod
    def taken(worker: str, ahead: float = 0) -> list[Step]:
        return claim_some(
            Step.objects.all(), worker=worker, now=timezone.now() + timedelta(seconds=ahead), seconds=30, most=3
        )

    def test_short_ones_are_claimed_together_each_with_its_lease(
        self, incident: Incident, on_it: Actor, hikeshi: Actor
    ) -> None:
        run = play(incident, *(step(f"1.{number}", "notify") for number in range(1, 6)), actor=on_it)
        first, second = self.taken("dead"), self.taken("w")
        assert [row.key for row in (*first, *second)] == ["1.1", "1.2", "1.3", "1.4", "1.5"]
        perform(first[0], worker="dead", actor=hikeshi)  # and then it dies
        let_go(second, worker="w")
        work(hikeshi)
        work(hikeshi, ahead=31)
        perform(first[1], worker="dead", actor=hikeshi)  # it was only slow
        assert set(states(run).values()) == {"done"}
        assert [ended(row.key) for row in (*first, *second)] == [1] * 5
        assert {row.attempts for row in Step.objects.all()} == {0}

    def test_an_action_is_claimed_alone(self, incident: Incident, on_it: Actor) -> None:
        play(incident, *(step(f"1.{number}", "notify") for number in range(1, 4)), actor=on_it)
        Step.objects.filter(key="1.2").update(kind="action")
        assert [[row.key for row in self.taken(str(number))] for number in range(3)] == [["1.1"], ["1.2"], ["1.3"]]

    def test_messages_that_a_worker_opens_go_out_in_the_same_transaction(
        self, incident: Incident, on_it: Actor, hikeshi: Actor
    ) -> None:
        run = play(
            incident, step("1.1", "notify"), step("1.2", "notify", after=["1.1"]), step("1.3", "notify", after=["1.2"]),
            step("1.4", after=["1.3"]), actor=on_it,
        )  # fmt: skip
        assert work(hikeshi) == 1
        assert states(run) == {"1.1": "done", "1.2": "done", "1.3": "done", "1.4": "open"}
        lines = Entry.objects.filter(verb__in=("step.notify", "step.end")).order_by("seq")
        assert [line.object for line in lines] == [f"step 1.{number}" for number in (1, 1, 2, 2, 3, 3)]
