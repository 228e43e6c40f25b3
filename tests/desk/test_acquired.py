from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from acquired import acquired_disk
from hikeshi.custody.acquire import record as records
from hikeshi.desk.actor import Actor
from hikeshi.desk.evidence import acquired, record, verbs
from hikeshi.desk.evidence.models import Item
from hikeshi.desk.incidents.models import Incident
from hikeshi.errors import Refused, Unreadable

CONTENT = b"the disk"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return acquired_disk(tmp_path, CONTENT)


def test_a_folder_becomes_one_item_that_says_how_it_was_acquired(
    incident: Incident, on_it: Actor, folder: Path
) -> None:
    item = acquired.seal_folder(incident, folder, records.read(folder), actor=on_it)
    assert (item.kind, item.files, item.collector, item.tool, item.command) == (
        "disk",
        3,
        "Sato",
        "hikeshi",
        "hikeshi x",
    )
    assert hashlib.sha256(CONTENT).hexdigest() in verbs.files_of(item)
    assert {"collector", "witness", "began_at"} <= set(record.said_in(item))


def test_one_file_is_sealed_with_its_record_beside_it(incident: Incident, on_it: Actor, folder: Path) -> None:
    content = (folder / records.NAME).read_bytes()
    said = {"collector": "", "witness": "Aoki"}
    item = acquired.seal_upload(incident, folder / "disk.img", content, actor=on_it, title="Disk of web01", said=said)
    assert (item.title, item.collector, item.witness) == ("Disk of web01", "Sato", "Aoki")
    assert Item.objects.get(kind="receipt").sha256 == hashlib.sha256(content).hexdigest()


def test_a_file_that_the_record_does_not_list_is_not_sealed(incident: Incident, on_it: Actor, folder: Path) -> None:
    content = (folder / records.NAME).read_bytes()
    (folder / "other").write_bytes(b"other")
    with pytest.raises(Unreadable, match="none of those"):
        acquired.seal_upload(incident, folder / "other", content, actor=on_it)
    with pytest.raises(Unreadable, match="no acquisition record"):
        acquired.seal_upload(incident, folder / "disk.img", b"{}", actor=on_it)
    assert not Item.objects.exists()


def test_only_those_on_it_may_hand_it_in(incident: Incident, off_it: Actor, outsider: Actor, folder: Path) -> None:
    content = (folder / records.NAME).read_bytes()
    for actor in (off_it, outsider):
        with pytest.raises(Refused, match="may not"):
            acquired.seal_folder(incident, folder, records.read(folder), actor=actor)
        with pytest.raises(Refused, match="may not"):
            acquired.seal_upload(incident, folder / "disk.img", content, actor=actor)
    assert not Item.objects.exists()
