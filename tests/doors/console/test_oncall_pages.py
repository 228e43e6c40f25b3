"""The pages "On call" and "My work": who is on, what waits, and hand-overs answered there."""

from __future__ import annotations

from datetime import timedelta
from html import escape
from pathlib import Path

import msgspec
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from pytest_django.fixtures import Settings

from doors.console.house import HOSTILE, House, as_actor, build, signed_in
from hikeshi.desk.accounts import verbs as accounts
from hikeshi.desk.accounts.models import Contact, Way
from hikeshi.desk.incidents import handover, verbs as incidents
from hikeshi.desk.incidents.models import Task
from hikeshi.desk.oncall import verbs as oncall
from hikeshi.desk.oncall.models import Override, Rotation
from hikeshi.desk.oncall.verbs import PartSpec

pytestmark = pytest.mark.django_db
IC = "incident_commander"


@pytest.fixture
def house(settings: Settings, tmp_path: Path) -> House:
    settings.ENVIRONMENT = msgspec.structs.replace(settings.ENVIRONMENT, home=tmp_path)
    return build(tmp_path)


@pytest.fixture
def rotation(house: House) -> Rotation:
    admin = as_actor(house.admin)
    mine = accounts.add_contact("Suzuki", IC, actor=admin, phone="+81-90-5550-1234", person=house.other)
    other = accounts.add_contact(HOSTILE, IC, actor=admin)
    part = PartSpec(
        [mine, other], "Asia/Tokyo", timezone.localdate() - timedelta(days=1), timezone.localtime().time(), 2
    )
    return oncall.make(HOSTILE[:70], IC, [part], actor=admin)


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_rota_is_drawn_and_numbers_are_cut(house: House, rotation: Rotation, language: str) -> None:
    text = signed_in(house.other, language).get("/oncall/").content.decode()
    assert 'class="rota-me"' in text
    assert 'class="rota-x"' in text
    assert "…1234" in text
    assert "5550-1234" not in text
    assert HOSTILE not in text
    assert escape(HOSTILE[:10]) in text


def test_a_shift_is_covered_a_way_verified_and_taken_back(house: House, rotation: Rotation) -> None:
    browser = signed_in(house.other)
    who = Contact.objects.get(name="Suzuki").pk
    wrong = browser.post(
        "/oncall/act/cover/", {"rotation": rotation.pk, "contact": who, "start": "x", "end": "y", "reason": "leave"}
    )
    assert wrong.status_code == 403
    assert "leave" in wrong.content.decode()
    sent = {
        "rotation": rotation.pk,
        "contact": who,
        "start": "2027-01-01T09:00",
        "end": "2027-01-02T09:00",
        "reason": "leave",
    }
    assert browser.post("/oncall/act/cover/", sent).status_code == 302
    assert browser.post("/oncall/act/uncover/", {"override": Override.objects.get().pk}).status_code == 302
    assert browser.post("/oncall/act/verify/", {"way": Way.objects.get().pk}).status_code == 302
    assert Way.objects.get().verified_by == str(house.other)


def test_the_list_is_changed_by_administrators(house: House, rotation: Rotation) -> None:
    file = SimpleUploadedFile("list.csv", b"name,duty\nOta,scribe\nBad,cook\n")
    admin = signed_in(house.admin)
    tried = admin.post("/oncall/act/import/", {"file": file, "way": "try"}).content.decode()
    assert "2 rows: 1 added" in tried
    assert not Contact.objects.filter(name="Ota").exists()
    file.seek(0)
    admin.post("/oncall/act/import/", {"file": file, "way": "take"})
    assert (
        admin.post(
            "/oncall/act/add/", {"name": "Mori", "duty": "scribe", "level": "2", "phone": "090-1111-2222"}
        ).status_code
        == 302
    )
    number = Contact.objects.get(name="Ota").pk
    for browser, status in ((signed_in(house.commander), 403), (admin, 302)):
        assert browser.post("/oncall/act/retire/", {"contact": number, "reason": "left"}).status_code == status


def test_shifts_are_tried_then_taken_in_and_go_into_a_calendar(house: House, rotation: Rotation) -> None:
    now = timezone.now()
    file = SimpleUploadedFile(
        "rota.csv", f"person,start,end\nSuzuki,{now},{now + timedelta(days=1)}\n{HOSTILE[:20]},x,y\n".encode()
    )
    for browser, way, status, kept in (
        (signed_in(house.commander), "take", 403, 0), (signed_in(house.admin), "try", 200, 0), (signed_in(house.admin, "ja"), "take", 200, 1),
    ):  # fmt: skip
        file.seek(0)
        answer = browser.post("/oncall/act/shifts/", {"file": file, "way": way, "rotation": rotation.pk})
        assert (answer.status_code, rotation.fixed.count()) == (status, kept)
        assert HOSTILE[:20] not in answer.content.decode()
    address = f"/oncall/calendar/{rotation.pk}/"
    assert b"SUMMARY:On call: Suzuki" in signed_in(house.other).get(address).content
    assert signed_in(house.outsider).get(address).status_code in (403, 404)


