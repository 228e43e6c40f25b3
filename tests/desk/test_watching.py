"""A containment is looked at again until it is undone: set back by somebody it is said once, and set again where the order says so."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from desk.asked import asked
from hikeshi.actions.action import Outcome, Receipt
from hikeshi.desk.actor import Actor
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger.models import Entry
from hikeshi.desk.runs import verbs as runs, watching
from hikeshi.desk.runs.models import Step, Watch
from hikeshi.text import Text
from standing import stand

pytestmark = pytest.mark.django_db


def said(outcome: Outcome) -> Receipt:
    return Receipt(action="aws.ec2.isolate", outcome=outcome, summary=Text(outcome, "結果"), observed={}, grade="none")


@pytest.fixture
def held(incident: Incident, commander: Actor, hikeshi: Actor) -> Watch:
    step = asked(incident, commander)
    runs.end(step, said("done"), actor=hikeshi)
    return Watch.objects.get(step=step)


def verbs_of(held: Watch) -> list[str]:
    return list(
        Entry.objects.filter(object=f"step {held.step.key}", verb__startswith="step.").values_list("verb", flat=True)
    )


def test_what_somebody_sets_back_is_said_once_and_when_it_holds_again(held: Watch, hikeshi: Actor) -> None:
    for outcome in ("done", "failed", "failed", "done"):
        watching.seen(held, said(outcome), actor=hikeshi)
    assert [verb for verb in verbs_of(held) if verb in {"step.drift", "step.holds"}] == ["step.drift", "step.holds"]
    due_at = Watch.objects.get().due_at
    assert due_at
    assert due_at > timezone.now()


def test_it_is_looked_at_often_at_first_and_never_less_than_hourly() -> None:
    now = timezone.now()
    pauses = [watching.pause(now - timedelta(minutes=minutes), now) for minutes in (0, 30, 100_000)]
    assert pauses == [timedelta(minutes=1), timedelta(minutes=3), timedelta(hours=1)]


def test_an_order_sets_it_again_and_does_not_fight_for_ever(held: Watch, commander: Actor, hikeshi: Actor) -> None:
    order = stand(
        "C2", actor=commander, finding_types=["Backdoor:"], playbook="compromised-ec2", severity=2, reapply=True
    )
    held.step.run.order = order
    held.step.run.save()
    for _ in range(5):
        watching.seen(held, said("failed"), actor=hikeshi)
        Step.objects.update(state="done")
    assert verbs_of(held).count("step.reapply") == watching.MOST_REAPPLIED


def test_what_is_undone_is_watched_no_more(held: Watch, hikeshi: Actor) -> None:
    runs.end(Step.objects.get(pk=held.step_id), said("done"), actor=hikeshi, undone=True)
    assert not Watch.objects.exists()


def test_a_part_is_watched_and_holds_as_long_as_a_part_does(
    incident: Incident, commander: Actor, hikeshi: Actor
) -> None:
    step = asked(incident, commander)
    runs.end(step, said("partial"), actor=hikeshi)
    held = Watch.objects.get(step=step)
    incident.refresh_from_db()
    assert incident.contained_at is None
    for outcome in ("partial", "done", "failed"):
        watching.seen(held, said(outcome), actor=hikeshi)
    assert verbs_of(held).count("step.drift") == 1
    runs.end(Step.objects.get(pk=step.pk), said("partial"), actor=hikeshi, undone=True)
    assert Watch.objects.exists()
