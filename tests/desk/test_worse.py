"""What becomes worse after somebody has decided on it is before people again; the asset register weighs what waits."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from desk.triage import arrive, group_of
from hikeshi.desk.actor import Actor
from hikeshi.desk.alerts import judging, reweighing, snoozing, suppressing, verbs as alerts
from hikeshi.desk.alerts.models import Alert, Group
from hikeshi.desk.assets import verbs as assets
from hikeshi.desk.incidents import taking
from hikeshi.desk.ledger.models import Entry
from hikeshi.desk.notices import escalating
from hikeshi.desk.notices.models import Escalation, Notice
from hikeshi.doors.worker import Worker
from notice_people import contact
from tests_findings import finding

pytestmark = pytest.mark.django_db


def update(hikeshi: Actor, *, severity: float = 5, instance: str = "i-0abc", minute: int = 6) -> Alert:
    """The finding of `group_of`, seen again."""
    payload = finding(
        id="i-0abc-1", severity=severity,
        resource={"resourceType": "Instance", "instanceDetails": {"instanceId": instance}},
        service={
            "count": 2, "resourceRole": "ACTOR", "eventFirstSeen": "2026-11-06T18:00:00Z", "eventLastSeen": f"2026-11-06T18:{minute:02}:00Z",
            "action": {"actionType": "NETWORK_CONNECTION", "networkConnectionAction": {"remoteIpDetails": {"ipAddressV4": "203.0.113.66"}}},
        },
    )  # fmt: skip
    return alerts.receive(payload, actor=hikeshi, source="sqs").alerts.get()


def judged(hikeshi: Actor, person: Actor, severity: float = 5) -> Group:
    row = group_of(hikeshi, severity=severity)
    [row] = judging.judge([row], actor=person, verdict="false", why="rule_wrong", reason="A backup runs at six.")
    return row


def test_a_judged_group_that_becomes_graver_waits_again_with_what_was_said(hikeshi: Actor, off_it: Actor) -> None:
    row = judged(hikeshi, off_it)
    alert = update(hikeshi, severity=9)
    row.refresh_from_db()
    assert (row.state, row.verdict, row.score, alert.verdict) == ("waiting", "", 9, "")
    assert row.reopened["said"] == "A backup runs at six."
    assert row.answer_by > timezone.now()
    assert Entry.objects.get(verb="group.worse").actor == "Hikeshi"
    judging.judge([row], actor=off_it, verdict="true", why="confirmed_compromise", reason="It is real.")
    row.refresh_from_db()
    assert row.reopened == {}


def test_more_of_the_same_leaves_the_verdict(hikeshi: Actor, off_it: Actor) -> None:
    row = judged(hikeshi, off_it)
    update(hikeshi)
    row.refresh_from_db()
    assert (row.state, row.times_seen) == ("judged", 2)


def test_an_update_that_names_another_instance_brings_it_back(hikeshi: Actor, off_it: Actor) -> None:
    row = judged(hikeshi, off_it)
    update(hikeshi, instance="i-0fff")
    row.refresh_from_db()
    assert (row.state, row.reopened["new"]) == ("waiting", "i-0fff")
    assert row.observables.filter(kind="instance", value="i-0fff").exists()


def test_who_is_on_call_is_told_and_it_can_be_late_a_second_time(hikeshi: Actor, off_it: Actor) -> None:
    contact("kondo", duty="responder")
    row = group_of(hikeshi, severity=8)
    Group.objects.update(suggested_severity=2, answer_by=timezone.now())
    escalating.look_at_groups(actor=hikeshi)
    judging.judge([row], actor=off_it, verdict="false", why="rule_wrong", reason="A backup.")
    update(hikeshi, severity=9)
    Worker().drain()
    assert Notice.objects.filter(template="group_again").exists()
    Group.objects.update(answer_by=timezone.now())
    assert escalating.look_at_groups(actor=hikeshi) == 1
    assert escalating.look_at_groups(actor=hikeshi) == 0
    assert Escalation.objects.filter(group=row).count() == 2


def test_an_incident_that_has_the_group_is_told(hikeshi: Actor, off_it: Actor) -> None:
    row = group_of(hikeshi, severity=5)
    incident = taking.declare_from([row], actor=off_it, why="confirmed_compromise", reason="It is real.", severity=3)
    update(hikeshi, severity=9)
    row.refresh_from_db()
    assert (row.state, row.score) == ("taken", 9)
    assert Entry.objects.filter(verb="alert.worse", chain__name=incident.name).count() == 1


def test_a_group_merged_into_a_judged_one_brings_that_back(hikeshi: Actor, off_it: Actor) -> None:
    from hikeshi.desk.alerts import folding

    one, other = group_of(hikeshi, severity=5), Group.objects.get(pk=arrive(hikeshi, cause="i-0def").group_id)
    top = folding.merge([one, other], actor=off_it, reason="One cause.")
    judging.judge([top], actor=off_it, verdict="false", why="rule_wrong", reason="A backup.")
    update(hikeshi, severity=9)
    top.refresh_from_db()
    assert (top.state, bool(top.reopened)) == ("waiting", True)


def test_a_group_merged_into_one_of_an_incident_tells_that(hikeshi: Actor, off_it: Actor) -> None:
    from hikeshi.desk.alerts import folding

    first = Group.objects.get(pk=arrive(hikeshi, cause="i-0def", severity=8).group_id)
    merged = group_of(hikeshi, severity=5)
    assert folding.merge([first, merged], actor=off_it, reason="One cause.") == first
    incident = taking.declare_from([first], actor=off_it, why="confirmed_compromise", reason="It is real.", severity=3)
    contact("kondo")
    update(hikeshi, severity=9)
    Worker().drain()
    first.refresh_from_db()
    merged.refresh_from_db()
    assert (first.state, first.score, merged.state) == ("taken", 9, "merged")
    entry = Entry.objects.get(verb="alert.worse", chain__name=incident.name)
    assert entry.object == str(first)
    assert Notice.objects.filter(incident=incident, template="update", body__contains=str(first)).exists()


def test_a_suppression_does_not_hide_what_becomes_sev_1(hikeshi: Actor, off_it: Actor) -> None:
    row = group_of(hikeshi, severity=5)
    made = suppressing.suppress(
        {"kind": row.kind}, actor=off_it, reason="Known.", expires_at=timezone.now() + timedelta(days=1)
    )  # fmt: skip
    Group.objects.update(state="suppressed", suppression=made)
    assets.add("i-0abc", actor=off_it, criticality=1, environment="production", data=["personal"])
    update(hikeshi, severity=9.5)
    row.refresh_from_db()
    assert (row.suggested_severity, row.state) == (1, "waiting")
    assert Entry.objects.filter(verb="group.unhide").exists()


def test_groups_that_wait_are_weighed_again_when_the_register_changes(hikeshi: Actor, off_it: Actor) -> None:
    row = group_of(hikeshi, severity=5)
    before = row.suggested_severity or 0
    snoozing.snooze([row], actor=off_it, until=timezone.now() + timedelta(hours=1), reason="Later.")
    assert reweighing.look(actor=hikeshi) == 0
    assets.add("i-0abc", actor=off_it, criticality=1, environment="production", data=["personal"])
    assert reweighing.look(actor=hikeshi) == 1
    row.refresh_from_db()
    assert row.suggested_severity is not None
    assert row.suggested_severity < before
    assert row.state == "waiting"  # what is graver is not slept over
    assert reweighing.look(actor=hikeshi) == 0
    assets.add("i-0other", actor=off_it, criticality=1)
    version = row.version
    assert reweighing.look(actor=hikeshi) == 1  # looked at, and nothing written where nothing differs
    row.refresh_from_db()
    assert row.version == version
