"""The locker's page: what is held, checking it again, and taking it along without opening it."""

from __future__ import annotations

import hashlib

from doors.console.house import House, as_actor, signed_in
from hikeshi import __version__
from hikeshi.desk.evidence import record, verbs as evidence
from hikeshi.desk.evidence.models import Item


def root(house: House, item: str) -> str:
    return f"/incidents/{house.incident.name}/evidence/{item}/"


def test_the_custody_line_and_the_whole_hash_are_shown(house: House) -> None:
    text = signed_in(house.responder).get(root(house, house.item.name)).content.decode()
    assert house.item.sha256 in text
    assert f"Evidence {house.item.name} sealed" in text


def test_verifying_says_that_the_bytes_are_the_same(house: House) -> None:
    client = signed_in(house.responder)
    answer = client.post(root(house, house.item.name) + "verify/", follow=True)
    assert "the bytes are the same" in answer.content.decode()
    house.item.refresh_from_db()
    assert house.item.check_result == "match"


def test_changed_bytes_are_noticed_and_said_in_red(house: House) -> None:
    path = evidence.locker().path(house.item.sha256)
    path.chmod(0o600)
    path.write_bytes(b"something else")
    answer = signed_in(house.responder).post(root(house, house.item.name) + "verify/", follow=True)
    text = answer.content.decode()
    assert "NOT the ones" in text
    assert "badge-fire" in text


def test_a_download_is_an_attachment_of_no_type_with_the_sealed_bytes(house: House) -> None:
    item = evidence.seal_bytes(
        house.incident,
        b"<html><script>alert(1)</script>",
        actor=as_actor(house.responder),
        title="page.html",
        kind="file",
    )
    answer = signed_in(house.responder).get(root(house, item.name) + "download/")
    content = b"".join(answer.streaming_content)  # type: ignore[attr-defined]  # a FileResponse
    assert hashlib.sha256(content).hexdigest() == item.sha256
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_an_item_that_is_not_there_is_not_found(house: House) -> None:
    client = signed_in(house.responder)
    assert client.get(root(house, "EV-999")).status_code == 404
    assert client.post(root(house, "EV-999") + "verify/").status_code == 404


def test_an_empty_locker_says_how_to_fill_it(house: House) -> None:
    house.paper.delete()
    Item.objects.exclude(pk=house.item.pk).delete()
    house.timeline.items.clear()
    house.item.delete()
    assert (
        "Nothing is sealed yet"
        in signed_in(house.responder).get(f"/incidents/{house.incident.name}/evidence/").content.decode()
    )


def test_what_an_image_records_is_shown_and_its_content_can_be_checked(house: House) -> None:
    house.item.container, house.item.recorded_hashes = "E01", {"md5": "0f" * 16}
    house.item.save()
    client = signed_in(house.responder)
    text = client.get(root(house, house.item.name)).content.decode()
    assert "0f" * 16 in text
    assert "Check the content" in text
    answer = client.post(root(house, house.item.name) + "verify/", {"content": "1"}, follow=True)
    assert "could not be checked" in answer.content.decode()


def test_malware_is_downloaded_in_a_zip_with_a_password(house: House) -> None:
    item = evidence.seal_bytes(
        house.incident, b"MZ a sample", actor=as_actor(house.responder), title="dropper", kind="malware"
    )
    client = signed_in(house.responder)
    assert "in a zip with the password" in client.get(root(house, item.name)).content.decode()
    answer = client.get(root(house, item.name) + "download/")
    assert b"".join(answer.streaming_content).startswith(b"PK")  # type: ignore[attr-defined]  # a file response


def test_what_stays_in_s3_is_recorded_from_the_page(house: House) -> None:
    client = signed_in(house.responder)
    path = f"/incidents/{house.incident.name}/evidence/"
    assert "Record what stays where it is" in client.get(path).content.decode()
    answer = client.post(path + "leave/", {"address": "elsewhere", "kind": "file"})
    text = answer.content.decode()
    assert "no object in S3" in text
    assert 'value="elsewhere"' in text


def test_the_version_of_a_record_is_not_taken_for_ours(house: House) -> None:
    text = signed_in(house.responder).get(root(house, house.item.name)).content.decode()
    assert f"Hikeshi {__version__}" in text
    assert f'name="version" value="{record.version(house.item)}"' in text
