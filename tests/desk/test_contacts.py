"""The contact list: changed by administrators, read and verified by responders, and never in the ledger in clear."""

from __future__ import annotations

from datetime import time, timedelta

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import given, settings as hypothesis_settings, strategies as st

from hikeshi.desk.accounts import contact_files, contacts, verbs as accounts
from hikeshi.desk.accounts.contacts import Reach
from hikeshi.desk.accounts.models import Contact, Way
from hikeshi.desk.actor import Actor
from hikeshi.desk.incidents.models import DUTIES
from hikeshi.desk.ledger.models import Entry
from hikeshi.errors import HikeshiError, Refused, Unreadable

pytestmark = pytest.mark.django_db

PHONE, HOOK = "+81-90-5550-1234", "https://hooks.example.com/services/T0/SECRET"


@pytest.fixture
def contact(admin: Actor) -> Contact:
    made = accounts.add_contact("Kondo", "incident_commander", actor=admin, phone=PHONE, email="kondo@example.com")
    contacts.set_ways(
        made, [Reach("phone", PHONE), Reach("mail", "kondo@example.com"), Reach("chat", HOOK)], actor=admin
    )
    return made


def test_ways_keep_their_order_and_when_they_were_verified(contact: Contact, admin: Actor, off_it: Actor) -> None:
    contacts.verify(contact.ways.get(channel="phone"), actor=off_it)
    contacts.set_ways(contact, [Reach("mail", "k@example.com"), Reach("phone", PHONE)], actor=admin)
    first, second = contact.ways.all()
    assert (first.channel, first.verified_at) == ("mail", None)
    assert (second.channel, second.verified_by) == ("phone", "suzuki")
    assert (contact.phone, contact.email) == (PHONE, "k@example.com")


def test_a_way_is_stale_after_ninety_days(contact: Contact, off_it: Actor) -> None:
    way, now = contact.ways.get(channel="phone"), timezone.now()
    assert contacts.stale(way, now)
    contacts.verify(way, actor=off_it)
    assert not contacts.stale(way, now + timedelta(days=90))
    assert contacts.stale(way, now + timedelta(days=91))


def test_no_address_enters_the_ledger_in_clear(contact: Contact, admin: Actor, off_it: Actor) -> None:
    for way in contact.ways.all():
        contacts.verify(way, actor=off_it)
    contacts.change(contact, actor=admin, name="Kondo I.", quiet_from=time(23), quiet_to=time(7))
    contact_files.import_csv(
        f"name,duty,phone,chat\nOta,scribe,{PHONE},{HOOK}\n".encode(), actor=admin, duties=["scribe"]
    )
    contacts.retire(contact, actor=admin, reason="left")
    said = " ".join(Entry.objects.filter(verb__startswith="contact.").values_list("data", flat=True))
    assert "1234" in said
    assert "hooks.example.com" in said
    for secret in (PHONE, PHONE[:-4], "90-5550", "kondo@", "SECRET", "/services"):
        assert secret not in said


def test_addresses_are_sealed_where_they_are_kept(contact: Contact) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT address FROM {Way._meta.db_table}")
        assert not [row for row in cursor.fetchall() if PHONE in row[0] or HOOK in row[0]]


def test_only_administrators_change_the_list(contact: Contact, commander: Actor, outsider: Actor) -> None:
    for who in (commander, outsider):
        with pytest.raises(Refused):
            contacts.change(contact, actor=who, name="x")
        with pytest.raises(Refused):
            contacts.set_ways(contact, [], actor=who)
        with pytest.raises(Refused):
            contacts.retire(contact, actor=who, reason="x")
    with pytest.raises(Refused):
        contacts.verify(contact.ways.all()[0], actor=outsider)


@pytest.mark.parametrize(
    "reach", [("fax", "1"), ("phone", "none"), ("mail", "x"), ("chat", ""), ("phone", "1" * 41), ("chat", "x" * 501)]
)
def test_what_is_no_way_is_refused(contact: Contact, admin: Actor, reach: tuple[str, str]) -> None:
    with pytest.raises(Refused):
        contacts.set_ways(contact, [Reach(*reach)], actor=admin)
    assert contact.ways.count() == 3


def test_a_retired_contact_makes_room_and_is_kept(contact: Contact, admin: Actor) -> None:
    contacts.retire(contact, actor=admin, reason="left the company")
    with pytest.raises(Refused):
        contacts.retire(contact, actor=admin, reason="again")
    again = accounts.add_contact("Kondo", "incident_commander", actor=admin)
    assert list(contacts.listed()) == [again]


def test_a_zone_that_is_not_there_is_refused(contact: Contact, admin: Actor) -> None:
    with pytest.raises(Refused, match="time zone"):
        contacts.change(contact, actor=admin, time_zone="Mars/Olympus")


LIST = """name,duty,level,phone,mail,user,quiet_from,quiet_to
近藤,incident_commander,1,090-1111-2222,,,23:00,07:00
Sato,technical_lead,2,,sato@example.com,,,
Nobody,cook,1,,,,,
Late,scribe,12,,,,,
Who,scribe,1,,,ghost,,
Bad,scribe,1,,not-mail,,,
"""


def _import(text: str | bytes, actor: Actor, *, dry_run: bool = False) -> contact_files.Imported:
    content = text.encode() if isinstance(text, str) else text
    return contact_files.import_csv(content, actor=actor, duties=dict(DUTIES), dry_run=dry_run)


def test_a_file_is_taken_in_and_each_bad_row_is_named(admin: Actor) -> None:
    dry = _import(LIST, admin, dry_run=True)
    assert not Contact.objects.exists()
    done = _import(LIST, admin)
    assert (dry.added, dry.bad) == (done.added, done.bad) == (["近藤", "Sato"], done.bad)
    assert [row.at_line for row in done.bad] == [4, 5, 6, 7]
    assert done.rows == len(done.added) + len(done.changed) + done.same + len(done.bad)
    assert contacts.quiet(Contact.objects.get(name="近藤")) == "23:00-07:00"
    again = _import(LIST.replace("Sato,technical_lead,2", "Sato,technical_lead,3"), admin)
    assert (again.changed, again.same) == (["Sato"], 1)
    assert Contact.objects.count() == 2


def test_a_list_saved_by_a_japanese_spreadsheet_is_read(admin: Actor) -> None:
    assert _import("name,duty\r\n近藤,scribe\r\n".encode("cp932"), admin).added == ["近藤"]


@pytest.mark.parametrize("text", ["", "name\nx\n", "name,duty,shoe\n", "name,name,duty\n", 'name,duty\n"x', "\x00"])
def test_what_is_no_contact_list_is_unreadable(admin: Actor, text: str) -> None:
    with pytest.raises(Unreadable):
        _import(text, admin)


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: f"name,duty,phone\n{text}".encode()))
@hypothesis_settings(max_examples=60)
def test_any_bytes_are_taken_in_or_refused(content: bytes) -> None:
    actor = Actor(name="a", door="cli", role="admin")
    try:
        done = _import(content, actor, dry_run=True)
    except HikeshiError:
        return
    assert done.rows == len(done.added) + len(done.changed) + done.same + len(done.bad)
