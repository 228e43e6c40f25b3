"""An incident: declared with clock and roles, changed by verbs, seen only by those who may."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from hikeshi.desk.accounts import verbs as accounts
from hikeshi.desk.accounts.models import Person
from hikeshi.desk.actor import Actor
from hikeshi.desk.duties import verbs as duties
from hikeshi.desk.duties.models import Clock
from hikeshi.desk.incidents import verbs as incidents
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.ledger.models import Entry
from hikeshi.errors import Conflict, Refused

pytestmark = pytest.mark.django_db

MINUTES = {1: 15, 2: 60, 3: 24 * 60, 4: 7 * 24 * 60}


@pytest.mark.parametrize("severity", [1, 2, 3, 4])
def test_declaring_starts_the_response_clock_of_its_severity(hikeshi: Actor, severity: int) -> None:
    incident = incidents.declare("x", severity, actor=hikeshi, reason="r")
    clock = Clock.objects.get(chain__name=incident.name, rule__startswith="response.")
    assert clock.rule == f"response.sev{severity}"
    assert clock.deadline - incident.detected_at == timedelta(minutes=MINUTES[severity])


def test_numbers_are_given_one_after_the_other(hikeshi: Actor) -> None:
    first, second = (incidents.declare("x", 4, actor=hikeshi, reason="r") for _ in range(2))
    year = timezone.now().year
    assert [first.name, second.name] == [f"INC-{year}-001", f"INC-{year}-002"]


def test_roles_are_filled_from_the_contact_list_lowest_level_first(admin: Actor, hikeshi: Actor) -> None:
    accounts.add_contact("second", "incident_commander", actor=admin, level=2)
    accounts.add_contact("first", "incident_commander", actor=admin, level=1)
    incident = incidents.declare("x", 2, actor=hikeshi, reason="r")
    assert [str(role) for role in incident.roles.all()] == ["first"]


def test_whoever_declares_by_hand_has_a_role(off_it: Actor) -> None:
    incident = incidents.declare("x", 3, actor=off_it, reason="r")
    assert incidents.duties_of(off_it, incident) == {"incident_commander"}


def test_acknowledging_stops_the_clock_once(incident: Incident, on_it: Actor) -> None:
    incidents.acknowledge(incident, actor=on_it)
    incidents.acknowledge(incident, actor=on_it)
    assert Clock.objects.get(chain__name=incident.name, rule__startswith="response.").state == "met"
    assert Entry.objects.filter(chain__name=incident.name, verb="incident.acknowledge").count() == 1


def test_acknowledging_late_keeps_the_breach(hikeshi: Actor, commander: Actor) -> None:
    incident = incidents.declare("x", 1, actor=hikeshi, reason="r", detected_at=timezone.now() - timedelta(hours=1))
    incidents.acknowledge(incident, actor=commander)
    clock = Clock.objects.get(chain__name=incident.name, rule__startswith="response.")
    assert clock.state == "met-late"
    assert clock.breached_at == clock.deadline


def test_raising_the_severity_bases_the_clock_anew_and_keeps_the_old_breach(hikeshi: Actor, commander: Actor) -> None:
    long_ago = timezone.now() - timedelta(hours=2)
    incident = incidents.declare("x", 2, actor=hikeshi, reason="r", detected_at=long_ago)
    incidents.change_severity(incident, 1, actor=commander, reason="database read")
    old, new = Clock.objects.filter(chain__name=incident.name, rule__startswith="response.").order_by("pk")
    assert (old.state, old.breached_at) == ("replaced", old.deadline)
    assert new.rule == "response.sev1"
    assert new.started_at > long_ago


def test_lowering_the_severity_counts_from_detection(hikeshi: Actor, commander: Actor) -> None:
    incident = incidents.declare("x", 2, actor=hikeshi, reason="r")
    incidents.change_severity(incident, 3, actor=commander, reason="a test system")
    assert duties.running(incident.name, "response.")[0].started_at == incident.detected_at


def test_a_clock_rings_when_soon_and_when_over(hikeshi: Actor) -> None:
    incident = incidents.declare("x", 2, actor=hikeshi, reason="r", detected_at=timezone.now() - timedelta(hours=2))
    clock = Clock.objects.get(chain__name=incident.name, rule__startswith="response.")
    duties.ring(clock, actor=hikeshi)
    assert (clock.state, clock.due_at) == ("over", None)
    assert Entry.objects.filter(chain__name=incident.name, verb="clock.over").count() == 1


def test_two_writers_are_told_of_each_other(incident: Incident, commander: Actor, on_it: Actor) -> None:
    seen = incident.version
    incidents.summarise(Incident.objects.get(), "mine", actor=on_it, version=seen)
    with pytest.raises(Conflict, match="changed by somebody else") as conflict:
        incidents.summarise(Incident.objects.get(), "yours", actor=commander, version=seen)
    assert "mine" in conflict.value.current
    assert Incident.objects.get().summary == "mine"


def test_a_phase_can_be_entered_again(incident: Incident, commander: Actor) -> None:
    incidents.enter_phase(incident, "containment", actor=commander)
    incidents.leave_phase(incident, "containment", actor=commander)
    incidents.enter_phase(incident, "containment", actor=commander)
    assert incident.phases.get(name="containment").left_at is None


def test_preparation_is_no_phase_of_an_incident(incident: Incident, commander: Actor) -> None:
    with pytest.raises(Refused, match="not a phase"):
        incidents.enter_phase(incident, "preparation", actor=commander)


def test_a_new_commander_relieves_the_old_one(incident: Incident, commander: Actor, responder_person: Person) -> None:
    first = incidents.assign(incident, "incident_commander", actor=commander, person=responder_person)
    incidents.assign(incident, "incident_commander", actor=commander, person=Person.objects.get(username="kondo"))
    first.refresh_from_db()
    assert first.until is not None
    assert incident.roles.filter(duty="incident_commander", until=None).count() == 1


def test_closing_a_serious_one_starts_the_review_clock(incident: Incident, commander: Actor) -> None:
    incidents.close(incident, actor=commander, reason="rebuilt and watched")
    assert [clock.rule for clock in duties.running(incident.name, "")] == ["review.sev2"]
    incidents.reopen(incident, actor=commander, reason="seen again")
    assert Incident.objects.get().status == "active"


class TestWhoMay:
    def test_read(self, incident: Incident, on_it: Actor, off_it: Actor, outsider: Actor, commander: Actor) -> None:
        assert incident in incidents.visible(on_it)
        assert incident in incidents.visible(commander)
        assert incident not in incidents.visible(off_it)
        assert incident not in incidents.visible(outsider)

    def test_write(self, incident: Incident, on_it: Actor, off_it: Actor, outsider: Actor) -> None:
        incidents.note(incident, "seen", actor=on_it)
        for actor in (off_it, outsider):
            with pytest.raises(Refused, match="may not"):
                incidents.note(incident, "seen", actor=actor)

    def test_command(self, incident: Incident, on_it: Actor, commander: Actor) -> None:
        with pytest.raises(Refused, match="may not"):
            incidents.close(incident, actor=on_it, reason="r")
        incidents.close(incident, actor=commander, reason="r")

    def test_a_relieved_person_loses_access(
        self, incident: Incident, on_it: Actor, commander: Actor, responder_person: Person
    ) -> None:
        incidents.assign(incident, "incident_commander", actor=commander, person=responder_person)
        incident.roles.filter(person=responder_person).update(until=timezone.now())
        assert incident not in incidents.visible(on_it)

    def test_an_observer_on_it_only_reads(self, incident: Incident, outsider: Actor, commander: Actor) -> None:
        person = Person.objects.get(username="tanaka")
        incidents.assign(incident, "observer", actor=commander, person=person)
        assert incident in incidents.visible(outsider)
        with pytest.raises(Refused, match="may not"):
            incidents.note(incident, "x", actor=outsider)


def test_everything_is_on_the_incidents_own_chain(incident: Incident, commander: Actor) -> None:
    incidents.note(incident, "x", actor=commander)
    verdict = ledger.verify(incident.name)
    assert verdict.ok
    assert verdict.count == Entry.objects.filter(chain__name=incident.name).count()
