"""Decisions: asked with options, objected to by name, decided once, looked back on."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from hikeshi.desk.accounts.models import Person
from hikeshi.desk.actor import Actor
from hikeshi.desk.incidents import decisions, verbs as incidents
from hikeshi.desk.incidents.models import Decision, Incident
from hikeshi.desk.ledger.models import Entry
from hikeshi.errors import Conflict, Refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def row(incident: Incident, on_it: Actor) -> Decision:
    return decisions.ask(incident, "Shut the shop down?", actor=on_it, options=["Yes", "No, watch it", " "])


def test_a_decision_keeps_options_reason_and_name(row: Decision, commander: Actor) -> None:
    decisions.decide(row, "No, watch it", actor=commander, reason="the attacker is cut off")
    row.refresh_from_db()
    assert row.options == ["Yes", "No, watch it"]
    assert (row.chosen, row.decided_by) == ("No, watch it", "kondo")
    assert decisions.undecided(row.incident) == []


def test_a_decision_is_made_once(row: Decision, commander: Actor) -> None:
    decisions.decide(Decision.objects.get(), "Yes", actor=commander, reason="r")
    with pytest.raises(Conflict) as conflict:
        decisions.decide(row, "No", actor=commander, reason="r")
    assert conflict.value.current == "Yes"


def test_an_objection_nobody_has_read_stops_the_decision(row: Decision, commander: Actor, on_it: Actor) -> None:
    seen = row.version
    decisions.object_to(row, "Customers are mid-payment", actor=on_it)
    with pytest.raises(Conflict):
        decisions.decide(Decision.objects.get(), "Yes", actor=commander, reason="r", version=seen)
    decisions.decide(Decision.objects.get(), "Yes", actor=commander, reason="r", version=seen + 1)
    assert Decision.objects.get().objections == [{"by": "sato", "text": "Customers are mid-payment"}]


@pytest.mark.parametrize(("chosen", "reason"), [("", "r"), ("Yes", "  ")])
def test_a_decision_needs_what_and_why(row: Decision, commander: Actor, chosen: str, reason: str) -> None:
    with pytest.raises(Refused, match="needs"):
        decisions.decide(row, chosen, actor=commander, reason=reason)


def test_looking_back_leaves_the_decision_alone(row: Decision, commander: Actor, on_it: Actor) -> None:
    with pytest.raises(Refused, match="Nothing was decided"):
        decisions.look_back(row, "Right", actor=on_it)
    decisions.decide(row, "Yes", actor=commander, reason="r")
    decisions.look_back(row, "An hour earlier would have been better", actor=on_it)
    row.refresh_from_db()
    assert (row.chosen, row.later_verdict) == ("Yes", "An hour earlier would have been better")


def test_the_most_urgent_comes_first_and_without_a_deadline_last(incident: Incident, on_it: Actor) -> None:
    now = timezone.now()
    for question, hours in (("none", None), ("late", 5), ("soon", 1)):
        decisions.ask(incident, question, actor=on_it, decide_by=now + timedelta(hours=hours) if hours else None)
    assert [one.question for one in decisions.undecided(incident)] == ["soon", "late", "none"]


def test_who_may(row: Decision, on_it: Actor, off_it: Actor, outsider: Actor, commander: Actor) -> None:
    with pytest.raises(Refused, match="may not"):
        decisions.decide(row, "Yes", actor=on_it, reason="r")
    for actor in (off_it, outsider):
        with pytest.raises(Refused, match="may not"):
            decisions.ask(row.incident, "x?", actor=actor)
        with pytest.raises(Refused, match="may not"):
            decisions.object_to(row, "x", actor=actor)
    incidents.assign(row.incident, "observer", actor=commander, person=Person.objects.get(username="tanaka"))
    decisions.object_to(row, "An observer may object too", actor=outsider)


def test_all_of_it_is_on_the_chain(row: Decision, commander: Actor, on_it: Actor) -> None:
    decisions.object_to(row, "no", actor=on_it)
    decisions.decide(row, "Yes", actor=commander, reason="r")
    decisions.look_back(row, "fine", actor=on_it)
    verbs = Entry.objects.filter(chain__name=row.incident.name, verb__startswith="decision.").values_list(
        "verb", flat=True
    )
    assert sorted(verbs) == ["decision.ask", "decision.decide", "decision.look_back", "decision.object"]
