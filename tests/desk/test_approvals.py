"""Who says yes: as many as it needs, not the one who asked, to exactly one plan; no, taking back, less of it, and without."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from desk.asked import asked, plan
from hikeshi.desk.actor import Actor
from hikeshi.desk.duties.models import Clock
from hikeshi.desk.incidents import verbs as incidents
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger.models import Entry
from hikeshi.desk.notices import reading
from hikeshi.desk.notices.models import Escalation
from hikeshi.desk.queue import LeaseLost, claim
from hikeshi.desk.runs import approvals, glass, plans, undoing, verbs as runs
from hikeshi.desk.runs.models import Step
from hikeshi.errors import Conflict, Refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def step(incident: Incident, commander: Actor) -> Step:
    """One yes is enough for this one."""
    return asked(incident, commander)


@pytest.fixture
def grave(incident: Incident, commander: Actor) -> Step:
    """SEV-1 in production: two yeses, and not from `commander`, who asked."""
    incidents.change_severity(incident, 1, actor=commander, reason="more hosts")
    incident.refresh_from_db()
    return asked(incident, commander)


@pytest.fixture
def lead(incident: Incident, commander: Actor, off_it: Actor) -> Actor:
    """The Technical Lead of the incident: commands there, and nowhere else."""
    from hikeshi.desk.accounts.models import Person

    incidents.assign(incident, "technical_lead", actor=commander, person=Person.objects.get(username=off_it.name))
    return off_it


def state(step: Step) -> str:
    step.refresh_from_db()
    return step.state


def test_one_yes_of_the_one_who_asked_is_enough_where_one_is_needed(step: Step, commander: Actor) -> None:
    approvals.approve(step, step.plan_digest, actor=commander, reason="seen it")
    assert state(step) == "approved"
    assert step.approvals.get().reason == "seen it"


def test_two_are_two_people_and_not_the_one_who_asked(grave: Step, commander: Actor, admin: Actor, lead: Actor) -> None:
    with pytest.raises(Refused, match="asked for this"):
        approvals.approve(grave, grave.plan_digest, actor=commander)
    approvals.approve(grave, grave.plan_digest, actor=admin)
    assert state(grave) == "asked"
    found = approvals.standing(grave)
    assert found is not None
    assert (found.missing, [row.by for row in found.yes], found.left_out) == (1, ["aoki"], "kondo")
    with pytest.raises(Conflict, match="already"):
        approvals.approve(grave, grave.plan_digest, actor=admin)
    approvals.approve(grave, grave.plan_digest, actor=lead)
    assert state(grave) == "approved"


def test_who_does_not_command_decides_nothing(step: Step, on_it: Actor, off_it: Actor, outsider: Actor) -> None:
    for actor in (on_it, off_it, outsider):
        with pytest.raises(Refused, match="may not"):
            approvals.approve(step, step.plan_digest, actor=actor)
        with pytest.raises(Refused, match="may not"):
            approvals.reject(step, step.plan_digest, actor=actor, reason="x")
        with pytest.raises(Refused, match="may not"):
            approvals.narrow(step, ["eni-1"], actor=actor)
    assert state(step) == "asked"


def test_a_yes_is_to_one_plan_only(grave: Step, admin: Actor, lead: Actor, hikeshi: Actor) -> None:
    approvals.approve(grave, grave.plan_digest, actor=admin)
    old = grave.plan_digest
    plans.plan_again(grave, actor=lead)
    grave.refresh_from_db()
    plans.save_plan(grave, plan(grave.run.incident), actor=hikeshi)
    with pytest.raises(Conflict, match="has changed"):
        approvals.approve(grave, old, actor=lead)
    approvals.approve(grave, grave.plan_digest, actor=lead)
    assert state(grave) == "asked"  # the yes to the old plan counts no more
    assert grave.approvals.get(by="aoki").ended == "expired"


def test_no_ends_it_with_the_reason_and_a_new_plan_may_be_asked_for(step: Step, commander: Actor) -> None:
    with pytest.raises(Refused, match="needs a reason"):
        approvals.reject(step, step.plan_digest, actor=commander, reason=" ")
    approvals.reject(step, step.plan_digest, actor=commander, reason="the shop is open")
    assert state(step) == "refused"
    assert "the shop is open" in step.outcome["en"]
    assert "the shop is open" in step.outcome["ja"]
    plans.plan_again(step, actor=commander)
    assert state(step) == "planning"


def test_a_yes_is_taken_back_before_it_is_used_and_not_after(step: Step, commander: Actor, hikeshi: Actor) -> None:
    approvals.approve(step, step.plan_digest, actor=commander)
    late = claim(Step.objects.all(), worker="w", now=timezone.now(), seconds=30)
    assert late is not None
    approvals.revoke(step, actor=commander, reason="wrong host")
    assert state(step) == "asked"
    with pytest.raises(LeaseLost):  # the worker that had just claimed it
        runs.begin(late, actor=hikeshi)
    assert state(step) == "asked"
    approvals.approve(step, step.plan_digest, actor=commander)
    claimed = claim(Step.objects.all(), worker="w", now=timezone.now(), seconds=30)
    assert claimed is not None
    runs.begin(claimed, actor=hikeshi)
    assert list(step.approvals.values_list("ended", flat=True)) == ["revoked", "redeemed"]
    with pytest.raises(Conflict, match="is running now"):
        approvals.revoke(step, actor=commander, reason="too late")


def test_only_ones_own_yes_is_taken_back(grave: Step, admin: Actor, lead: Actor) -> None:
    approvals.approve(grave, grave.plan_digest, actor=admin)
    with pytest.raises(Refused, match="no yes"):
        approvals.revoke(grave, actor=lead, reason="x")


def test_what_is_one_whole_is_not_narrowed(step: Step, commander: Actor) -> None:
    with pytest.raises(Refused, match="no parts"):
        approvals.narrow(step, ["eni-1"], actor=commander)


def test_less_of_it_is_a_new_plan_with_a_digest_of_its_own(step: Step, commander: Actor) -> None:
    Step.objects.filter(pk=step.pk).update(action="aws.ec2.protect")  # which has parts
    step.refresh_from_db()
    for wrong, said in ((["eni-9"], "eni-9"), ([], "none named"), (["eni-1", "eni-2"], "Nothing would be left")):
        with pytest.raises(Refused, match=said):
            approvals.narrow(step, wrong, actor=commander)
    approvals.narrow(step, ["eni-1"], actor=commander, reason="the shop needs it")
    assert (state(step), step.only) == ("planning", ["eni-2"])
    entry = Entry.objects.get(verb="step.narrow")
    assert "eni-1" in entry.data


def test_undoing_needs_as_many_as_doing(grave: Step, commander: Actor, admin: Actor, lead: Actor) -> None:
    Step.objects.filter(pk=grave.pk).update(state="partial")
    undoing.undo(grave, actor=admin, reason="clean")
    assert state(grave) == "undo_asked"
    with pytest.raises(Refused, match="asked for this"):
        approvals.approve(grave, grave.plan_digest, actor=admin)
    approvals.approve(grave, grave.plan_digest, actor=commander)
    approvals.reject(grave, grave.plan_digest, actor=lead, reason="not clean")
    assert (state(grave), grave.was) == ("partial", "")
    undoing.undo(grave, actor=admin, reason="clean now")
    for actor in (commander, lead):
        approvals.approve(grave, grave.plan_digest, actor=actor)
    assert state(grave) == "undoing"


def test_a_wish_to_undo_does_not_wait_for_ever(grave: Step, commander: Actor, admin: Actor) -> None:
    Step.objects.filter(pk=grave.pk).update(state="done")
    undoing.undo(grave, actor=admin, reason="clean")
    Step.objects.filter(pk=grave.pk).update(asked_at=timezone.now() - timedelta(hours=25))
    grave.refresh_from_db()
    with pytest.raises(Refused, match="in time"):
        approvals.approve(grave, grave.plan_digest, actor=commander)
    assert state(grave) == "done"


class TestBreakingTheGlass:
    def test_it_goes_on_at_once_is_told_and_waits_for_somebody_else(
        self, grave: Step, on_it: Actor, admin: Actor, hikeshi: Actor
    ) -> None:
        broken = glass.break_glass(grave, grave.plan_digest, actor=on_it, reason="nobody answers")
        assert state(grave) == "approved"
        assert broken.due_at - broken.at == timedelta(hours=24)
        while reading.look(actor=hikeshi):
            pass
        assert Escalation.objects.filter(template="broken_glass", stopped_at=None).count() == 1
        clock = Clock.objects.get(rule__startswith="glass.review")
        assert clock.stopped_at is None
        with pytest.raises(Refused, match="may not"):
            glass.close_review(grave, actor=on_it, right=True, note="fine")
        glass.close_review(grave, actor=admin, right=True, note="it was right")
        clock.refresh_from_db()
        assert clock.state == "met"
        while reading.look(actor=hikeshi):
            pass
        assert not Escalation.objects.filter(template="broken_glass", stopped_at=None).exists()

    def test_who_broke_it_does_not_review_it(self, grave: Step, admin: Actor) -> None:
        glass.break_glass(grave, grave.plan_digest, actor=admin, reason="nobody answers")
        with pytest.raises(Refused, match="somebody else"):
            glass.close_review(grave, actor=admin, right=True, note="fine")
        assert glass.open_reviews(grave.run.incident)

    def test_it_needs_a_reason_the_plan_that_was_read_and_a_place_on_the_incident(
        self, grave: Step, on_it: Actor, off_it: Actor, outsider: Actor
    ) -> None:
        with pytest.raises(Refused, match="needs a reason"):
            glass.break_glass(grave, grave.plan_digest, actor=on_it, reason="")
        with pytest.raises(Conflict, match="has changed"):
            glass.break_glass(grave, "0" * 64, actor=on_it, reason="x")
        for actor in (off_it, outsider):
            with pytest.raises(Refused, match="may not"):
                glass.break_glass(grave, grave.plan_digest, actor=actor, reason="x")
        assert state(grave) == "asked"
