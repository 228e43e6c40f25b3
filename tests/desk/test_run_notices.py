"""Whom a run tells: messages of the playbook, steps given to somebody, steps past their time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from desk.played import at, play, step, work
from hikeshi.desk.accounts.models import Person
from hikeshi.desk.actor import Actor
from hikeshi.desk.duties import verbs as duties
from hikeshi.desk.duties.models import Clock
from hikeshi.desk.incidents import verbs as incidents
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.notices import escalating, reading
from hikeshi.desk.notices.models import Escalation, Notice
from hikeshi.desk.runs import by_hand, taking

pytestmark = pytest.mark.django_db
MESSAGE = {
    "to": ["responder"], "subject": {"en": "Key {fact.key_id}", "ja": "キー {fact.key_id}"},
    "body": {"en": "Stop {fact.count}.\n\nNow {0} {incident.name}.", "ja": "{fact.count} を停止。\n\n{incident.name}"},
}  # fmt: skip


@pytest.fixture(autouse=True)
def _languages(responder_person: Person) -> None:
    Person.objects.update(language="en")


def tell_all(hikeshi: Actor) -> None:
    while reading.look(actor=hikeshi):
        pass


def test_a_message_goes_to_who_holds_the_roles_with_the_facts_in_it(
    incident: Incident, on_it: Actor, hikeshi: Actor
) -> None:
    run = play(incident, step("1.1", "notify", message=MESSAGE), actor=on_it, key_id="{incident.name} <b>")
    tell_all(hikeshi)
    work(hikeshi)
    assert at(run, "1.1").state == "done"
    tell_all(hikeshi)
    sent = Notice.objects.get(template="message")
    assert str(sent.person) == "sato"
    assert sent.subject == f"{incident.name}: Key {{incident.name}} ‹b›"
    assert sent.body == f"Stop (not known yet).\n\nNow {{0}} {incident.name}."


def test_a_step_past_its_time_pages_its_owner_and_then_who_commands(
    incident: Incident, on_it: Actor, commander: Actor, hikeshi: Actor
) -> None:
    incidents.assign(incident, "incident_commander", actor=commander, person=Person.objects.get(username="kondo"))
    for name in ("kondo", "sato"):
        Person.objects.filter(username=name).update(email=f"{name}@example.com")
    run = play(incident, step("1.1", due_within=60, role="scribe"), step("1.2"), actor=on_it)
    taking.take(at(run, "1.1"), actor=on_it)
    tell_all(hikeshi)
    Clock.objects.filter(rule__startswith="step.due").update(
        deadline=timezone.now() - timedelta(seconds=1), due_at=timezone.now()
    )
    duties.ring_due(actor=hikeshi)
    tell_all(hikeshi)
    row = Escalation.objects.get(template="clock_over")
    assert row.duty == "person:sato>incident_commander"
    assert [str(one.person) for one in row.notices.all()] == ["sato"]
    for _ in range(5):
        Escalation.objects.update(due_at=timezone.now())
        escalating.fire_due(actor=hikeshi)
    assert "kondo" in {str(one.person) for one in row.notices.all()}
    by_hand.finish_by_hand(at(run, "1.1"), actor=on_it)
    tell_all(hikeshi)
    row.refresh_from_db()
    assert row.stopped_at is not None


def test_whoever_is_given_a_step_is_told(
    incident: Incident, on_it: Actor, hikeshi: Actor, responder_person: Person
) -> None:
    run = play(incident, step("1.1"), actor=on_it)
    taking.hand_over(at(run, "1.1"), responder_person, actor=on_it)
    tell_all(hikeshi)
    assert str(Notice.objects.get(template="yours").person) == "sato"
