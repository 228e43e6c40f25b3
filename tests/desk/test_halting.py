"""The kill switch and the lease: nothing changes while it is halted, and no two steps change the same thing at once."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from desk.asked import ACCOUNT, INSTANCE, asked
from hikeshi.desk.accounts import verbs as accounts
from hikeshi.desk.accounts.models import Person
from hikeshi.desk.actor import Actor, system
from hikeshi.desk.clouds import halting
from hikeshi.desk.clouds.halting import Halted
from hikeshi.desk.incidents import verbs as incidents
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger.models import Entry
from hikeshi.desk.queue import LeaseLost, claim
from hikeshi.desk.runs import approvals, leases
from hikeshi.desk.runs.leases import Busy
from hikeshi.desk.runs.models import Lease, Step
from hikeshi.desk.runs.perform import DeskRecorder, perform
from hikeshi.desk.runs.plans import plan_of
from hikeshi.errors import Refused


def _claimed(step: Step, worker: str = "w") -> Step:
    Step.objects.filter(pk=step.pk).update(due_at=timezone.now() - timedelta(seconds=1), lease_until=None)
    found = claim(Step.objects.filter(pk=step.pk), worker=worker, now=timezone.now(), seconds=30)
    assert found is not None
    return found


@pytest.mark.django_db
class TestHalt:
    def test_it_stops_one_account_or_all_until_it_is_lifted(self, commander: Actor) -> None:
        halting.halt(actor=commander, reason="wrong hosts", account=ACCOUNT)
        halting.refuse_if_halted("999999999999")
        with pytest.raises(Halted, match="wrong hosts"):
            halting.refuse_if_halted(ACCOUNT)
        halting.lift(actor=commander, reason="checked", account=ACCOUNT)
        halting.halt(actor=commander, reason="stop all")
        assert halting.halt(actor=commander, reason="again").reason == "stop all"
        with pytest.raises(Halted, match="everywhere"):
            halting.refuse_if_halted("999999999999")
        with pytest.raises(Refused, match="Nothing is halted"):
            halting.lift(actor=commander, reason="x", account=ACCOUNT)
        halting.lift(actor=commander, reason="checked")
        halting.refuse_if_halted(ACCOUNT)
        assert list(Entry.objects.filter(verb__startswith="halt.").values_list("verb", flat=True)) == [
            "halt.begin", "halt.lift", "halt.begin", "halt.lift",
        ]  # fmt: skip

    def test_only_who_commands_and_with_a_reason(
        self, commander: Actor, on_it: Actor, off_it: Actor, outsider: Actor
    ) -> None:
        for actor in (on_it, off_it, outsider):
            with pytest.raises(Refused, match="may not"):
                halting.halt(actor=actor, reason="x")
            with pytest.raises(Refused, match="may not"):
                halting.lift(actor=actor, reason="x")
        with pytest.raises(Refused, match="needs a reason"):
            halting.halt(actor=commander, reason=" ")

    def test_no_call_is_sent_and_the_step_waits_without_ending(
        self, incident: Incident, commander: Actor, hikeshi: Actor
    ) -> None:
        step = asked(incident, commander)
        approvals.approve(step, step.plan_digest, actor=commander)
        halting.halt(actor=commander, reason="wrong hosts")
        for _ in range(8):  # as often as it likes
            perform(_claimed(step), worker="w", actor=hikeshi)
        step.refresh_from_db()
        assert (step.state, step.attempts, step.intents.count()) == ("approved", 0, 0)
        assert step.due_at is not None
        assert "wrong hosts" in step.outcome["en"]
        assert Entry.objects.filter(verb="step.wait").count() == 1

    def test_it_is_asked_before_every_single_call(self, incident: Incident, commander: Actor) -> None:
        step = _claimed(asked(incident, commander))
        recorder = DeskRecorder(step, "w")
        recorder.intend("ec2:CreateTags", {})
        halting.halt(actor=commander, reason="enough", account=ACCOUNT)
        with pytest.raises(Halted):
            recorder.intend("ec2:CreateTags", {})
        assert step.intents.count() == 1

    def test_what_must_not_be_left_half_done_is_carried_to_its_end(self, incident: Incident, commander: Actor) -> None:
        """Another worker than the one that opened the doors may close them, too."""
        step = asked(incident, commander)
        Step.objects.filter(pk=step.pk).update(action="aws.ec2.untrack", state="running", began_at=timezone.now())
        step.refresh_from_db()
        DeskRecorder(_claimed(step), "w").intend("ec2:ModifyNetworkInterfaceAttribute", {})
        halting.halt(actor=commander, reason="enough", account=ACCOUNT)
        DeskRecorder(_claimed(step), "w").intend("ec2:ModifyNetworkInterfaceAttribute", {})
        assert step.intents.count() == 2

    @pytest.mark.parametrize("state", ["approved", "running", "undoing"])
    def test_it_does_not_begin_under_a_halt(self, incident: Incident, commander: Actor, state: str) -> None:
        """Nor again: what an earlier go has sent does not count."""
        step = asked(incident, commander)
        DeskRecorder(_claimed(step), "w").intend("ec2:ModifyNetworkInterfaceAttribute", {})
        Step.objects.filter(pk=step.pk).update(action="aws.ec2.untrack", state=state, began_at=timezone.now())
        step.refresh_from_db()
        halting.halt(actor=commander, reason="enough", account=ACCOUNT)
        with pytest.raises(Halted):
            DeskRecorder(_claimed(step), "w").intend("ec2:ModifyNetworkInterfaceAttribute", {})


@pytest.mark.django_db
class TestLease:
    @pytest.fixture
    def two(self, incident: Incident, commander: Actor) -> tuple[Step, Step]:
        other = incidents.declare("Another", 2, actor=commander, reason="test")
        return asked(incident, commander), asked(other, commander)

    def test_the_second_step_waits_for_the_first_and_holds_nothing(self, two: tuple[Step, Step]) -> None:
        first, second = two
        assert leases.take(first, [INSTANCE, "eni-1"]) == 2
        assert leases.take(first, [INSTANCE, "eni-1"]) == 2  # another worker on the same step
        with pytest.raises(Busy, match=INSTANCE):
            leases.take(second, ["aaa", INSTANCE])
        assert not second.leases.exists()
        leases.release(first)
        leases.take(second, ["aaa", INSTANCE])

    def test_a_step_whose_worker_was_silent_too_long_is_fenced_off(self, two: tuple[Step, Step]) -> None:
        first, second = two
        recorder = DeskRecorder(_claimed(first), "w")
        recorder.lease(plan_of(first))
        recorder.intend("ec2:CreateTags", {})
        Lease.objects.update(until=timezone.now() - timedelta(seconds=1))
        leases.take(second, [INSTANCE])
        with pytest.raises(LeaseLost):
            recorder.intend("ec2:CreateTags", {})

    def test_a_step_that_must_wait_says_so_and_has_not_begun(
        self, two: tuple[Step, Step], commander: Actor, hikeshi: Actor
    ) -> None:
        first, second = two
        leases.take(first, [INSTANCE])
        approvals.approve(second, second.plan_digest, actor=commander)
        perform(_claimed(second), worker="w", actor=hikeshi)
        second.refresh_from_db()
        assert (second.state, second.intents.count()) == ("approved", 0)
        assert "Another step" in second.outcome["en"]


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite in memory locks whole tables: tests/on_postgres.py")
@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_gets_it() -> None:
    """Threads with connections of their own, as workers in many processes have."""
    hikeshi = system("Hikeshi", "worker")
    commander = accounts.actor_of(Person.objects.create_user(username="kondo", role="commander"), "cli")
    steps = [asked(incidents.declare(str(number), 2, actor=hikeshi, reason="r"), commander) for number in range(4)]
    told: list[str] = []
    ready = threading.Barrier(len(steps))

    def take(step: Step) -> None:
        ready.wait()
        try:
            leases.take(step, ["eni-1", "eni-2", INSTANCE])
            told.append("mine")
        except Busy:
            told.append("busy")
        finally:
            connection.close()

    threads = [threading.Thread(target=take, args=(step,)) for step in steps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == ["busy", "busy", "busy", "mine"]
    assert len(set(Lease.objects.values_list("step", flat=True))) == 1
    assert Lease.objects.count() == 3
