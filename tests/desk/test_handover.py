"""Handing a role over: proposed, and only accepted it moves; the one before stays accountable until then."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from hikeshi.desk.accounts.models import Person
from hikeshi.desk.accounts.verbs import actor_of
from hikeshi.desk.actor import Actor
from hikeshi.desk.duties import facts
from hikeshi.desk.incidents import handover, verbs as incidents
from hikeshi.desk.incidents.models import Decision, Handover, Incident, Task
from hikeshi.desk.ledger.models import Entry
from hikeshi.errors import Conflict, Refused

pytestmark = pytest.mark.django_db

IC = "incident_commander"


def _person(name: str, role: str = "responder") -> Person:
    made: Person = Person.objects.create_user(username=name, role=role)
    return made


@pytest.fixture
def old(incident: Incident, commander: Actor) -> Person:
    """Holds command of `incident`."""
    who = _person("mori")
    incidents.assign(incident, IC, actor=commander, person=who)
    return who


@pytest.fixture
def new(db: None) -> Person:
    return _person("ito")


def act(person: Person) -> Actor:
    return actor_of(person, "console")


@pytest.fixture
def offer(incident: Incident, old: Person, new: Person) -> Handover:
    return handover.propose(incident, IC, new, actor=act(old), words="One owner answers by phone only.")


def commanders(incident: Incident) -> list[str]:
    return [str(role) for role in incident.roles.filter(duty=IC, until__isnull=True)]


def test_the_old_one_is_accountable_until_the_new_one_accepts(incident: Incident, offer: Handover, new: Person) -> None:
    assert commanders(incident) == ["mori"]
    handover.accept(offer, actor=act(new), say_back="Send the update now.")
    assert commanders(incident) == ["ito"]
    offer.refresh_from_db()
    assert (offer.state, offer.say_back) == ("accepted", "Send the update now.")
    said = list(
        Entry.objects.filter(chain__name=incident.name, verb__startswith="role.").values_list("verb", flat=True)
    )
    assert said[-3:] == ["role.propose", "role.assign", "role.accept"]
    with pytest.raises(Conflict):
        handover.accept(offer, actor=act(new), say_back="again")


def test_accepting_needs_a_say_back_and_is_the_receivers_alone(
    offer: Handover, old: Person, new: Person, admin: Actor
) -> None:
    for who in (act(old), admin):
        with pytest.raises(Refused):
            handover.accept(offer, actor=who, say_back="x")
        with pytest.raises(Refused):
            handover.decline(offer, actor=who, reason="x")
    with pytest.raises(Refused):
        handover.accept(offer, actor=act(new), say_back=" ")
    assert commanders(offer.incident) == ["mori"]


def test_declined_or_withdrawn_nothing_moves(incident: Incident, offer: Handover, old: Person, new: Person) -> None:
    with pytest.raises(Refused):
        handover.decline(offer, actor=act(new), reason="")
    handover.decline(offer, actor=act(new), reason="on another incident")
    again = handover.propose(incident, IC, new, actor=act(old))
    with pytest.raises(Refused):
        handover.withdraw(again, actor=act(new), reason="x")
    handover.withdraw(again, actor=act(old), reason="stays with me")
    assert commanders(incident) == ["mori"]
    assert [row.state for row in incident.handovers.all()] == ["declined", "withdrawn"]


def test_silence_moves_nothing_and_is_shown(offer: Handover, new: Person, off_it: Actor) -> None:
    now = timezone.now()
    assert not handover.late(offer, now)
    assert handover.late(offer, now + timedelta(minutes=9))
    assert list(handover.concerning(act(new))) == [offer]
    assert list(handover.concerning(off_it)) == []


def test_a_role_that_went_elsewhere_meanwhile_is_not_taken_away(
    incident: Incident, offer: Handover, new: Person, commander: Actor
) -> None:
    incidents.assign(incident, IC, actor=commander, person=_person("ueda"))
    with pytest.raises(Conflict):
        handover.accept(offer, actor=act(new), say_back="x")
    assert commanders(incident) == ["ueda"]


def test_one_proposal_at_a_time_to_somebody_who_can(
    incident: Incident, offer: Handover, old: Person, new: Person
) -> None:
    for duty, who in ((IC, new), ("scribe", _person("kato", "observer")), ("cook", new)):
        with pytest.raises(Refused):
            handover.propose(incident, duty, who, actor=act(old))
    with pytest.raises(Refused):
        handover.propose(incident, "scribe", new, actor=act(new))


def test_the_brief_says_what_the_record_holds_and_is_frozen(incident: Incident, old: Person, new: Person) -> None:
    now = timezone.now()
    incidents.summarise(incident, "By six: no rule sends mail outside.", actor=act(old))
    Decision.objects.create(incident=incident, question="Reset 41 accounts?", asked_by="x", asked_at=now, decide_by=now)
    Task.objects.create(incident=incident, title="Name a scribe", made_by="x", made_at=now, owner=old)
    facts.say(incident.name, "personal_data", "yes", actor=act(old))
    row = handover.propose(incident, IC, new, actor=act(old))
    incidents.summarise(incident, "later", actor=act(old))
    row.refresh_from_db()
    parts = {part["key"]: part["lines"] for part in row.brief["parts"]}
    assert list(parts) == ["objective", "first", "known", "promised", "people"]
    assert parts["objective"] == [
        {"en": "By six: no rule sends mail outside.", "ja": "By six: no rule sends mail outside."}
    ]
    first = " ".join(line["ja"] for line in parts["first"])
    assert "Reset 41 accounts?" in first
    assert "Name a scribe" in first
    assert "期限" in first
    assert {
        "en": "Personal data is involved, or may be: Yes",
        "ja": "個人データが関係する(おそれを含む): はい",
    } in parts["known"]
    assert any("mori" in line["en"] for line in parts["people"])
