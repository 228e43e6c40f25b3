"""Whom an incident is proposed at declaration, and the warnings about those who are on it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from hikeshi.desk.accounts import verbs as accounts
from hikeshi.desk.accounts.models import Person
from hikeshi.desk.actor import Actor
from hikeshi.desk.incidents import secrecy, staffing, verbs as incidents
from hikeshi.desk.incidents.models import DUTIES, Incident, Role
from hikeshi.desk.incidents.staffing import NEEDED, WARNINGS, Held, Situation
from hikeshi.desk.ledger.models import Entry
from hikeshi.desk.ledger.phrases import sentence
from hikeshi.desk.oncall import verbs as oncall

NOW = datetime(2026, 11, 7, 12, tzinfo=UTC)


def held(duty: str, who: str, hours: float = 1) -> Held:
    return Held(duty, who, who, NOW - timedelta(hours=hours))


TEAM = [held("incident_commander", "a"), held("technical_lead", "b"), held("responder", "c"), held("scribe", "d")]


def keys(severity: int, roles: list[Held], **more: object) -> set[str]:
    return {one.key for one in staffing.warn(Situation(severity, roles, NOW, **more))}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("key", "severity", "roles", "more"),
    [
        ("no_commander", 4, [held("responder", "c")], {}),
        ("several_commanders", 3, [*TEAM, held("incident_commander", "x")], {}),
        ("commander_is_technical_lead", 2, [*TEAM, held("technical_lead", "a")], {}),
        ("commander_hands_on", 1, TEAM, {"hands_on": {"a"}}),
        ("commander_elsewhere", 2, TEAM, {"elsewhere": {"a": "INC-2026-002"}}),
        ("few_people", 2, TEAM[:2], {}),
        ("span_too_wide", 3, [*TEAM, *(held("responder", f"r{n}") for n in range(5))], {}),
        ("long_on_duty", 3, [*TEAM, held("responder", "tired", 12.1)], {}),
        ("no_scribe", 1, TEAM[:3], {}),
    ],
)
def test_each_warning_has_its_situation(key: str, severity: int, roles: list[Held], more: dict[str, object]) -> None:
    assert keys(severity, roles, **more) == {key}


def test_a_sound_team_is_not_warned_of() -> None:
    assert keys(1, TEAM) == set()
    assert (
        keys(
            3, [held("incident_commander", "a", 12), held("technical_lead", "a")], hands_on={"a"}, elsewhere={"a": "x"}
        )
        == set()
    )


def test_those_who_look_on_are_not_the_team() -> None:
    looking = [held("observer", f"o{n}", 40) for n in range(9)]
    assert keys(1, TEAM + looking) == set()
    assert "few_people" in keys(2, TEAM[:1] + looking)


def test_the_tables_name_roles_there_are() -> None:
    assert {duty for duties in NEEDED.values() for duty in duties} <= set(dict(DUTIES))
    assert all(duties[0] == "incident_commander" for duties in NEEDED.values())
    assert list(WARNINGS) == sorted(WARNINGS)


@pytest.mark.django_db
def test_those_on_call_are_proposed_before_the_list_and_it_is_said_why(admin: Actor, hikeshi: Actor) -> None:
    accounts.add_contact("First on the list", "incident_commander", actor=admin, level=1)
    second = accounts.add_contact("On call", "incident_commander", actor=admin, level=2)
    accounts.add_contact("Lead", "technical_lead", actor=admin)
    part = oncall.PartSpec([second], "UTC", date(2026, 1, 1), time(0))
    oncall.make("Commanders", "incident_commander", [part], actor=admin)
    incident = incidents.declare("x", 2, actor=hikeshi, reason="r")
    assert [str(role) for role in incident.roles.all()] == ["On call", "Lead"]
    entry = Entry.objects.filter(chain__name=incident.name, verb="role.assign").first()
    assert entry is not None
    assert sentence(entry, "en") == "On call is now incident commander (on call (Commanders))"
    empty = [one.duty for one in staffing.proposal(1, timezone.now()) if one.contact is None]
    assert empty == ["deputy_commander", "communications_lead", "responder", "responder", "scribe"]


@pytest.mark.django_db
def test_two_responders_are_two_people_and_the_commander_is_not_the_technical_lead(admin: Actor) -> None:
    for name, duty in (("A", "incident_commander"), ("A", "technical_lead"), ("C", "responder"), ("D", "responder")):
        accounts.add_contact(name, duty, actor=admin)
    assert _proposed() == ["A", "A", "C", "D"]  # nobody else is there: it is warned of instead
    accounts.add_contact("B", "technical_lead", actor=admin, level=9)
    assert _proposed() == ["A", "B", "C", "D"]


def _proposed() -> list[str]:
    return [str(one.contact) for one in staffing.proposal(1, timezone.now()) if one.contact]


@pytest.mark.django_db
def test_the_database_itself_keeps_to_one_commander(incident: Incident, commander: Actor) -> None:
    one, two = (Person.objects.create_user(username=name, role="responder") for name in ("mori", "ito"))
    incidents.assign(incident, "incident_commander", actor=commander, person=one)
    incidents.assign(incident, "incident_commander", actor=commander, person=two)
    assert [str(role) for role in incident.roles.filter(duty="incident_commander", until=None)] == ["ito"]
    with pytest.raises(IntegrityError), transaction.atomic():
        Role.objects.create(incident=incident, duty="incident_commander", person=one, since=timezone.now())


@pytest.mark.django_db
def test_a_commander_of_two_is_seen_in_both(incident: Incident, commander: Actor, hikeshi: Actor) -> None:
    other = incidents.declare("second", 1, actor=hikeshi, reason="r")
    who = Person.objects.create_user(username="mori", role="responder")
    for one in (incident, other):
        incidents.assign(one, "incident_commander", actor=commander, person=who)
    seen = [text.en for key, text in staffing.warnings(incident, timezone.now()) if key == "commander_elsewhere"]
    assert seen == [f"mori commands {other.name} too"]
    secrecy.restrict(other, actor=commander, reason="an insider")
    assert "commander_elsewhere" not in {one.key for one in staffing.warnings(incident, timezone.now())}
    assert "commander_elsewhere" in {one.key for one in staffing.warnings(other, timezone.now())}
    incidents.close(other, actor=commander, reason="over")
    assert "commander_elsewhere" not in {one.key for one in staffing.warnings(incident, timezone.now())}
    assert staffing.warnings(other, timezone.now()) == []
