"""Nothing stays contained because it was forgotten: a review is due until somebody keeps it, undoes it, or the incident is over."""

from __future__ import annotations

import hashlib
import re
from datetime import timedelta

import pytest

from desk.asked import asked
from hikeshi.actions.action import Receipt
from hikeshi.desk.actor import Actor
from hikeshi.desk.duties import verbs as duties
from hikeshi.desk.duties.models import Clock
from hikeshi.desk.incidents import verbs as incidents
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger.models import Entry
from hikeshi.desk.ledger.phrases import sentence
from hikeshi.desk.notices import reading
from hikeshi.desk.notices.models import Escalation
from hikeshi.desk.reviews import closing
from hikeshi.desk.runs import by_hand, glass, holding, perform, starting, undoing, verbs as runs, watching
from hikeshi.desk.runs.models import Run, Step, Watch
from hikeshi.desk.runs.pinned import spec_of
from hikeshi.errors import Conflict, Refused
from hikeshi.playbooks.shelf import library
from hikeshi.text import Text

pytestmark = pytest.mark.django_db
DONE = Receipt(action="aws.ec2.isolate", outcome="done", summary=Text("done", "完了"), observed={}, grade="none")


@pytest.fixture
def held(incident: Incident, commander: Actor, hikeshi: Actor) -> Step:
    step = asked(incident, commander)
    runs.end(step, DONE, actor=hikeshi)
    return Step.objects.get(pk=step.pk)


def reviews() -> list[Clock]:
    return list(Clock.objects.filter(rule__startswith="hold.").order_by("pk"))


@pytest.mark.parametrize(("severity", "hours"), [(1, 24), (2, 72), (3, 168), (4, 168)])
def test_how_long_it_may_stand_unlooked_at_hangs_on_the_severity(
    incident: Incident, commander: Actor, hikeshi: Actor, severity: int, hours: int
) -> None:
    incidents.change_severity(incident, severity, actor=commander, reason="judged")
    incident.refresh_from_db()
    step = asked(incident, commander)
    text = re.sub(r'"keep_for":[0-9]+', '"keep_for":31536000', step.run.text)  # only the rule is to count
    Run.objects.update(text=text, digest=hashlib.sha256(text.encode()).hexdigest())
    runs.end(Step.objects.get(pk=step.pk), DONE, actor=hikeshi)
    (clock,) = reviews()
    assert clock.deadline - clock.started_at == timedelta(hours=hours)


@pytest.fixture
def by_people(incident: Incident, commander: Actor, on_it: Actor, hikeshi: Actor) -> Step:
    """The sessions of a role, revoked by hand because the action could not."""
    run = starting.start(
        incident, library()["compromised-ec2"], actor=commander, facts={"alert.instance_id": "i-0123456789abcdef0"}
    )
    step = run.steps.get(key="2.7")
    Step.objects.filter(pk=step.pk).update(state="open")
    by_hand.finish_by_hand(step, actor=on_it, note="denied by a policy")
    return Step.objects.get(pk=step.pk)


def test_what_people_have_contained_is_reviewed_too_and_keeps_the_incident_open(
    by_people: Step, commander: Actor, hikeshi: Actor
) -> None:
    spec = spec_of(by_people)
    (clock,) = reviews()
    assert spec is not None
    assert spec.keep_for is not None
    assert clock.deadline - clock.started_at <= timedelta(seconds=spec.keep_for)
    perform.watch(by_people.watch, actor=hikeshi)  # asks no cloud
    holding.keep(by_people, actor=commander, reason="not rebuilt yet")
    assert len(reviews()) == 2
    (holds,) = (gate for gate in closing.gates(by_people.run.incident) if gate.key == "holds")
    assert by_people.title["en"] in str(holds.open)


def test_what_people_have_contained_they_take_back_with_a_reason(
    by_people: Step, on_it: Actor, off_it: Actor, outsider: Actor, commander: Actor
) -> None:
    for actor in (on_it, off_it, outsider):
        with pytest.raises(Refused, match="may not"):
            undoing.undo(by_people, actor=actor, reason="clean")
    undoing.undo(by_people, actor=commander, reason="the role is clean")
    assert not Watch.objects.exists()
    assert [clock.stopped_at is None for clock in reviews()] == [False]
    assert Step.objects.get(pk=by_people.pk).state == "undone"
    entry = Entry.objects.get(verb="step.taken_back")
    assert "the role is clean" in sentence(entry, "en")
    with pytest.raises(Conflict):
        undoing.undo(Step.objects.get(pk=by_people.pk), actor=commander, reason="again")


