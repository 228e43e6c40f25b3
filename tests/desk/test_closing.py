"""Closing: every gate that is open is named, and overridden only by name, with a reason, by whoever commands."""

from __future__ import annotations

import pytest
from django.utils import timezone

from hikeshi.desk.actor import Actor
from hikeshi.desk.evidence import verbs as evidence
from hikeshi.desk.incidents import (
    affected,
    containment,
    decisions,
    impacts,
    obligations,
    sections,
    tasks,
    verbs as incidents,
)
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger.models import Entry
from hikeshi.desk.reports import standing
from hikeshi.desk.reviews import closing, verbs as reviews
from hikeshi.desk.runs import starting
from hikeshi.errors import Refused
from hikeshi.playbooks.shelf import library

pytestmark = pytest.mark.django_db


def shut(incident: Incident) -> set[str]:
    return {gate.key for gate in closing.gates(incident) if gate.open}


def settle(incident: Incident, actor: Actor) -> None:
    containment.state_contained(incident, actor=actor, reason="the account is off")
    impacts.judge(incident, actor=actor, functional_impact="low", information_impact="none", recoverability="regular")
    incidents.summarise(incident, "One host mined for an hour.", actor=actor)
    reviews.start(incident, actor=actor)
    incident.refresh_from_db()


def test_what_a_fresh_incident_lacks_is_named(incident: Incident, commander: Actor) -> None:
    assert shut(incident) == {"containment", "impact", "review", "summary"}
    with pytest.raises(Refused) as refused:
        closing.close(incident, actor=commander, reason="over")
    assert all(key in str(refused.value) for key in shut(incident))
    incident.refresh_from_db()
    assert incident.status == "declared"


def test_with_nothing_open_it_closes(incident: Incident, commander: Actor) -> None:
    settle(incident, commander)
    assert shut(incident) == set()
    closing.close(incident, actor=commander, reason="over")
    incident.refresh_from_db()
    assert incident.status == "closed"


def test_each_gate_finds_what_is_open(incident: Incident, commander: Actor, on_it: Actor) -> None:
    settle(incident, commander)
    affected.add(incident, "web-1", actor=on_it, compromise="confirmed")
    decisions.ask(incident, "Tell customers?", actor=on_it)
    tasks.give(incident, "Read the log", actor=on_it)
    obligations.decide(incident, "eu-gdpr-33-authority", "undecided", actor=commander, reason="counting")
    evidence.seal_bytes(incident, b"x", actor=on_it, title="x", kind="file")
    starting.start(incident, library()["ransomware"], actor=commander, facts={})
    assert shut(incident) == {"assets", "decisions", "tasks", "duties", "evidence", "steps"}
    steps = next(gate for gate in closing.gates(incident) if gate.key == "steps")
    assert len(steps.open) == len(library()["ransomware"].steps)


def test_an_override_is_kept_per_gate_with_what_was_open(incident: Incident, commander: Actor) -> None:
    reasons = dict.fromkeys(("containment", "impact", "review"), "a drill of one hour")
    with pytest.raises(Refused, match="summary"):
        closing.close(incident, actor=commander, reason="over", overrides={**reasons, "summary": "  "})
    assert not Entry.objects.filter(verb="incident.override").exists()
    closing.close(incident, actor=commander, reason="over", overrides={**reasons, "summary": "none"})
    kept = Entry.objects.filter(chain__name=incident.name, verb="incident.override").values_list("object", flat=True)
    assert sorted(kept) == ["gate containment", "gate impact", "gate review", "gate summary"]


def test_only_whoever_commands_closes(incident: Incident, on_it: Actor, off_it: Actor, outsider: Actor) -> None:
    overrides = dict.fromkeys(closing.GATES, "because")
    for actor in (on_it, off_it, outsider):
        with pytest.raises(Refused, match="may not"):
            closing.close(incident, actor=actor, reason="over", overrides=overrides)


def test_a_gate_nobody_knows_is_refused(incident: Incident, commander: Actor) -> None:
    with pytest.raises(Refused, match="not a gate"):
        closing.close(incident, actor=commander, reason="over", overrides={"weather": "rain"})


def test_the_table_is_alphabetical() -> None:
    assert list(closing.GATES) == sorted(closing.GATES)


class TestTheStateDocument:
    def test_it_holds_what_people_wrote_and_what_the_record_knows(
        self, incident: Incident, commander: Actor, on_it: Actor
    ) -> None:
        sections.write(incident, "objective", "No key works by 03:45", actor=on_it)
        sections.write(incident, "impact", "confirmed: 12 instances\nunknown: other accounts", actor=on_it)
        affected.add(incident, "web-1", actor=on_it, compromise="confirmed", note="miner")
        decisions.ask(incident, "Tell customers?", actor=on_it, decide_by=timezone.now())
        tasks.give(incident, "Read the log", actor=on_it, due=timezone.now())
        containment.state_contained(incident, actor=commander, reason="the account is off")
        incident.refresh_from_db()
        en, ja = (standing.markdown(incident, language) for language in ("en", "ja"))
        for part in ("No key works by 03:45", "**confirmed** 12 instances", "Tell customers?", "Read the log: nobody"):
            assert part in en
        for part in ("現在の目標", "**確認済み** 12 instances", "担当者なし", "封じ込め済みと表明"):
            assert part in ja
        assert "**overdue**" in en

    def test_an_empty_one_says_what_is_missing(self, incident: Incident) -> None:
        assert standing.markdown(incident, "en").count("Nobody has written it yet.") == 4
        assert standing.document(incident)["counts"]["all"] == 0

    def test_the_last_five_actions_are_in_order(self, incident: Incident, commander: Actor, on_it: Actor) -> None:
        for number in range(7):
            row = tasks.give(incident, f"t{number}", actor=on_it)
            tasks.done(row, actor=on_it, outcome="x")
        seqs = [entry.seq for entry in standing.last_actions(incident)]
        assert len(seqs) == 5
        assert seqs == sorted(seqs)
