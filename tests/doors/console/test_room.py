"""The room: notes, the summary and its conflict, severity, roles, phases, closing."""

from __future__ import annotations

import pytest
from django.test import Client

from doors.console.house import HOSTILE, as_actor, signed_in
from hikeshi.desk.accounts.models import Contact, Person
from hikeshi.desk.incidents import obligations, verbs as incidents
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger.models import Entry


@pytest.fixture
def client(responder: Person, incident: Incident) -> Client:
    return signed_in(responder)


def send(client: Client, incident: Incident, act: str, **typed: str | int) -> tuple[int, str]:
    answer = client.post(f"/incidents/{incident.name}/act/{act}/", typed)
    return answer.status_code, answer.content.decode()


def test_a_note_is_kept_and_shown(client: Client, incident: Incident) -> None:
    assert send(client, incident, "note", text="The host is in rack 7")[0] == 302
    assert "The host is in rack 7" in client.get(f"/incidents/{incident.name}/").content.decode()


def test_what_an_attacker_wrote_is_shown_as_text(client: Client, incident: Incident, responder: Person) -> None:
    incidents.note(incident, HOSTILE, actor=as_actor(responder))
    incidents.summarise(incident, HOSTILE, actor=as_actor(responder))
    text = client.get(f"/incidents/{incident.name}/").content.decode()
    assert "<img src=x" not in text
    assert "<script>" not in text
    assert text.count("&lt;script&gt;") >= 2


def test_a_refused_act_says_so_and_keeps_what_was_typed(client: Client, incident: Incident) -> None:
    status, text = send(client, incident, "severity", severity=1, reason="Data is leaving", version=incident.version)
    assert status == 403
    assert "This was not done" in text
    assert "may not do this" in text
    incident.refresh_from_db()
    assert incident.severity == 2


def test_what_a_commander_typed_wrongly_stays_in_the_form(commander: Person, incident: Incident) -> None:
    status, text = send(
        signed_in(commander), incident, "severity", severity=9, reason="Data is leaving", version=incident.version
    )
    assert status == 403
    assert "Data is leaving</textarea>" in text


def test_an_empty_note_is_refused(client: Client, incident: Incident) -> None:
    assert send(client, incident, "note", text="  ")[0] == 403


def test_two_who_write_the_summary_at_once_both_keep_their_text(
    client: Client, incident: Incident, commander: Person
) -> None:
    seen = incident.version
    incidents.summarise(incident, "Saved by the commander", actor=as_actor(commander))
    status, text = send(client, incident, "summary", summary="Written by the responder", version=seen)
    assert status == 409
    assert 'class="conflict"' in text
    assert "Saved by the commander" in text
    assert "Written by the responder" in text
    incident.refresh_from_db()
    assert incident.summary == "Saved by the commander"


def test_a_conflict_ends_with_the_text_that_was_chosen(client: Client, incident: Incident, commander: Person) -> None:
    incidents.summarise(incident, "Saved", actor=as_actor(commander))
    assert send(client, incident, "summary", summary="Saved\n\nMine", version=incident.version)[0] == 302
    incident.refresh_from_db()
    assert incident.summary == "Saved\n\nMine"


def test_a_form_that_names_no_version_writes_nothing(client: Client, incident: Incident) -> None:
    assert send(client, incident, "summary", summary="blind")[0] == 403
    incident.refresh_from_db()
    assert incident.summary == ""


def test_taking_it_stops_the_response_clock(client: Client, incident: Incident) -> None:
    assert "I have it" in client.get(f"/incidents/{incident.name}/").content.decode()
    assert send(client, incident, "acknowledge")[0] == 302
    text = client.get(f"/incidents/{incident.name}/").content.decode()
    assert "state-met" in text
    assert "I have it</button>" not in text


def test_a_commander_changes_severity_roles_and_phases(commander: Person, incident: Incident, other: Person) -> None:
    client = signed_in(commander)
    assert send(client, incident, "severity", severity=1, reason="Data is leaving", version=incident.version)[0] == 302
    assert send(client, incident, "role", duty="technical_lead", person=other.pk)[0] == 302
    assert send(client, incident, "phase", phase="containment", way="enter")[0] == 302
    assert send(client, incident, "phase", phase="detection_analysis", way="leave")[0] == 302
    text = client.get(f"/incidents/{incident.name}/").content.decode()
    assert "SEV-1" in text
    assert "suzuki" in text
    assert "phase-done" in text


def test_closing_needs_a_reason_and_can_be_taken_back(commander: Person, incident: Incident) -> None:
    client = signed_in(commander)
    assert send(client, incident, "close", reason=" ")[0] == 403
    status, text = send(client, incident, "close", reason="Contained and watched for a day")
    assert status == 403
    assert "Nobody has proven or stated that it is contained." in text
    assert "Contained and watched for a day</textarea>" in text
    anyway = {f"override-{gate}": "a drill" for gate in ("containment", "impact", "review", "summary")}
    assert send(client, incident, "close", reason="Contained and watched for a day", **anyway)[0] == 302
    assert send(client, incident, "reopen", reason="It began again")[0] == 302
    incident.refresh_from_db()
    assert incident.status == "active"


def test_acts_are_sent_never_fetched_and_must_exist(client: Client, incident: Incident) -> None:
    assert client.get(f"/incidents/{incident.name}/act/acknowledge/").status_code == 405
    assert send(client, incident, "delete")[0] == 404


def test_a_form_from_another_site_is_refused(responder: Person, incident: Incident) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(responder)
    answer = client.post(f"/incidents/{incident.name}/act/note/", {"text": "x"})
    assert answer.status_code == 403
    assert not Entry.objects.filter(verb="incident.note").exists()


def test_the_stream_is_filtered_by_kind(client: Client, incident: Incident, responder: Person) -> None:
    incidents.note(incident, "only this", actor=as_actor(responder))
    text = client.get(f"/incidents/{incident.name}/?kind=notes").content.decode()
    assert text.count('class="entry') >= 1
    assert "Declared as SEV-2" not in text


def test_simulated_is_said(incident: Incident, client: Client, commander: Person) -> None:
    assert "simulated</span>" not in client.get(f"/incidents/{incident.name}/").content.decode()
    incident.simulated = True
    incident.save(update_fields=["simulated"])
    for address in (f"/incidents/{incident.name}/", f"/incidents/{incident.name}/steps/", "/", "/incidents/"):
        assert "simulated</span>" in client.get(address).content.decode(), address
    assert "シミュレーション</span>" in signed_in(commander, "ja").get("/").content.decode()


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("Called in by rule:", "Human resources is needed", "consider quiet mode")),
        ("ja", ("規則により招集:", "人事が必要ですが担当者がいません", "秘匿モードを検討")),
    ],
)
def test_who_was_called_in_by_which_rule_is_shown(
    client: Client, incident: Incident, responder: Person, language: str, words: tuple[str, ...]
) -> None:
    Contact.objects.create(name="Mori", duty="legal_support")
    for fact in ("personal_data", "insider"):
        obligations.say_fact(incident, fact, "yes", actor=as_actor(responder))
    Person.objects.filter(pk=responder.pk).update(language=language)
    text = client.get(f"/incidents/{incident.name}/").content.decode()
    assert all(one in text for one in ("Mori", *words))
