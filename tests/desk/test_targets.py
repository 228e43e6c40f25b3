"""Targets beside the law: containment, next update, review; based anew with the severity, breaches kept."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from hikeshi.desk.actor import Actor
from hikeshi.desk.duties import verbs as duties
from hikeshi.desk.duties.models import Clock
from hikeshi.desk.incidents import containment, impacts, models, updates, verbs as incidents
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.incidents.severities import LEVELS, SCALES
from hikeshi.errors import Conflict, Refused

pytestmark = pytest.mark.django_db


def clock(incident: Incident, family: str) -> Clock:
    (found,) = duties.running(incident.name, family)
    return found


def test_containment_counts_from_declaration_and_ends_when_verified(incident: Incident, hikeshi: Actor) -> None:
    running = clock(incident, "containment.")
    assert (running.started_at, running.deadline - running.started_at) == (incident.declared_at, timedelta(hours=8))
    incidents.contained(incident, actor=hikeshi)
    running.refresh_from_db()
    assert running.state == "met"


def test_people_can_state_containment_once_with_a_reason(incident: Incident, commander: Actor, on_it: Actor) -> None:
    with pytest.raises(Refused, match="may not"):
        containment.state_contained(incident, actor=on_it, reason="the account is off")
    with pytest.raises(Refused, match="needs a reason"):
        containment.state_contained(incident, actor=commander, reason="")
    containment.state_contained(incident, actor=commander, reason="the account is off")
    assert duties.running(incident.name, "containment.") == []
    with pytest.raises(Refused, match="already"):
        containment.state_contained(incident, actor=commander, reason="again")


def test_an_update_restarts_its_clock_and_is_numbered(incident: Incident, on_it: Actor) -> None:
    first = clock(incident, "update.")
    assert updates.send(incident, "Key is off", actor=on_it, audience="management, legal") == 1
    assert updates.send(incident, "Counting", actor=on_it, audience="management") == 2
    first.refresh_from_db()
    assert first.state == "met"
    assert clock(incident, "update.").started_at > first.started_at
    assert [(one["number"], one["audience"]) for one in updates.sent(incident)] == [
        (2, "management"),
        (1, "management, legal"),
    ]


def test_a_rhythm_of_its_own_counts_from_the_last_update(incident: Incident, commander: Actor) -> None:
    updates.set_rhythm(incident, 20, actor=commander, reason="customers ask", version=incident.version)
    running = clock(incident, "update.")
    assert running.deadline - incident.declared_at == timedelta(minutes=20)
    updates.send(incident, "x", actor=commander, audience="y")
    assert clock(incident, "update.").deadline - clock(incident, "update.").started_at == timedelta(minutes=20)
    updates.set_rhythm(incident, None, actor=commander, reason="calm again")
    assert clock(incident, "update.").deadline - clock(incident, "update.").started_at == timedelta(hours=1)


@pytest.mark.parametrize(
    ("minutes", "reason", "match"), [(4, "r", "range"), (99999, "r", "range"), (20, " ", "reason")]
)
def test_a_rhythm_out_of_range_or_without_reason_is_refused(
    incident: Incident, commander: Actor, minutes: int, reason: str, match: str
) -> None:
    with pytest.raises(Refused, match=match):
        updates.set_rhythm(incident, minutes, actor=commander, reason=reason)


def test_raising_bases_every_target_anew_and_keeps_breaches(incident: Incident, commander: Actor) -> None:
    long_ago = timezone.now() - timedelta(hours=10)
    Clock.objects.filter(chain__name=incident.name).update(started_at=long_ago, deadline=long_ago + timedelta(hours=1))
    incidents.change_severity(incident, 1, actor=commander, reason="data is leaving")
    for family in ("response.", "containment.", "update."):
        old = Clock.objects.get(chain__name=incident.name, rule=f"{family}sev2")
        assert (old.state, old.breached_at) == ("replaced", old.deadline)
        assert clock(incident, family).rule == f"{family}sev1"
        assert clock(incident, family).started_at > timezone.now() - timedelta(minutes=1)


def test_lowering_counts_from_where_it_always_did(incident: Incident, commander: Actor) -> None:
    last = clock(incident, "update.").started_at
    incidents.change_severity(incident, 3, actor=commander, reason="one test host")
    assert clock(incident, "containment.").started_at == incident.declared_at
    assert clock(incident, "update.").started_at == last


def test_closing_claims_nothing_that_was_not_done(incident: Incident, commander: Actor) -> None:
    incidents.close(incident, actor=commander, reason="over")
    states = dict(Clock.objects.filter(chain__name=incident.name).values_list("rule", "state"))
    assert states["containment.sev2"] == states["update.sev2"] == "replaced"
    assert clock(incident, "review.").rule == "review.sev2"
    with pytest.raises(Refused, match="closed"):
        updates.send(incident, "x", actor=commander, audience="y")


def test_the_review_falls_due_anew_with_the_severity_of_a_closed_one(incident: Incident, commander: Actor) -> None:
    incidents.close(incident, actor=commander, reason="over")
    incidents.change_severity(incident, 3, actor=commander, reason="less than thought")
    assert duties.running(incident.name, "review.") == []
    incidents.change_severity(incident, 1, actor=commander, reason="more than thought")
    incident.refresh_from_db()
    assert clock(incident, "review.").started_at == incident.closed_at


def test_reopening_waits_for_news_again(incident: Incident, commander: Actor) -> None:
    incidents.close(incident, actor=commander, reason="over")
    incidents.reopen(incident, actor=commander, reason="seen again")
    assert {one.rule for one in duties.running(incident.name, "")} == {"update.sev2", "containment.sev2"}


def test_the_matrix_has_every_level_in_both_languages() -> None:
    assert [one.severity for one in LEVELS] == [1, 2, 3, 4]
    assert [one.seconds("response") for one in LEVELS] == [900, 3600, 86400, 604800]
    for one in LEVELS:
        assert len(one.examples) >= 3
        assert all(one.usual_impact[field] in steps for field, steps in SCALES.items())
    assert "Ransomware" in LEVELS[0].examples[0].en


def test_the_scales_are_those_of_the_incident() -> None:
    choices = (models.FUNCTIONAL_IMPACTS, models.INFORMATION_IMPACTS, models.RECOVERABILITIES)
    assert [list(steps) for steps in SCALES.values()] == [[key for key, _ in one] for one in choices]


def test_the_impact_is_judged_by_people_and_never_filled_in(incident: Incident, on_it: Actor, commander: Actor) -> None:
    assert len(impacts.missing(incident)) == 3
    seen = incident.version
    given: dict[str, Any] = {"functional_impact": "low", "information_impact": "privacy", "recoverability": "extended"}
    impacts.judge(incident, actor=on_it, **given)
    assert impacts.missing(incident) == []
    with pytest.raises(Conflict):
        impacts.judge(incident, actor=commander, **{**given, "functional_impact": "high"}, version=seen)
    with pytest.raises(Refused, match="no step"):
        impacts.judge(incident, actor=on_it, **{**given, "recoverability": "soon"})
