"""The parts of the room that say where the incident stands, and their forms."""

from __future__ import annotations

import pytest
from django.test import Client

from doors.console.house import HOSTILE, as_actor, signed_in
from hikeshi.desk.accounts.models import Person
from hikeshi.desk.incidents import affected, decisions, sections, tasks
from hikeshi.desk.incidents.models import AffectedAsset, Decision, Incident, Task

Sent = tuple[int, str]


def send(client: Client, incident: Incident, act: str, **typed: str | int) -> Sent:
    answer = client.post(f"/incidents/{incident.name}/act/{act}/", typed)
    return answer.status_code, answer.content.decode()


@pytest.fixture
def client(responder: Person, incident: Incident) -> Client:
    return signed_in(responder)


def test_a_section_is_written_and_a_second_writer_sees_both_texts(client: Client, incident: Incident) -> None:
    assert send(client, incident, "section", key="objective", text="Cut the key", version=0)[0] == 302
    status, text = send(client, incident, "section", key="objective", text="My own words", version=0)
    assert status == 409
    assert "Cut the key" in text
    assert "My own words</textarea>" in text
    assert send(client, incident, "section", key="impact", text="12 hosts", version=0)[0] == 403
    assert send(client, incident, "section", key="impact", text="confirmed: 12 hosts", version=0)[0] == 302
    assert "sure-yes" in client.get(f"/incidents/{incident.name}/").content.decode()


def test_tasks_decisions_and_assets_are_worked_on(client: Client, incident: Incident, commander: Person) -> None:
    assert send(client, incident, "task", title="Read the log", due="2026-11-07T03:12")[0] == 302
    task = Task.objects.get()
    assert "nobody" in client.get(f"/incidents/{incident.name}/").content.decode()
    assert send(client, incident, "task-take", row=task.pk, version=1)[0] == 302
    assert send(client, incident, "task-end", row=task.pk, version=2, text="x", way="done")[0] == 302
    assert send(client, incident, "decision", question="Shut down?", options="Yes\nNo", decide_by="")[0] == 302
    asked = Decision.objects.get()
    assert send(client, incident, "object", row=asked.pk, text="customers")[0] == 302
    boss = signed_in(commander)
    assert send(boss, incident, "decide", row=asked.pk, chosen="Yes", reason="r", version=1)[0] == 409
    assert send(boss, incident, "decide", row=asked.pk, chosen="Yes", reason="r", version=2)[0] == 302
    assert send(client, incident, "look-back", row=asked.pk, text="right", version=3)[0] == 302
    assert send(client, incident, "asset", identifier="web-1", compromise="suspected")[0] == 302
    row = AffectedAsset.objects.get()
    judged: dict[str, str | int] = {"row": row.pk, "version": 1, "compromise": "confirmed", "clearance": "cleared"}
    assert send(client, incident, "assess", reason=" ", **judged)[0] == 403
    assert send(client, incident, "assess", reason="rebuilt", **judged)[0] == 302
    assert send(client, incident, "gather")[0] == 302


def test_updates_rhythm_impact_and_containment(client: Client, incident: Incident, commander: Person) -> None:
    assert send(client, incident, "update", text="Key is off", audience="legal")[0] == 302
    boss = signed_in(commander)
    incident.refresh_from_db()
    assert send(boss, incident, "rhythm", minutes="20", reason="customers", version=incident.version)[0] == 302
    assert send(boss, incident, "rhythm", minutes="x", reason="customers", version=incident.version)[0] == 403
    assert send(boss, incident, "contained", reason="account off")[0] == 302
    incident.refresh_from_db()
    given = {"functional_impact": "low", "information_impact": "none", "recoverability": "regular"}
    assert send(client, incident, "impact", version=incident.version, **given)[0] == 302
    assert send(client, incident, "impact", version=incident.version, **{**given, "recoverability": ""})[0] == 403


def test_what_an_attacker_wrote_is_shown_as_text(client: Client, incident: Incident, responder: Person) -> None:
    who = as_actor(responder)
    sections.write(incident, "objective", HOSTILE, actor=who)
    sections.write(incident, "impact", "confirmed: " + HOSTILE, actor=who)
    affected.add(incident, HOSTILE, actor=who, note=HOSTILE)
    decisions.object_to(decisions.ask(incident, HOSTILE, actor=who, options=[HOSTILE]), HOSTILE, actor=who)
    tasks.done(tasks.give(incident, HOSTILE, actor=who), actor=who, outcome=HOSTILE)
    text = client.get(f"/incidents/{incident.name}/").content.decode()
    assert "<img src=x" not in text
    assert "<script>" not in text


def test_forms_with_odd_numbers_are_refused(client: Client, incident: Incident) -> None:
    for act in ("task-take", "task-end", "reassign", "decide", "object", "look-back", "assess"):
        assert send(client, incident, act, row="²", version="1", text="x")[0] in {403, 404}
    assert send(client, incident, "task", title="x", due="soon")[0] == 403
