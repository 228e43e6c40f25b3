"""The roles a severity needs and nobody holds are given in one go; or not at all, where somebody wants to choose."""

from __future__ import annotations

import pytest
from django.utils import timezone

from hikeshi.desk.actor import Actor
from hikeshi.desk.incidents import filling, verbs
from hikeshi.desk.incidents.models import Incident
from hikeshi.errors import Refused
from notice_people import contact

pytestmark = pytest.mark.django_db


def held(incident: Incident) -> set[tuple[str, str]]:
    return {(role.duty, str(role)) for role in incident.roles.filter(until__isnull=True)}


def test_who_wants_to_choose_gets_one_role_and_the_rest_is_proposed(off_it: Actor, commander: Actor) -> None:
    contact("kondo")
    contact("mori", duty="technical_lead")
    incident = verbs.declare("Mining", 2, actor=off_it, reason="test", fill=False)
    assert {duty for duty, _who in held(incident)} == {"incident_commander"}
    found = filling.missing(incident, timezone.now())
    assert [(one.duty, str(one.contact)) for one in found] == [
        ("technical_lead", "mori"), ("communications_lead", "None"), ("responder", "None"),
    ]  # fmt: skip
    assert [role.duty for role in filling.fill(incident, actor=commander)] == ["technical_lead"]
    with pytest.raises(Refused, match="no role"):
        filling.fill(incident, actor=commander)


def test_a_raised_severity_asks_for_those_who_are_not_on_it_yet(hikeshi: Actor, commander: Actor) -> None:
    contact("kondo")
    for name in ("sato", "ota"):
        contact(name, duty="responder")
    incident = verbs.declare("Mining", 3, actor=hikeshi, reason="test")
    verbs.change_severity(incident, 1, actor=commander, reason="It spreads.")
    incident.refresh_from_db()
    filling.fill(incident, actor=commander)
    assert {("responder", "sato"), ("responder", "ota")} <= held(incident)


def test_only_who_commands_gives_roles(hikeshi: Actor, off_it: Actor, outsider: Actor) -> None:
    incident = verbs.declare("Mining", 3, actor=hikeshi, reason="test")
    for who in (off_it, outsider):
        with pytest.raises(Refused):
            filling.fill(incident, actor=who)
