"""Writing: whole or not at all, the same bytes for the same contents, and not twice after an interruption."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bundles import AWKWARD, folder_of, zip_of
from hikeshi.custody.bundle.checking import check
from hikeshi.custody.bundle.contents import Contents, closing, parts
from hikeshi.custody.bundle.parts import Part, write_folder
from hikeshi.custody.locker import Locker
from hikeshi.errors import Failed


def test_the_same_contents_give_the_same_bytes(contents: Contents, tmp_path: Path) -> None:
    assert zip_of(contents, tmp_path / "a.zip").read_bytes() == zip_of(contents, tmp_path / "b.zip").read_bytes()


def test_zip_and_folder_hold_the_same(folder: Path, zipped: Path) -> None:
    with zipfile.ZipFile(zipped) as archive:
        for name in archive.namelist():
            assert archive.read(name) == (folder / name).read_bytes(), name
        assert archive.testzip() is None


def test_every_file_of_a_folder_is_there_under_its_name_or_its_hash(folder: Path) -> None:
    held = [path for path in (folder / "items" / "EV-002").rglob("*") if path.is_file()]
    assert len(held) == len(AWKWARD) + 1
    assert (folder / "items/EV-002/tree/日本語.log").read_text() == "this is 日本語.log"
    assert not (folder / "items/EV-002/tree/README").exists()  # readme is there too


def test_an_item_that_is_not_as_it_was_sealed_does_not_leave(contents: Contents, tmp_path: Path) -> None:
    path = Locker(tmp_path / "locker").path(contents.items[0].record["sha256"])
    path.chmod(0o644)
    path.write_bytes(b"changed")
    (tmp_path / "out").mkdir()
    with pytest.raises(Failed, match="EV-001"):
        zip_of(contents, tmp_path / "out" / "b.zip")
    assert list((tmp_path / "out").iterdir()) == []


def test_an_interrupted_folder_goes_on_where_it_was(contents: Contents, tmp_path: Path) -> None:
    def interrupted() -> Iterator[Part]:
        for number, part in enumerate(parts(contents)):
            if number == 3:
                raise KeyboardInterrupt
            yield part

    with pytest.raises(KeyboardInterrupt):
        write_folder(interrupted(), closing(contents), tmp_path / "b", lambda _count: None)
    assert not (tmp_path / "b").exists()
    kept = next((tmp_path / ".b.part" / "items" / "EV-001").iterdir())
    before = kept.stat().st_ino
    (tmp_path / ".b.part" / "stray").write_text("of an earlier try")
    made = folder_of(contents, tmp_path / "b")
    assert (made / kept.relative_to(tmp_path / ".b.part")).stat().st_ino == before
    assert check(made).outcome == "match"


def test_a_part_spoiled_by_the_interruption_is_written_again(contents: Contents, tmp_path: Path) -> None:
    sha256 = contents.items[0].record["sha256"]
    spoiled = tmp_path / ".b.part" / "items" / "EV-001" / sha256
    spoiled.parent.mkdir(parents=True)
    spoiled.write_bytes(b"half")
    assert check(folder_of(contents, tmp_path / "b")).outcome == "match"
