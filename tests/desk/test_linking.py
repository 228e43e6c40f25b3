"""Incidents are linked and merged without anything being lost: chains stay, deadlines of the law stay, and it can be undone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from hikeshi.desk.accounts.models import Person
from hikeshi.desk.actor import Actor
from hikeshi.desk.duties import verbs as duties
from hikeshi.desk.duties.models import Clock
from hikeshi.desk.evidence import verbs as evidence
from hikeshi.desk.incidents import linking, obligations, secrecy, verbs as incidents
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.ledger.models import Chain
from hikeshi.desk.ledger.phrases import told
from hikeshi.errors import Refused

GDPR = "eu-gdpr-33-authority"


@pytest.fixture
def other(hikeshi: Actor) -> Incident:
    return incidents.declare("The same miner elsewhere", 2, actor=hikeshi, reason="r")


class TestLinks:
    def test_both_ends_show_it_to_who_may_read_both(
        self, incident: Incident, other: Incident, commander: Actor, on_it: Actor
    ) -> None:
        linking.link(incident, other, "same_actor", actor=commander, reason="same pool")
        assert linking.links_of(commander, other).get().incident == incident
        assert not linking.links_of(on_it, incident).exists()
        with pytest.raises(Refused, match="already"):
            linking.link(incident, other, "same_actor", actor=commander)
        linking.unlink(other, incident, "same_actor", actor=commander, reason="another pool")
        assert not linking.links_of(commander, incident).exists()

    def test_a_restricted_one_is_named_in_nobody_else_s_record(
        self, incident: Incident, other: Incident, hikeshi: Actor, commander: Actor
    ) -> None:
        secrecy.restrict(other, actor=hikeshi, reason="r")
        with pytest.raises(Refused, match="may not"):
            linking.link(incident, other, "related", actor=commander)
        with pytest.raises(Refused, match="would name"):
            linking.link(incident, other, "related", actor=hikeshi)
        linking.link(other, incident, "related", actor=hikeshi)
        assert not linking.links_of(commander, incident).exists()

    def test_who_is_not_on_it_may_not(self, incident: Incident, other: Incident, off_it: Actor, on_it: Actor) -> None:
        for actor in (off_it, on_it):
            with pytest.raises(Refused, match="may not"):
                linking.link(incident, other, "related", actor=actor)


class TestMerge:
    def test_it_points_to_the_head_of_a_chain_that_stays_whole(
        self, incident: Incident, other: Incident, commander: Actor
    ) -> None:
        item = evidence.seal_bytes(incident, b"x", actor=commander, title="t", kind="file")
        linking.merge(incident, other, actor=commander, reason="one intrusion")
        pointer = told(Chain.objects.get(name=other.name).entries.get(verb="incident.merge_in"))
        head = Chain.objects.get(name=incident.name)
        assert (pointer["from"], pointer["head"], pointer["seq"]) == (incident.name, head.head_hash, head.head_seq)
        item.refresh_from_db()
        assert item.incident == incident
        assert ledger.verify(incident.name).ok
        assert ledger.verify(other.name).ok

    def test_who_is_on_the_other_one_takes_over(
        self, incident: Incident, other: Incident, commander: Actor, on_it: Actor, off_it: Actor
    ) -> None:
        person = Person.objects.get(pk=off_it.person_id or 0)
        incidents.assign(other, "responder", actor=commander, person=person)
        linking.merge(incident, other, actor=commander, reason="r")
        assert incident not in incidents.visible(on_it)
        assert incident in incidents.visible(off_it)
        incidents.note(Incident.objects.get(pk=incident.pk), "still here", actor=off_it)

    def test_our_own_clocks_stop_as_replaced(self, incident: Incident, other: Incident, commander: Actor) -> None:
        linking.merge(incident, other, actor=commander, reason="r")
        assert {clock.state for clock in Clock.objects.filter(chain__name=incident.name)} == {"replaced"}
        assert duties.running(other.name, "response.")

    def test_the_earliest_deadline_of_the_law_counts_on(
        self, incident: Incident, other: Incident, commander: Actor
    ) -> None:
        early, late = timezone.now() - timedelta(hours=30), timezone.now() - timedelta(hours=2)
        for row, at in ((incident, early), (other, late)):
            obligations.record_moment(row, "aware_at", at, actor=commander)
            obligations.decide(row, GDPR, "applies", actor=commander, reason="personal data")
        (before,) = duties.running(incident.name, GDPR)
        linking.merge(incident, other, actor=commander, reason="r")
        (after,) = duties.running(other.name, GDPR)
        assert after.deadline == before.deadline
        assert not duties.running(incident.name, GDPR)

    def test_a_duty_that_only_one_had_is_taken_over(
        self, incident: Incident, other: Incident, commander: Actor
    ) -> None:
        obligations.record_moment(incident, "aware_at", timezone.now() - timedelta(hours=30), actor=commander)
        obligations.decide(incident, GDPR, "applies", actor=commander, reason="personal data")
        obligations.decide(other, GDPR, "does_not_apply", actor=commander, reason="no personal data here")
        linking.merge(incident, other, actor=commander, reason="r")
        assert duties.running(other.name, GDPR)

    def test_a_deadline_that_does_not_run_there_keeps_running_here(
        self, incident: Incident, other: Incident, commander: Actor
    ) -> None:
        """The other incident has filed its report: its own duty is met, ours is not."""
        obligations.record_moment(incident, "aware_at", timezone.now() - timedelta(hours=30), actor=commander)
        obligations.decide(incident, GDPR, "applies", actor=commander, reason="personal data")
        obligations.record_moment(other, "aware_at", timezone.now() - timedelta(hours=40), actor=commander)
        obligations.decide(other, GDPR, "applies", actor=commander, reason="personal data")
        obligations.file(other, GDPR, actor=commander, at=timezone.now())
        linking.merge(incident, other, actor=commander, reason="r")
        assert duties.running(incident.name, GDPR)

    def test_it_can_be_undone(self, incident: Incident, other: Incident, commander: Actor, on_it: Actor) -> None:
        obligations.record_moment(incident, "aware_at", timezone.now() - timedelta(hours=30), actor=commander)
        obligations.decide(incident, GDPR, "applies", actor=commander, reason="personal data")
        (before,) = duties.running(incident.name, GDPR)
        linking.merge(incident, other, actor=commander, reason="r")
        linking.unmerge(incident, actor=commander, reason="two attackers")
        again = Incident.objects.get(pk=incident.pk)
        assert (again.status, again.merged_into) == ("declared", None)
        assert again in incidents.visible(on_it)
        assert duties.running(incident.name, GDPR)[0].deadline == before.deadline
        assert duties.running(incident.name, "response.")
        with pytest.raises(Refused, match="is not merged"):
            linking.unmerge(incident, actor=commander, reason="r")

    def test_odd_merges_are_refused(
        self, incident: Incident, other: Incident, commander: Actor, hikeshi: Actor, on_it: Actor
    ) -> None:
        with pytest.raises(Refused, match="into itself"):
            linking.merge(incident, incident, actor=commander, reason="r")
        with pytest.raises(Refused, match="needs a reason"):
            linking.merge(incident, other, actor=commander, reason="")
        with pytest.raises(Refused, match="may not"):
            linking.merge(incident, other, actor=on_it, reason="r")
        secrecy.restrict(other, actor=hikeshi, reason="r")
        with pytest.raises(Refused, match="other is not"):
            linking.merge(incident, other, actor=hikeshi, reason="r")
        third = incidents.declare("x", 3, actor=hikeshi, reason="r", simulated=True)
        with pytest.raises(Refused, match="exercise"):
            linking.merge(incident, third, actor=commander, reason="r")
        incidents.close(incident, actor=hikeshi, reason="r")
        with pytest.raises(Refused, match="is closed"):
            linking.merge(incident, third, actor=commander, reason="r")