def test_a_graver_incident_is_looked_at_sooner(held: Step, commander: Actor) -> None:
    incidents.change_severity(held.run.incident, 1, actor=commander, reason="more hosts")
    old, new = reviews()
    assert (old.state, new.title) == ("replaced", old.title)
    assert new.deadline < old.deadline
    assert holding.due(held) == new.deadline


def test_over_it_is_told_and_who_keeps_it_is_asked_again_later(held: Step, commander: Actor, hikeshi: Actor) -> None:
    (first,) = reviews()
    Clock.objects.filter(pk=first.pk).update(deadline=first.started_at, due_at=first.started_at)
    duties.ring_due(actor=hikeshi)
    while reading.look(actor=hikeshi):
        pass
    assert Escalation.objects.filter(template="clock_over", stopped_at=None).count() == 1
    holding.keep(held, actor=commander, reason="not rebuilt yet")
    while reading.look(actor=hikeshi):
        pass
    assert not Escalation.objects.filter(template="clock_over", stopped_at=None).exists()
    first, second = reviews()
    assert (first.state, second.stopped_at) == ("met-late", None)
    entry = Entry.objects.get(verb="step.keep")
    assert "not rebuilt yet" in sentence(entry, "en")
    over = Entry.objects.get(verb="clock.over")
    assert "Review of a containment, step" in sentence(over, "en")


def test_only_who_commands_keeps_it_with_a_reason_and_only_what_is_contained(
    held: Step, commander: Actor, on_it: Actor, off_it: Actor, outsider: Actor
) -> None:
    for actor in (on_it, off_it, outsider):
        with pytest.raises(Refused, match="may not"):
            holding.keep(held, actor=actor, reason="x")
    with pytest.raises(Refused, match="needs a reason"):
        holding.keep(held, actor=commander, reason=" ")
    Step.objects.filter(pk=held.pk).update(state="undone")
    with pytest.raises(Conflict):
        holding.keep(held, actor=commander, reason="x")
    Step.objects.filter(pk=held.pk).update(state="done")
    Watch.objects.all().delete()
    with pytest.raises(Refused, match="contains nothing"):
        holding.keep(held, actor=commander, reason="x")


def test_undone_nobody_is_asked_any_more(held: Step, hikeshi: Actor) -> None:
    runs.end(held, DONE, actor=hikeshi, undone=True)
    (clock,) = reviews()
    assert clock.state == "met"


def test_a_closed_incident_asks_nobody_and_a_reopened_one_does_again(
    held: Step, commander: Actor, hikeshi: Actor
) -> None:
    incident = held.run.incident
    incidents.close(incident, actor=commander, reason="over")
    watch = Watch.objects.select_related("step__run__incident", "step__run__order").get()
    watching.seen(watch, DONE, actor=hikeshi)
    assert [clock.state for clock in reviews()] == ["replaced"]
    with pytest.raises(Refused, match="closed"):
        holding.keep(Step.objects.get(pk=held.pk), actor=commander, reason="x")
    incidents.reopen(incident, actor=commander, reason="it came back")
    watch = Watch.objects.select_related("step__run__incident", "step__run__order").get()
    for _ in range(2):
        watching.seen(watch, DONE, actor=hikeshi)
    assert [clock.stopped_at is None for clock in reviews()] == [False, True]


def test_what_still_stands_and_broken_glass_keep_the_incident_open(held: Step, commander: Actor, admin: Actor) -> None:
    incident = held.run.incident
    Step.objects.filter(pk=held.pk).update(state="asked")
    glass.break_glass(held, held.plan_digest, actor=commander, reason="nobody answers")
    open_ = {gate.key: [text.en for text in gate.open] for gate in closing.gates(incident) if gate.open}
    assert open_["holds"] == [f"{held.key} {held.title['en']}"]
    assert open_["glass"] == [f"Step {held.key}: {commander.name} broke the glass"]
    glass.close_review(held, actor=admin, right=True, note="it was right")
    Watch.objects.all().delete()
    assert not {"holds", "glass"} & {gate.key for gate in closing.gates(incident) if gate.open}
