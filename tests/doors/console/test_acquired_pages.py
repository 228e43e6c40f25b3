"""What was acquired on a machine, handed in by the form; and the commands that the page offers."""

from __future__ import annotations

from pathlib import Path

from django.core.files.uploadedfile import SimpleUploadedFile

from acquired import acquired_disk
from doors.console.house import House, signed_in
from hikeshi.desk.evidence.models import Item


def test_a_file_with_its_acquisition_record_fills_the_fields(house: House, tmp_path: Path) -> None:
    folder = acquired_disk(tmp_path, b"the disk")
    files = {
        "file": SimpleUploadedFile("disk.img", (folder / "disk.img").read_bytes()),
        "acquisition": SimpleUploadedFile("acquisition.json", (folder / "acquisition.json").read_bytes()),
    }
    page = f"/incidents/{house.incident.name}/evidence/add/"
    answer = signed_in(house.responder).post(page, {**files, "kind": "file", "witness": "Aoki"}, follow=True)
    item = Item.objects.get(kind="disk")
    assert (item.collector, item.witness, item.source) == ("Sato", "Aoki", str(tmp_path / "disk"))
    assert "hikeshi x" in answer.content.decode()


def test_a_file_that_is_not_in_its_record_is_refused_in_words(house: House, tmp_path: Path) -> None:
    folder, before = acquired_disk(tmp_path, b"the disk"), Item.objects.count()
    files = {
        "file": SimpleUploadedFile("disk.img", b"another disk"),
        "acquisition": SimpleUploadedFile("acquisition.json", (folder / "acquisition.json").read_bytes()),
    }
    answer = signed_in(house.responder).post(f"/incidents/{house.incident.name}/evidence/add/", files)
    assert "none of those in the record" in answer.content.decode()
    assert Item.objects.count() == before


def test_the_page_offers_the_commands_of_this_incident_to_who_may_write(house: House) -> None:
    text = signed_in(house.responder).get(f"/incidents/{house.incident.name}/evidence/").content.decode()
    assert f"hikeshi evidence acquire image /dev/sdb --incident {house.incident.name}" in text
    assert f"hikeshi evidence acquire seal {house.incident.name} FOLDER" in text
