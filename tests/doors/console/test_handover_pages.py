"""The page behind a transfer's link: no account, one item, one answer, and nothing for a guesser."""

from __future__ import annotations

import hashlib

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from doors.console.house import House, as_actor
from hikeshi.desk.evidence import transfers, verbs as evidence
from hikeshi.desk.evidence.models import Item
from hikeshi.doors.console.limits import TRIES


@pytest.fixture
def address(house: House) -> str:
    _, secret = transfers.offer(
        house.item, actor=as_actor(house.responder), receiver="Outside lab", purpose="malware <b>"
    )
    return f"/handover/{secret}/"


def test_it_shows_this_item_and_nothing_of_the_incident(house: House, address: str) -> None:
    text = Client().get(address).content.decode()
    for shown in (house.item.name, house.item.sha256, "malware &lt;b&gt;", "sato"):
        assert shown in text
    for hidden in (house.incident.name, "Mining traffic", house.item.title, house.item.source or "trail.json", "kondo"):
        assert hidden not in text


def test_the_language_can_be_switched(address: str) -> None:
    client = Client()
    client.post("/prefer/", {"language": "ja", "next": address})
    assert "証拠の受け渡しの申し出" in client.get(address).content.decode()


def test_the_receiver_downloads_and_accepts_with_the_hash_of_what_came(house: House, address: str) -> None:
    client = Client()
    answer = client.get(f"{address}bytes/")
    content = b"".join(answer.streaming_content)  # type: ignore[attr-defined]  # a FileResponse
    assert hashlib.sha256(content).hexdigest() == house.item.sha256
    assert answer["Content-Disposition"].startswith("attachment")
    assert house.incident.name not in answer["Content-Disposition"]
    assert evidence.custody(house.item)[-1].verb == "evidence.hand_out"
    sent = {"name": "Dr. Kim", "file": SimpleUploadedFile("x", content), "answer": "accept"}
    text = client.post(address, sent).content.decode()
    entry = evidence.custody(house.item)[-1]
    assert "Your hash is the same as ours" in text
    assert entry.hash in text
    assert (entry.verb, entry.actor) == ("evidence.transfer_in", "Dr. Kim (by link)")
    assert Item.objects.get(pk=house.item.pk).held_by == "Outside lab"
    assert client.get(address).status_code == 404


def test_another_hash_is_told_and_kept(house: House, address: str) -> None:
    text = Client().post(address, {"name": "Dr. Kim", "sha256": "0" * 64, "answer": "accept"}).content.decode()
    assert "Your hash is another one" in text
    assert evidence.custody(house.item)[-1].verb == "evidence.refuse"
    assert Item.objects.get(pk=house.item.pk).held_by == ""


def test_the_receiver_refuses_with_a_reason(address: str) -> None:
    client = Client()
    refused = client.post(address, {"name": "Dr. Kim", "answer": "refuse"})
    assert refused.status_code == 403
    assert 'value="Dr. Kim"' in refused.content.decode()
    text = client.post(address, {"name": "Dr. Kim", "answer": "refuse", "reason": "not ours"}).content.decode()
    assert "You have refused it" in text


def test_a_wrong_link_a_used_one_and_none_are_answered_alike(house: House, address: str) -> None:
    client = Client()
    wrong = client.get("/handover/guess/")
    transfers.withdraw(house.item.transfers.get(), actor=as_actor(house.responder), reason="x")
    spent = client.get(address)
    assert (wrong.status_code, spent.status_code) == (404, 404)
    assert client.get(f"{address}bytes/").status_code == 404
    assert client.post(address, {"name": "x", "sha256": "0" * 64}).status_code == 404
    assert "does not work" in wrong.content.decode()


def test_one_address_may_not_try_often(house: House, address: str) -> None:
    client = Client()
    for number in range(TRIES):
        client.get(f"/handover/guess{number}/")
    assert client.get(address).status_code == 429
    assert client.get("/invite/guess/").status_code == 404  # counted apart


def test_a_folder_gives_its_list_and_each_of_its_files(house: House, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("folder")
    for name in ("a", "b"):
        (folder / name).write_text(name)
    item = evidence.seal_files(house.incident, [folder], actor=as_actor(house.responder), title="Folder", kind="file")
    _, secret = transfers.offer(item, actor=as_actor(house.responder), receiver="Lab", purpose="x")
    client, wanted = Client(), hashlib.sha256(b"a").hexdigest()
    assert "SHA-256 of one file" in client.get(f"/handover/{secret}/").content.decode()
    answer = client.get(f"/handover/{secret}/bytes/?sha256={wanted}")
    assert b"".join(answer.streaming_content) == b"a"  # type: ignore[attr-defined]  # a FileResponse
    assert client.get(f"/handover/{secret}/bytes/?sha256={house.item.sha256}").status_code == 403


def test_malware_leaves_in_a_zip_by_the_link_too(house: House) -> None:
    sample = evidence.seal_bytes(
        house.incident, b"MZ", actor=as_actor(house.responder), title="dropper.exe", kind="malware"
    )
    _, secret = transfers.offer(sample, actor=as_actor(house.responder), receiver="Lab", purpose="x")
    assert "infected" in Client().get(f"/handover/{secret}/").content.decode()
    answer = Client().get(f"/handover/{secret}/bytes/")
    assert b"".join(answer.streaming_content).startswith(b"PK")  # type: ignore[attr-defined]  # a FileResponse
    assert ".zip" in answer["Content-Disposition"]
