"""Support roles are called in by what is known, once, and never somebody who must not know."""

from __future__ import annotations

from datetime import date, time

import pytest
from django.utils import timezone

from hikeshi.clocks.facts import FACTS
from hikeshi.desk.accounts import verbs as accounts
from hikeshi.desk.accounts.models import Contact
from hikeshi.desk.actor import Actor
from hikeshi.desk.incidents import obligations, secrecy, staffing, verbs as incidents
from hikeshi.desk.incidents.calls import CALLS
from hikeshi.desk.incidents.models import DUTIES, Incident
from hikeshi.desk.ledger.models import Entry
from hikeshi.desk.ledger.phrases import sentence
from hikeshi.desk.notices import reading
from hikeshi.desk.notices.models import Notice
from hikeshi.desk.oncall import verbs as oncall
from hikeshi.errors import Refused

pytestmark = pytest.mark.django_db


def listed(admin: Actor, name: str, duty: str = "legal_support", level: int = 1) -> Contact:
    return accounts.add_contact(name, duty, actor=admin, level=level)


def called(incident: Incident) -> list[tuple[str, str, str]]:
    rows = incident.roles.filter(until__isnull=True).exclude(called_for="")
    return [(str(role), role.duty, role.called_for) for role in rows]


def warned(incident: Incident) -> dict[str, str]:
    incident.refresh_from_db()
    return {one.key: one.text.en for one in staffing.warnings(incident, timezone.now())}


def test_the_table_names_facts_and_roles_there_are() -> None:
    assert list(CALLS) == sorted(CALLS)
    assert set(CALLS) <= set(FACTS)
    assert {call.duty for call in CALLS.values()} <= set(dict(DUTIES))


@pytest.mark.parametrize(
    ("fact", "answer", "duty"),
    [
        ("personal_data", "yes", "legal_support"),
        ("personal_data", "unknown", "legal_support"),
        ("insider", "yes", "hr_support"),
        ("public", "yes", "pr_support"),
    ],
)
def test_a_fact_calls_its_role_in(
    incident: Incident, on_it: Actor, admin: Actor, fact: str, answer: str, duty: str
) -> None:
    listed(admin, "Second", duty, level=2)
    listed(admin, "First", duty)
    obligations.say_fact(incident, fact, answer, actor=on_it)
    assert called(incident) == [("First", duty, fact)]


@pytest.mark.parametrize(
    ("fact", "answer"), [("personal_data", "no"), ("insider", "unknown"), ("public", "no"), ("card_data", "yes")]
)
def test_other_answers_and_facts_call_nobody(
    incident: Incident, on_it: Actor, admin: Actor, fact: str, answer: str
) -> None:
    for call in CALLS.values():
        listed(admin, f"Of {call.duty}", call.duty)
    obligations.say_fact(incident, fact, answer, actor=on_it)
    assert called(incident) == []


def test_the_ledger_says_why_in_both_languages(incident: Incident, on_it: Actor, admin: Actor) -> None:
    listed(admin, "On the list")
    part = oncall.PartSpec([listed(admin, "Mori", level=2)], "UTC", date(2026, 1, 1), time(0))
    oncall.make("Lawyers", "legal_support", [part], actor=admin)
    obligations.say_fact(incident, "personal_data", "yes", actor=on_it)
    entry = Entry.objects.get(verb="role.call_in")
    assert (
        sentence(entry, "en")
        == "Mori is called in as legal support (personal data is involved, or may be; on call (Lawyers))"
    )
    assert sentence(entry, "ja") == "Mori を 法務 として招集 (個人データが関係(おそれを含む)、当番(Lawyers))"


def test_a_role_is_filled_once(incident: Incident, on_it: Actor, admin: Actor, commander: Actor) -> None:
    listed(admin, "Mori")
    for answer in ("unknown", "yes", "yes"):
        obligations.say_fact(incident, "personal_data", answer, actor=on_it)
    assert len(called(incident)) == 1
    incidents.assign(incident, "pr_support", actor=commander, contact=listed(admin, "Press", "pr_support"))
    obligations.say_fact(incident, "public", "yes", actor=on_it)
    assert len(called(incident)) == 1


def test_who_may_not_say_it_calls_nobody(incident: Incident, off_it: Actor, outsider: Actor, admin: Actor) -> None:
    listed(admin, "Mori")
    for actor in (off_it, outsider):
        with pytest.raises(Refused, match="may not"):
            obligations.say_fact(incident, "personal_data", "yes", actor=actor)
    assert called(incident) == []


def test_where_nobody_is_found_it_is_warned_of_until_somebody_holds_it(
    incident: Incident, on_it: Actor, commander: Actor, admin: Actor
) -> None:
    assert "not_called_in" not in warned(incident)
    obligations.say_fact(incident, "personal_data", "yes", actor=on_it)
    assert warned(incident)["not_called_in"].startswith("Legal is needed and nobody holds it")
    incidents.assign(incident, "legal_support", actor=commander, contact=listed(admin, "Mori"))
    assert "not_called_in" not in warned(incident)


def test_quiet_mode_is_proposed_and_never_switched_on(incident: Incident, on_it: Actor, commander: Actor) -> None:
    obligations.say_fact(incident, "insider", "yes", actor=on_it)
    assert "consider quiet mode" in warned(incident)["quiet_mode"]
    assert not incident.quiet
    secrecy.keep_quiet(incident, actor=commander, unaware="Somebody")
    assert "quiet_mode" not in warned(incident)


def test_who_must_not_know_is_passed_over(incident: Incident, on_it: Actor, commander: Actor, admin: Actor) -> None:
    listed(admin, "The insider", "hr_support")
    stale = Incident.objects.get(pk=incident.pk)
    secrecy.keep_quiet(incident, actor=commander, unaware="the insider")
    obligations.say_fact(stale, "insider", "yes", actor=on_it)
    assert called(incident) == []
    assert "not_called_in" in warned(incident)
    listed(admin, "Nagakura", "hr_support", level=2)
    obligations.say_fact(incident, "insider", "yes", actor=on_it)
    incident.refresh_from_db()
    assert [name for name, _duty, _fact in called(incident)] == ["Nagakura"]
    assert incident.restricted


def test_what_the_house_says_calls_in_to_open_incidents_and_to_those_declared_later(
    incident: Incident, on_it: Actor, commander: Actor, admin: Actor, hikeshi: Actor
) -> None:
    listed(admin, "Mori")
    closed, known = (incidents.declare(title, 3, actor=hikeshi, reason="r") for title in ("over", "only test data"))
    incidents.close(closed, actor=commander, reason="over")
    obligations.say_fact(known, "personal_data", "no", actor=commander)
    obligations.say_house_fact("personal_data", "unknown", actor=commander)
    assert called(incident) == []
    obligations.say_house_fact("personal_data", "yes", actor=commander)
    later = incidents.declare("later", 3, actor=hikeshi, reason="r")
    assert [len(called(one)) for one in (incident, later, closed, known)] == [1, 1, 0, 0]


def test_who_is_called_in_is_told(incident: Incident, on_it: Actor, admin: Actor, hikeshi: Actor) -> None:
    mori = listed(admin, "Mori")
    obligations.say_fact(incident, "personal_data", "yes", actor=on_it)
    reading.look(actor=hikeshi)
    notice = Notice.objects.get(contact=mori, template="role")
    assert notice.incident == incident
    assert "called in as legal" in notice.body
