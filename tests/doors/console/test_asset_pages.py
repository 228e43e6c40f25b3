"""The asset register in the console."""

from __future__ import annotations

import re

from django.core.files.uploadedfile import SimpleUploadedFile

from doors.console.house import House, signed_in
from hikeshi.desk.assets.models import Asset

FILE = "識別子,重要度\ni-1,高\ni-2,紫\n".encode("cp932")


def test_a_file_is_shown_then_written_by_the_second_click(house: House) -> None:
    client = signed_in(house.responder)
    shown = client.post("/assets/import/", {"file": SimpleUploadedFile("a.csv", FILE)}).content.decode()
    assert "<code>i-1</code>" in shown
    assert "紫" in shown
    assert not Asset.objects.filter(identifier="i-1").exists()
    carried = re.search(r'name="carried" value="([^"]+)"', shown)
    assert carried is not None
    client.post("/assets/import/", {"write": "1", "carried": carried[1]})
    assert Asset.objects.get(identifier="i-1").criticality == 2


def test_a_change_on_an_older_state_is_a_conflict_and_nothing_is_written(house: House) -> None:
    client, address = signed_in(house.responder), f"/assets/{house.asset.pk}/"
    seen = re.search(r'name="seen" value="([^"]+)"', client.get(address).content.decode())
    assert seen is not None
    form = {"seen": seen[1], "name": "Web 1", "criticality": "2", "environment": "production"}
    assert client.post(f"{address}change/", form).status_code == 302
    answer = client.post(f"{address}change/", form | {"name": "Web 2"})
    assert answer.status_code == 409
    assert "Web 2" in answer.content.decode()
    assert Asset.objects.get(pk=house.asset.pk).name == "Web 1"


def test_what_is_not_accepted_says_so_and_keeps_what_was_typed(house: House) -> None:
    client = signed_in(house.responder)
    answer = client.post("/assets/add/", {"identifier": "0.0.0.0/0"})
    assert answer.status_code == 403
    assert 'value="0.0.0.0/0"' in answer.content.decode()
    assert client.post("/assets/import/", {"file": SimpleUploadedFile("a.csv", b"name\nx\n")}).status_code == 422


def test_an_asset_is_found_by_its_owner(house: House) -> None:
    client = signed_in(house.responder)
    assert "i-0abc" in client.get("/assets/", {"search": "営業"}).content.decode()
    assert "i-0abc" not in client.get("/assets/", {"search": "総務"}).content.decode()


def test_a_stranger_sees_nothing(house: House) -> None:
    client = signed_in(house.outsider)
    for address in ("/assets/", f"/assets/{house.asset.pk}/", "/assets/import/"):
        answer = client.get(address)
        assert answer.status_code == 404
        assert "i-0abc" not in answer.content.decode()
