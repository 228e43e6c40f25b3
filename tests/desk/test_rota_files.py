"""Shifts from files of other systems: read, matched with the contact list, replaced when they come again; and calendars written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from hypothesis import given, settings as examples, strategies as st

from hikeshi.desk.accounts import contacts, verbs as accounts
from hikeshi.desk.actor import Actor
from hikeshi.desk.ledger.models import Entry
from hikeshi.desk.oncall import importing, rota_files, verbs
from hikeshi.desk.oncall.models import FixedShift, Rotation
from hikeshi.errors import Refused, Unreadable

NOW = datetime(2026, 11, 2, tzinfo=UTC)
TOKYO, BERLIN = ZoneInfo("Asia/Tokyo"), ZoneInfo("Europe/Berlin")
DAY = timedelta(days=1)
WEEKLY = """UID:a
DTSTART;TZID=Europe/Berlin:20261005T090000
DTEND;TZID=Europe/Berlin:20261012T090000
RRULE:FREQ=WEEKLY;INTERVAL=2;UNTIL=20261231T000000Z
EXDATE;TZID=Europe/Berlin:20261102T090000
RDATE;TZID=Europe/Berlin:20261109T090000
ATTENDEE;CN=Weber:mailto:weber@bank.example
SUMMARY:Commander"""


def ics(*events: str) -> bytes:
    body = "".join(f"BEGIN:VEVENT\n{event}\nEND:VEVENT\n" for event in events)
    return f"BEGIN:VCALENDAR\nVERSION:2.0\n{body}END:VCALENDAR\n".replace("\n", "\r\n").encode()


def read(content: bytes) -> importing.Reading:
    return importing.read(content, now=NOW, zone=TOKYO)


def test_a_rule_is_counted_on_the_wall_clock() -> None:
    found = read(ics(WEEKLY)).found
    assert [f"{one.start.astimezone(BERLIN):%m-%d %H:%M}" for one in found] == [
        "10-05 09:00", "10-19 09:00", "11-09 09:00", "11-16 09:00", "11-30 09:00", "12-14 09:00", "12-28 09:00",
    ]  # fmt: skip
    assert found[1].end - found[1].start == 7 * DAY + timedelta(hours=1)  # the clocks are put back on the 25th
    assert found[0].names == ("weber@bank.example", "Weber", "Commander")


def test_days_periods_and_moved_dates() -> None:
    daily = "UID:d\nDTSTART;VALUE=DATE:20261102\nRRULE:FREQ=DAILY;COUNT=3\nSUMMARY:Kondo"
    moved = "UID:d\nRECURRENCE-ID;VALUE=DATE:20261103\nDTSTART:20261103T120000Z\nDURATION:PT12H\nSUMMARY:Sato"
    gone = "UID:e\nSTATUS:CANCELLED\nDTSTART:20261103T120000Z\nDURATION:PT12H\nSUMMARY:Sato"
    found = read(ics(daily, moved, gone)).found
    assert [(one.names[-1], one.end - one.start) for one in found] == [
        ("Kondo", DAY),
        ("Sato", DAY / 2),
        ("Kondo", DAY),
    ]
    assert found[0].start == datetime(2026, 11, 1, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ("DTSTART:nonsense\nSUMMARY:x", "DTSTART"),
        ("DTSTART;TZID=Nowhere/Land:20261102T090000\nDURATION:P1D\nSUMMARY:x", "no time zone 'Nowhere/Land'"),
        ("DTSTART:20261102T090000Z\nSUMMARY:x", "no end"),
        ("DTSTART:20261102T090000Z\nDTEND:20261101T090000Z\nSUMMARY:x", "ends before it starts"),
        ("DTSTART:20261102T090000Z\nDURATION:P1D", "names nobody"),
        ("DTSTART:20261102T090000Z\nDURATION:P1D\nSUMMARY:x\nRRULE:FREQ=SECONDLY", "its rule is not understood"),
        ("DTSTART:20261102T090000Z\nDURATION:P1D\nSUMMARY:x\nRRULE:FREQ=DAILY;INTERVAL=0", "its rule"),
        ("DTSTART:20261102T090000Z\nDURATION:P1D\nSUMMARY:x\nRRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "its rule"),
        ("SUMMARY:x", "no start"),
    ],
)
def test_an_event_that_is_not_understood_is_named_and_the_others_stay(lines: str, reason: str) -> None:
    result = read(ics(f"UID:odd\n{lines}", WEEKLY))
    assert len(result.found) == 7
    ((place, said),) = result.bad
    assert place == "UID odd"
    assert reason in said


@pytest.mark.parametrize(
    ("header", "source"),
    [
        ("start,end,user.summary,user.email", "pagerduty"),
        ("Schedule,Start Date,End Date,Recipient", "opsgenie"),
        ("person,start,end", "other"),
    ],
)
def test_a_table_is_known_by_its_header(header: str, source: str) -> None:
    names = header.split(",")
    cells = {"start": "2026-11-02T09:00:00+09:00", "Start Date": "2026-11-02 09:00", "end": "2026-11-09T00:00Z"}
    cells |= {"End Date": "2026-11-09T00:00:00Z"}
    row = ",".join(cells.get(name, "Kondo") for name in names)
    result = read(f"{header}\n{row}\n{row.replace('2026', '1999')}\nx,y\n".encode("utf-8-sig"))
    assert (result.source, result.outside) == (source, 1)
    assert (result.found[0].start, result.found[0].end) == (NOW, NOW + 7 * DAY)
    assert result.bad == [("line 4", "it has too few cells")]


def test_limits() -> None:
    ever = "DTSTART:{}0101T000000Z\nDURATION:P1D\nSUMMARY:x\nRRULE:FREQ=DAILY"
    assert 480 < len(read(ics("UID:e\n" + ever.format(2020))).found) < 500
    for content in (
        b"x" * (importing.MOST_BYTES + 1),
        ics(*[ever.format(2026)] * 20),
        ics(*[ever.format(1000)] * 3),
        b"name,duty\n",
        b"\xff\xfe\x00",
        ics("DTSTART;TZID=Europe/:20261005T090000"),
    ):
        with pytest.raises(Unreadable):
            read(content)


@examples(max_examples=60)
@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: ics(f"UID:x\n{text}")))
def test_anything_else_only_is_unreadable(content: bytes) -> None:
    for sent in (content, b"BEGIN:VCALENDAR\r\n" + content, b"person,start,end\n" + content):
        try:
            result = read(sent)
        except Unreadable:
            continue
        assert all(one.start < one.end for one in result.found)


@pytest.fixture
def rotation(admin: Actor) -> Rotation:
    for name in ("Kondo", "Sato"):
        row = accounts.add_contact(name, "incident_commander", actor=admin)
        contacts.set_ways(row, [contacts.Reach("mail", f"{name.lower()}@bank.example")], actor=admin)
    accounts.add_contact("Kondo", "scribe", actor=admin)
    return verbs.make("Commanders", "incident_commander", [], actor=admin)


def table(*rows: tuple[str, int]) -> bytes:
    """Shifts of one day each, from so many days before or after now."""
    now = timezone.now()
    lines = [f"{name},{(now + day * DAY).isoformat()},{(now + (day + 1) * DAY).isoformat()}" for name, day in rows]
    return "\n".join(["person,start,end", *lines]).encode()


def on(rotation: Rotation) -> list[str]:
    return [str(row.contact) for row in FixedShift.objects.filter(rotation=rotation).order_by("start")]


def test_shifts_ahead_are_replaced_and_those_over_stay(rotation: Rotation, admin: Actor) -> None:
    first = rota_files.take_in(
        rotation, table(("Kondo", -5), ("SATO@bank.example", 1), ("On call - Kondo (primary)", 2), ("Mori", 3)), actor=admin
    )  # fmt: skip
    assert (first.shifts, first.people, [bad.place for bad in first.bad]) == (3, ["Kondo", "Sato"], ["line 5"])
    assert {row.contact.duty for row in FixedShift.objects.select_related("contact")} == {"incident_commander"}
    tried = rota_files.take_in(rotation, table(("Kondo", 1)), actor=admin, dry_run=True)
    assert (tried.replaced, on(rotation)) == (2, ["Kondo", "Sato", "Kondo"])
    assert rota_files.take_in(rotation, table(("Mori", 1)), actor=admin).replaced == 0  # nothing of it can be read
    rota_files.take_in(rotation, table(("Kondo", 1)), actor=admin)
    assert on(rotation) == ["Kondo", "Kondo"]
    assert Entry.objects.filter(verb="rotation.import").count() == 2


def test_administrators_take_in_and_responders_write_calendars(
    rotation: Rotation, admin: Actor, off_it: Actor, outsider: Actor
) -> None:
    rota_files.take_in(rotation, table(("Kondo", 1), ("Sato", 2)), actor=admin)
    for who in (off_it, outsider):
        with pytest.raises(Refused):
            rota_files.take_in(rotation, table(("Kondo", 1)), actor=who)
    with pytest.raises(Refused):
        rota_files.calendar(actor=outsider, rotation=rotation)
    with pytest.raises(Refused):
        rota_files.calendar(actor=off_it)
    assert rota_files.calendar(actor=off_it, person="Sato").count(b"BEGIN:VEVENT") == 1
    again = rota_files.take_in(rotation, rota_files.calendar(actor=off_it, rotation=rotation), actor=admin)
    assert (again.source, again.shifts, again.people, again.bad) == ("ical", 2, ["Kondo", "Sato"], [])