def test_the_kit_is_a_file_for_those_who_may_read_the_list(house: House, rotation: Rotation) -> None:
    answer = signed_in(house.other, "ja").get("/oncall/kit/html/")
    assert "attachment" in answer["Content-Disposition"]
    assert "インシデント対応キット" in answer.content.decode()
    for address in ("/oncall/", "/oncall/kit/html/"):
        assert signed_in(house.outsider).get(address).status_code in (403, 404)


def test_what_waits_is_listed_nearest_deadline_first(house: House) -> None:
    now = timezone.now()
    incidents.assign(house.incident, IC, actor=as_actor(house.commander), person=house.responder)
    Task.objects.create(
        incident=house.incident,
        title="Name a scribe",
        owner=house.responder,
        due=now + timedelta(days=300),
        made_by="x",
        made_at=now,
    )
    text = signed_in(house.responder).get("/mine/").content.decode()
    assert text.index("Respond to SEV-2") < text.index("Name a scribe")
    assert "Nothing waits" in signed_in(house.outsider).get("/mine/").content.decode()


def test_a_hand_over_is_proposed_in_the_room_and_accepted_in_my_work(house: House) -> None:
    incidents.assign(house.incident, IC, actor=as_actor(house.commander), person=house.responder)
    old, new = signed_in(house.responder), signed_in(house.other, "ja")
    sent = {"duty": IC, "person": house.other.pk, "words": HOSTILE}
    assert old.post(f"/incidents/{house.incident.name}/handover/", sent).status_code == 302
    row = house.incident.handovers.get()
    shown = new.get("/mine/").content.decode()
    assert HOSTILE not in shown
    assert escape(HOSTILE) in shown
    assert "最初に行うこと" in shown
    assert new.post(f"/mine/{row.pk}/accept/", {"say_back": " "}).status_code == 403
    assert old.post(f"/mine/{row.pk}/accept/", {"say_back": "x"}).status_code == 403
    assert new.post(f"/mine/{row.pk}/accept/", {"say_back": "Send it."}).status_code == 302
    assert [str(role) for role in house.incident.roles.filter(duty=IC, until=None)] == [str(house.other)]
    assert new.post("/mine/99999/accept/", {"say_back": "x"}).status_code == 404


def test_a_proposal_is_declined_or_withdrawn(house: House) -> None:
    lead = as_actor(house.commander)
    for browser, act in ((signed_in(house.other), "decline"), (signed_in(house.commander), "withdraw")):
        row = handover.propose(house.incident, "scribe", house.other, actor=lead)
        assert browser.post(f"/mine/{row.pk}/{act}/", {"reason": "busy"}).status_code == 302


def test_rotations_are_made_changed_and_ended_by_administrators(house: House, rotation: Rotation) -> None:
    browser = signed_in(house.admin)
    part = {
        "members": "Suzuki\n",
        "every": "weekly",
        "weekday": "mon",
        "at": "09:00",
        "zone": "Asia/Tokyo",
        "hours": "",
    }
    made = {"name": "Night", "duty": IC, "level": "2", "calendar": "JP_ADMIN", **part}
    assert browser.post("/oncall/rotations/make/", made).status_code == 302
    row = Rotation.objects.get(name="Night")
    assert browser.post("/oncall/rotations/part/", {"rotation": row.pk, "way": "add", **part}).status_code == 302
    assert row.parts.count() == 2
    wrong = browser.post("/oncall/rotations/part/", {"rotation": row.pk, "way": "add", **part, "members": "Nobody"})
    assert (wrong.status_code, "Nobody" in wrong.content.decode()) == (403, True)
    about = {"rotation": row.pk, "level": "3", "calendar": ""}
    assert browser.post("/oncall/rotations/describe/", about).status_code == 302
    row.refresh_from_db()
    assert (row.level, row.calendar) == (3, "")
    assert browser.post("/oncall/rotations/retire/", {"rotation": row.pk, "reason": "over"}).status_code == 302
    assert signed_in(house.other).get("/oncall/rotations/").status_code == 404


def test_a_contact_and_the_ways_to_reach_them_are_changed(house: House, rotation: Rotation) -> None:
    browser, row = signed_in(house.admin), Contact.objects.get(name="Suzuki")
    where = f"/oncall/contacts/{row.pk}/"
    ways = {
        "what": "ways",
        "channel": ["mail", "sms", "phone"],
        "address": ["suzuki@example.com", "+81-90-5550-0142", ""],
    }
    assert browser.post(where, ways).status_code == 302
    assert [way.channel for way in row.ways.all()] == ["mail", "sms"]
    kept = browser.post(where, {**ways, "address": ["none", "+81-90-5550-0142", ""]})
    assert (kept.status_code, 'value="none"' in kept.content.decode()) == (403, True)
    line = {
        "what": "line",
        "name": "Suzuki",
        "duty": IC,
        "level": "2",
        "language": "ja",
        "zone": "Asia/Tokyo",
        "quiet_from": "23:00",
        "quiet_to": "07:00",
    }
    assert browser.post(where, line).status_code == 302
    row.refresh_from_db()
    assert (row.level, row.language, str(row.quiet_from)) == (2, "ja", "23:00:00")
    assert signed_in(house.commander).get(where).status_code == 404
