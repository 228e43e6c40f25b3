"""Simulations that are asked for, and how the playbooks of the shelf stand."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from django.utils import timezone

from hikeshi.actions.fingerprint import fingerprint
from hikeshi.desk.actor import Actor, system
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger.models import Entry
from hikeshi.desk.playbooks import drafting, publishing
from hikeshi.desk.playbooks.models import Draft
from hikeshi.desk.rehearsals import drafts, verbs
from hikeshi.desk.rehearsals.drifting import Standing, standings
from hikeshi.desk.rehearsals.models import Rehearsal
from hikeshi.desk.runs.models import Run
from hikeshi.doors.worker import Worker
from hikeshi.errors import Refused
from hikeshi.playbooks.playbook import Playbook, load, loads
from hikeshi.playbooks.shelf import library
from hikeshi.simulation.stamps import actions_of
from playbook_texts import OWN

SAMPLES = Path(__file__).parents[1] / "samples"
HIKESHI = system("Hikeshi", "worker")


@pytest.fixture
def badge() -> Playbook:
    return load(SAMPLES / "playbooks" / "lost-badge.yaml")


def test_it_is_played_by_a_worker_in_a_process_of_its_own(on_it: Actor, badge: Playbook) -> None:
    row = verbs.ask(badge, actor=on_it)
    assert verbs.ask(badge, actor=on_it) == row
    Worker(work=((Rehearsal, lambda one, worker: verbs.rehearse(one, actor=worker.actor)),), prompt=()).drain()
    row.refresh_from_db()
    assert (row.state, row.ways, row.due_at, row.said) == ("passed", 2, None, "")
    assert row.report["traces"][0]["states"] == {"1.1": "done", "2.1": "done", "2.2": "not_needed"}
    assert [entry.verb for entry in Entry.objects.filter(object="lost-badge")] == ["rehearsal.ask", "rehearsal.end"]


def test_what_cannot_be_played_says_why(on_it: Actor, badge: Playbook) -> None:
    row = verbs.ask(badge, actor=on_it)
    Rehearsal.objects.filter(pk=row.pk).update(text='{"name": "lost-badge"}')
    row.refresh_from_db()
    verbs.rehearse(row, actor=HIKESHI)
    assert (row.state, row.due_at) == ("broken", None)
    assert "missing" in row.said


def test_only_who_works_on_alerts_asks_and_not_without_end(
    outsider: Actor, on_it: Actor, badge: Playbook, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Refused, match="may not do this"):
        verbs.ask(badge, actor=outsider)
    monkeypatch.setattr(verbs, "MOST_WAITING", 0)
    with pytest.raises(Refused, match="are waiting"):
        verbs.ask(badge, actor=on_it)


def _standing(name: str) -> Standing:
    return next(one for one in standings() if one.playbook.name == name)


def test_a_simulation_and_an_exercise_are_seen_in_how_a_playbook_stands(db: None) -> None:
    book, now = library()["ransomware"], timezone.now()
    names = actions_of(book, lambda name: library()[name])
    Rehearsal.objects.create(
        playbook=book.name, playbook_version=book.version, digest=book.digest, text="{}", state="passed", asked_by="x",
        asked_at=now, ended_at=now, ways=1, actions={name: fingerprint(name) for name in names},
    )  # fmt: skip
    assert (_standing("ransomware").drift.state, _standing("ransomware").exercised_at) == ("fresh", None)
    for simulated, day in ((False, 3), (True, 2), (True, 1)):
        incident = Incident.objects.create(
            name=f"INC-2026-9{day}", title="x", severity=3, detected_at=now, declared_at=now, simulated=simulated
        )
        Run.objects.create(
            incident=incident, playbook=book.name, version=book.version, digest=book.digest, state="ended",
            title={}, text="{}", facts={}, started_at=now, ended_at=datetime(2026, 11, day, tzinfo=UTC),
        )  # fmt: skip
    assert _standing("ransomware").exercised_at == datetime(2026, 11, 2, tzinfo=UTC)


def _reviewed(on_it: Actor, off_it: Actor, text: str = OWN) -> Draft:
    row = drafting.begin(actor=on_it, text=text)
    row = publishing.ask_for_review(row, actor=on_it, version=row.version)
    publishing.review(row, actor=off_it, digest=row.digest, yes=True)
    return row


def _passed(row: Rehearsal) -> None:
    book = msgspec.json.decode(row.text, type=Playbook)
    actions = {name: fingerprint(name) for name in actions_of(book, library().__getitem__)}
    Rehearsal.objects.filter(pk=row.pk).update(state="passed", ended_at=timezone.now(), ways=1, actions=actions)


def test_a_draft_is_published_with_a_simulation_of_exactly_its_text(
    on_it: Actor, off_it: Actor, commander: Actor
) -> None:
    row = _reviewed(on_it, off_it)
    asked = drafts.ask(row, actor=off_it)
    assert (asked.digest, drafts.proof(loads(OWN.encode())).state) == (row.digest, "queued")
    with pytest.raises(Refused, match="has not passed: queued"):
        drafts.publish(row, actor=commander, digest=row.digest)
    _passed(asked)
    assert drafts.proof(loads(OWN.replace("SEV-4", "SEV-3").encode())).state == "never"
    made = drafts.publish(row, actor=commander, digest=row.digest)
    assert (made.simulated, made.without_why) == ("passed", "")


def test_without_one_it_is_published_for_a_reason_that_is_kept(on_it: Actor, off_it: Actor, commander: Actor) -> None:
    row = _reviewed(on_it, off_it)
    for reason in ("", "  "):
        with pytest.raises(Refused, match="has not passed: never"):
            drafts.publish(row, actor=commander, digest=row.digest, without=reason)
    made = drafts.publish(row, actor=commander, digest=row.digest, without="No worker tonight.")
    assert (made.simulated, made.without_why) == ("never", "No worker tonight.")
    assert '"without":"No worker tonight."' in Entry.objects.get(verb="playbook.publish").data


def test_a_simulation_with_other_actions_proves_nothing_any_more(on_it: Actor, badge: Playbook) -> None:
    asked = verbs.ask(badge, actor=on_it)
    _passed(asked)
    assert drafts.proof(badge).state == "passed"
    Rehearsal.objects.filter(pk=asked.pk).update(actions={"aws.iam.disable_key": "of before"})
    assert drafts.proof(badge).state == "stale"
    Rehearsal.objects.filter(pk=asked.pk).update(state="failed")
    assert drafts.proof(badge).state == "failed"


def test_what_comes_with_hikeshi_is_simulated_by_its_stamp(db: None) -> None:
    assert drafts.proof(library()["ransomware"]).state in {"passed", "stale"}


def test_a_draft_with_errors_is_not_simulated_and_outsiders_ask_for_nothing(on_it: Actor, outsider: Actor) -> None:
    row = drafting.begin(actor=on_it, text=OWN.replace("ja: 電話機の紛失", 'ja: ""'))
    with pytest.raises(Refused, match="errors"):
        drafts.ask(row, actor=on_it)
    row = drafting.edit(row, OWN, actor=on_it, version=row.version)
    with pytest.raises(Refused, match="may not do this"):
        drafts.ask(row, actor=outsider)
