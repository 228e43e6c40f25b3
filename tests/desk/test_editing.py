"""What an incident says of itself is corrected in the open; its status moves in an order that makes sense."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from hikeshi.desk.actor import Actor
from hikeshi.desk.duties import verbs as duties
from hikeshi.desk.duties.models import Clock
from hikeshi.desk.incidents import editing, secrecy, verbs as incidents
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger.models import Entry
from hikeshi.errors import Conflict, Refused


def test_a_responder_corrects_the_title_and_no_more(incident: Incident, on_it: Actor, off_it: Actor) -> None:
    editing.edit(incident, actor=on_it, title=" Mining traffic from two web servers ")
    assert Incident.objects.get().title == "Mining traffic from two web servers"
    with pytest.raises(Refused, match="may not"):
        editing.edit(incident, actor=on_it, marking="red")
    with pytest.raises(Refused, match="may not"):
        editing.edit(incident, actor=off_it, title="x")


def test_a_detection_earlier_than_thought_moves_the_clock_and_shows_the_breach(
    incident: Incident, commander: Actor
) -> None:
    at = timezone.now() - timedelta(hours=3)
    editing.edit(incident, actor=commander, detected_at=at, reason="the log says so")
    old, new = Clock.objects.filter(chain__name=incident.name, rule__startswith="response.").order_by("pk")
    assert (old.state, old.breached_at) == ("replaced", None)
    assert (new.rule, new.started_at) == ("response.sev2", at)
    duties.ring(new, actor=commander)
    assert new.breached_at == new.deadline
    editing.edit(incident, actor=commander, detected_at=timezone.now(), reason="it was another system")
    new.refresh_from_db()
    assert (new.state, new.breached_at) == ("replaced", new.deadline)


def test_a_clock_based_on_a_rise_in_severity_stays(incident: Incident, commander: Actor) -> None:
    incidents.change_severity(incident, 1, actor=commander, reason="database read")
    (before,) = duties.running(incident.name, "response.")
    editing.edit(incident, actor=commander, detected_at=incident.detected_at - timedelta(hours=1), reason="log")
    assert duties.running(incident.name, "response.") == [before]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"title": " "}, "needs a title"),
        ({"marking": "purple"}, "not a marking"),
        ({"detected_at": timezone.now() + timedelta(days=1)}, "future"),
        ({"occurred_at": timezone.now() + timedelta(minutes=-1)}, "before it occurred"),
        ({"severity": 1}, "cannot be edited"),
    ],
)
def test_what_makes_no_sense_is_refused(
    incident: Incident, commander: Actor, fields: dict[str, Any], words: str
) -> None:
    if "occurred_at" in fields:
        editing.edit(incident, actor=commander, detected_at=timezone.now() - timedelta(hours=1), reason="r")
    with pytest.raises(Refused, match=words):
        editing.edit(incident, actor=commander, reason="r", **fields)


def test_a_change_of_times_needs_a_reason(incident: Incident, commander: Actor) -> None:
    with pytest.raises(Refused, match="needs a reason"):
        editing.edit(incident, actor=commander, occurred_at=incident.detected_at)
    assert Incident.objects.get().occurred_at is None


def test_a_restricted_incident_keeps_a_code_name(incident: Incident, hikeshi: Actor) -> None:
    secrecy.restrict(incident, actor=hikeshi, reason="r")
    with pytest.raises(Refused, match="needs a code name"):
        editing.edit(incident, actor=hikeshi, code_name="")
    editing.edit(incident, actor=hikeshi, code_name="kawasemi")
    assert Incident.objects.get().code_name == "KAWASEMI"


def test_two_who_edit_the_title_are_told_of_each_other(incident: Incident, on_it: Actor, commander: Actor) -> None:
    seen = incident.version
    editing.edit(incident, actor=on_it, title="mine", version=seen)
    editing.edit(incident, actor=commander, marking="red", version=seen)
    with pytest.raises(Conflict) as conflict:
        editing.edit(incident, actor=commander, title="yours", version=seen)
    assert conflict.value.differences[0].base == "Mining traffic from a web server"


def test_what_says_nothing_new_is_not_written(incident: Incident, on_it: Actor) -> None:
    editing.edit(incident, actor=on_it, title=incident.title)
    assert not Entry.objects.filter(verb="incident.edit").exists()


def test_the_course_of_an_incident(incident: Incident, commander: Actor, on_it: Actor) -> None:
    with pytest.raises(Refused, match="Nobody has taken"):
        editing.set_status(incident, "active", actor=commander, reason="r")
    incidents.acknowledge(incident, actor=on_it)
    for status in ("monitoring", "active", "resolved", "monitoring"):
        editing.set_status(incident, status, actor=commander, reason="seen")
        assert Incident.objects.get().status == status
    for status, words in (("closed", "no status"), ("monitoring", "cannot become"), ("declared", "no status")):
        with pytest.raises(Refused, match=words):
            editing.set_status(incident, status, actor=commander, reason="r")
    with pytest.raises(Refused, match="may not"):
        editing.set_status(incident, "active", actor=on_it, reason="r")
