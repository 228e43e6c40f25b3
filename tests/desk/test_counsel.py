"""Notes for counsel: read by counsel and their writer, encrypted at rest, in the ledger by their hash alone."""

from __future__ import annotations

import hashlib

import pytest
from django.db import connection

from hikeshi.desk.accounts.models import Person
from hikeshi.desk.actor import Actor
from hikeshi.desk.incidents import counsel, verbs as incidents
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger.models import Entry
from hikeshi.errors import Refused

SECRET = "We may have known since March."


@pytest.fixture
def lawyer(incident: Incident, commander: Actor, outsider: Actor) -> Actor:
    """An observer in everything, but Legal on this incident."""
    incidents.assign(incident, "legal_support", actor=commander, person=Person.objects.get(pk=outsider.person_id or 0))
    return outsider


def test_only_counsel_and_the_writer_read_it(
    incident: Incident, on_it: Actor, lawyer: Actor, commander: Actor, admin: Actor
) -> None:
    note = counsel.write(incident, SECRET, actor=on_it)
    own = counsel.write(incident, "Say nothing of it.", actor=lawyer)
    assert list(counsel.readable(incident, actor=lawyer)) == [note, own]
    assert list(counsel.readable(incident, actor=on_it)) == [note]
    for actor in (commander, admin):
        assert not counsel.readable(incident, actor=actor).exists()


def test_who_is_not_on_it_neither_writes_nor_reads(incident: Incident, off_it: Actor, hikeshi: Actor) -> None:
    with pytest.raises(Refused, match="may not"):
        counsel.write(incident, SECRET, actor=off_it)
    with pytest.raises(Refused, match="may not"):
        counsel.readable(incident, actor=off_it)
    with pytest.raises(Refused, match="by a person"):
        counsel.write(incident, SECRET, actor=hikeshi)


def test_the_ledger_has_the_hash_and_the_database_no_text(incident: Incident, on_it: Actor) -> None:
    counsel.write(incident, SECRET, actor=on_it)
    entry = Entry.objects.get(verb="counsel.note")
    assert hashlib.sha256(SECRET.encode()).hexdigest() in entry.data
    assert SECRET not in entry.data
    with connection.cursor() as cursor:
        cursor.execute("SELECT text FROM incidents_counselnote")
        assert SECRET not in str(cursor.fetchall())


@pytest.mark.parametrize(("text", "words"), [(" ", "empty"), ("x" * 20_001, "at most")])
def test_what_is_no_note_is_refused(incident: Incident, on_it: Actor, text: str, words: str) -> None:
    with pytest.raises(Refused, match=words):
        counsel.write(incident, text, actor=on_it)
