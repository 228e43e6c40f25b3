"""The bundle's page: what goes along is chosen, the zip is handed over, a bundle is taken in."""

from __future__ import annotations

import io
import zipfile

from django.core.files.uploadedfile import SimpleUploadedFile

from doors.console.house import House, signed_in
from hikeshi.desk.evidence.models import Item


def root(house: House) -> str:
    return f"/incidents/{house.incident.name}/bundle/"


def made(house: House, **chosen: object) -> bytes:
    answer = signed_in(house.responder).post(f"{root(house)}export/", chosen)
    assert answer.status_code == 200
    assert answer["Content-Disposition"].startswith("attachment")
    return b"".join(answer.streaming_content)  # type: ignore[attr-defined]  # the test client's answer


def test_the_chosen_items_are_handed_over_as_one_zip(house: House) -> None:
    content = made(house, items=[house.item.name], recipient="police", purpose="report", record="custody")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        held = {name.split("/")[1] for name in archive.namelist() if name.startswith("items/")}
    assert held == {house.item.name}


def test_the_page_is_reached_from_the_locker(house: House) -> None:
    text = signed_in(house.responder).get(f"/incidents/{house.incident.name}/evidence/").content.decode()
    assert root(house) in text


def test_a_bundle_of_this_incident_is_taken_in_and_a_second_time_refused(house: House) -> None:
    content, before = made(house, items=[house.item.name]), Item.objects.count()
    client = signed_in(house.responder)
    for status in (200, 403):
        file = SimpleUploadedFile("b.zip", content)
        answer = client.post(f"{root(house)}import/", {"file": file}, follow=True)
        assert answer.status_code == status
    assert Item.objects.count() == before + 2
    assert "has this bundle already" in answer.content.decode()


def test_what_was_typed_is_kept_when_it_is_refused(house: House) -> None:
    client = signed_in(house.responder)
    sent = {"items": ["EV-999"], "recipient": "the police", "purpose": "report"}
    answer = client.post(f"{root(house)}export/", sent)
    assert answer.status_code == 403
    assert 'value="the police"' in answer.content.decode()
    assert client.post(f"{root(house)}import/", {}).status_code == 403


def test_who_may_not_read_the_incident_finds_nothing(house: House) -> None:
    for person in (house.other, house.outsider):
        assert signed_in(person).get(root(house)).status_code == 404
        assert signed_in(person).post(f"{root(house)}export/").status_code == 404
