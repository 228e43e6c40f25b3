"""The record's pages: a whole chain says so, a damaged one names the entry."""

from __future__ import annotations

from doors.console.house import HOSTILE, as_actor, signed_in
from hikeshi.desk.accounts.models import Person
from hikeshi.desk.incidents import verbs as incidents
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger.models import Entry


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
