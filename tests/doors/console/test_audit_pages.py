"""The record's pages: a whole chain says so, a damaged one names the entry."""

from __future__ import annotations

import pytest

from doors.console.house import HOSTILE, as_actor, signed_in
from hikeshi.custody.proof import check_proof, read_proof
from hikeshi.desk.accounts.models import Person
from hikeshi.desk.incidents import verbs as incidents
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger.models import Checkpoint, Entry, Tile


def test_a_whole_chain_says_so(responder: Person, incident: Incident) -> None:
    text = signed_in(responder).post(f"/audit/{incident.name}/").content.decode()
    assert "the chain is whole" in text


def test_the_edited_entry_is_named(responder: Person, incident: Incident) -> None:
    Entry.objects.filter(chain__name=incident.name, seq=3).update(actor="somebody else")
    text = signed_in(responder).post(f"/audit/{incident.name}/").content.decode()
    assert "damaged in 1 place" in text
    assert '<a href="#entry-3">#3</a>' in text
    assert '<tr id="entry-3" class="damaged">' in text


def test_reading_alone_checks_nothing(responder: Person, incident: Incident) -> None:
    Entry.objects.filter(chain__name=incident.name, seq=3).update(actor="somebody else")
    assert "damaged in" not in signed_in(responder).get(f"/audit/{incident.name}/").content.decode()


def test_what_was_written_into_the_record_is_shown_as_text(responder: Person, incident: Incident) -> None:
    incidents.note(incident, HOSTILE, actor=as_actor(responder))
    text = signed_in(responder).get(f"/audit/{incident.name}/").content.decode()
    assert "<img src=x" not in text
    assert "&lt;img src=x" in text


def test_a_damaged_line_is_still_shown(responder: Person, incident: Incident) -> None:
    Entry.objects.filter(chain__name=incident.name, seq=1).update(data="{broken")
    assert "{broken" in signed_in(responder).get(f"/audit/{incident.name}/").content.decode()


def sign(who: Person, incident: Incident) -> str:
    return signed_in(who).post(f"/audit/{incident.name}/checkpoints/sign/", follow=True).content.decode()


def test_a_chain_is_signed_now_and_the_page_says_by_which_key(responder: Person, incident: Incident) -> None:
    browser = signed_in(responder)
    assert "Nothing is signed yet" in browser.get(f"/audit/{incident.name}/").content.decode()
    text = sign(responder, incident)
    made = Checkpoint.objects.get(chain__name=incident.name)
    assert f'title="{made.root}"' in text
    assert "all of it" in browser.get("/audit/").content.decode()
    incidents.note(incident, "more", actor=as_actor(responder))
    assert "1 entry not signed yet" in browser.get(f"/audit/{incident.name}/").content.decode()


def test_what_strangers_need_is_taken_away(responder: Person, incident: Incident) -> None:
    sign(responder, incident)
    browser, root = signed_in(responder), f"/audit/{incident.name}"
    made = Checkpoint.objects.get(chain__name=incident.name)
    note = browser.get(f"{root}/checkpoints/{made.size}/")
    assert note.content.decode() == made.note
    assert note["Content-Disposition"] == f'attachment; filename="{incident.name}-{made.size}.checkpoint"'
    key = browser.get(f"{root}/checkpoints/{made.size}/keys/").content.decode()
    assert check_proof(read_proof(browser.get(f"{root}/proofs/2/").content.decode()), [key]).ok
    assert browser.get(f"{root}/checkpoints/999/").status_code == 404
    assert "No checkpoint of" in browser.get(f"{root}/proofs/999/").content.decode()


def test_what_is_not_whole_is_not_signed_and_the_page_keeps_saying_so(responder: Person, incident: Incident) -> None:
    Entry.objects.filter(chain__name=incident.name, seq=2).update(actor="somebody else")
    assert "is not whole" in sign(responder, incident)
    browser = signed_in(responder)
    assert "The last try to sign was refused." in browser.get(f"/audit/{incident.name}/").content.decode()
    assert "refused" in browser.get("/audit/").content.decode()


@pytest.mark.parametrize(("language", "said"), [("en", "Tile 0 of level 0"), ("ja", "タイル 0")])
def test_verifying_looks_at_what_was_signed(responder: Person, incident: Incident, language: str, said: str) -> None:
    sign(responder, incident)
    address = f"/audit/{incident.name}/"
    assert "checkpoint too" in signed_in(responder).post(address).content.decode()
    Tile.objects.filter(chain__name=incident.name).update(hashes=b"\x00" * 32)
    assert said in signed_in(responder, language).post(address).content.decode()


def test_nobody_else_has_it_signed(other: Person, outsider: Person, incident: Incident) -> None:
    for who in (other, outsider):
        assert signed_in(who).post(f"/audit/{incident.name}/checkpoints/sign/").status_code == 404
    assert not Checkpoint.objects.exists()


def test_damaged_tiles_are_made_again_by_who_commands(commander: Person, responder: Person, incident: Incident) -> None:
    sign(responder, incident)
    Tile.objects.filter(chain__name=incident.name).update(hashes=b"")
    address, button = f"/audit/{incident.name}/", "Make the tiles again"
    assert button not in signed_in(responder).post(address).content.decode()
    assert signed_in(responder).post(f"{address}checkpoints/rebuild/").status_code == 403
    browser = signed_in(commander)
    assert button in browser.post(address).content.decode()
    assert "made again from" in browser.post(f"{address}checkpoints/rebuild/", follow=True).content.decode()
    assert "the chain is whole" in browser.post(address).content.decode()
