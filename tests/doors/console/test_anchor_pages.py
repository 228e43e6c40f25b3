"""The pages of keys and anchors: who sees them, what stands on them, and what their forms do."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from pytest_django.fixtures import Settings

from doors.console.house import HIKESHI, person, signed_in
from held import sign_chain
from hikeshi.desk.accounts.models import Person
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger import copies, keys
from hikeshi.desk.ledger.models import Copy, Entry, SigningKey, Stamp


@pytest.fixture
def waiting(settings: Settings, home: Path, incident: Incident) -> Copy:
    """A copy that could not be written."""
    settings.ENVIRONMENT = msgspec.structs.replace(
        settings.ENVIRONMENT, checkpoint_copies=(f"file:{home / 'gone' / 'notes'}",)
    )
    sign_chain(incident.name)
    copies.take(Copy.objects.get(), actor=HIKESHI)
    return Copy.objects.get()


def test_who_reads_everything_sees_what_waits_and_has_it_tried_again(commander: Person, waiting: Copy) -> None:
    browser = signed_in(commander)
    text = browser.get("/audit/anchors/").content.decode()
    assert "No such file or directory" in text
    assert "Let another key sign" not in text
    answer = browser.post("/audit/anchors/again/", {"kind": "copies", "name": waiting.place}, follow=True)
    assert "It is tried again." in answer.content.decode()
    assert browser.post("/audit/anchors/again/", {"kind": "pigeons", "name": "x"}).status_code == 404


def test_a_responder_sees_what_is_held_of_their_incident_only(
    responder: Person, other: Person, outsider: Person, incident: Incident, waiting: Copy
) -> None:
    address = f"/audit/{incident.name}/outside/"
    assert "waiting" in signed_in(responder).get(address).content.decode()
    for who in (other, outsider):
        assert signed_in(who).get(address).status_code == 404
    for who in (responder, other, outsider):
        browser = signed_in(who)
        assert browser.get("/audit/anchors/").status_code == 404
        assert browser.post("/audit/anchors/check/").status_code == 404
        assert browser.post("/audit/anchors/rotate/", {"reason": "x"}).status_code == 404


def test_an_administrator_changes_the_key(home: Path) -> None:
    keys.signer()
    browser = signed_in(person("aoki", "admin"))
    assert "can be reached" in browser.post("/audit/anchors/check/", follow=True).content.decode()
    answer = browser.post("/audit/anchors/rotate/", {"reason": "yearly", "place": "file:/etc/shadow"}, follow=True)
    assert "Another key signs" in answer.content.decode()
    assert SigningKey.objects.get(until=None).place == "file:keys/signing-2.pem"
    (home / "keys" / "signing-2.pem").unlink()
    assert "cannot be read" in browser.post("/audit/anchors/check/").content.decode()
    browser.post("/audit/anchors/retire/", {"reason": "lost"})
    assert not SigningKey.objects.filter(until=None).exists()


def test_a_commander_does_not_change_keys(commander: Person) -> None:
    keys.signer()
    assert signed_in(commander).post("/audit/anchors/retire/", {"reason": "x"}).status_code == 403
    assert SigningKey.objects.filter(until=None).exists()


def test_a_checkpoint_is_compared_on_the_page(commander: Person, incident: Incident) -> None:
    note = sign_chain(incident.name).note
    browser = signed_in(commander)
    answer = browser.post("/audit/anchors/compare/", {"text": note})
    assert "The ledger is what is held." in answer.content.decode()
    answer = browser.post("/audit/anchors/compare/", {"text": "<script>"})
    assert "It is no signed checkpoint." in answer.content.decode()
    assert "<script></textarea>" not in answer.content.decode()


def test_entries_that_wait_for_a_signature_are_said(commander: Person, incident: Incident) -> None:
    browser = signed_in(commander)
    assert "wait for a signature" not in browser.get("/audit/anchors/").content.decode()
    Entry.objects.filter(chain__name=incident.name, seq=1).update(time="2020-01-01T00:00:00.000000Z")
    text = browser.get("/audit/anchors/").content.decode()
    assert "Entries wait for a signature" in text
    assert f"{incident.name} #1" in text
    assert "not anchored as it should be" in browser.get("/audit/").content.decode()


def test_a_refusal_outside_is_said_where_chains_are_listed(commander: Person, responder: Person, waiting: Copy) -> None:
    assert "not anchored" not in signed_in(commander).get("/audit/").content.decode()
    Copy.objects.update(state="refused")
    assert "not anchored" in signed_in(commander).get("/audit/").content.decode()
    assert "not anchored" not in signed_in(responder).get("/audit/").content.decode()


def test_a_stamp_that_cannot_be_checked_is_said(commander: Person, incident: Incident) -> None:
    made = sign_chain(incident.name)
    Stamp.objects.create(checkpoint=made, authority="http://tsa.example", state="held", reply=b"0")
    text = signed_in(commander).post(f"/audit/{incident.name}/outside/").content.decode()
    assert "the time stamp cannot be checked" in text
    assert "not configured any more" in text
