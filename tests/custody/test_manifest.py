from __future__ import annotations

import hashlib
import os
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
from hypothesis import given, settings, strategies as st

from hikeshi.custody.locker import Locker
from hikeshi.custody.manifest import Manifest, describe
from hikeshi.errors import Refused

names = st.text("ab證ü .", min_size=1, max_size=6).filter(lambda name: name.strip(" .") != "")


@settings(max_examples=20, deadline=None)
@given(st.dictionaries(names, st.binary(max_size=50), min_size=1, max_size=5))
def test_every_file_is_listed_with_its_hash_and_comes_back(contents: dict[str, bytes]) -> None:
    with TemporaryDirectory() as place:
        folder, locker = Path(place, "case"), Locker(Path(place, "locker"))
        folder.mkdir()
        for name, content in contents.items():
            (folder / name).write_bytes(content)
        sealed, manifest = locker.seal_tree(folder)
        listed = {entry.path: entry.sha256 for entry in manifest.entries}
        assert listed == {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
        assert all(locker.verify(entry.sha256) == "match" for entry in manifest.entries)
        assert msgspec.json.decode(sealed.path.read_bytes(), type=Manifest) == manifest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "evidence"
    (folder / "var" / "log").mkdir(parents=True)
    (folder / "var" / "log" / "auth.log").write_bytes(b"sshd")
    (folder / "bash_history").write_bytes(b"curl")
    os.utime(folder / "bash_history", ns=(0, 1_762_450_260_123_456_789))
    return folder


def test_names_are_relative_sorted_and_times_are_utc_microseconds(locker: Locker, folder: Path) -> None:
    manifest = locker.seal_tree(folder)[1]
    assert [entry.path for entry in manifest.entries] == ["bash_history", "var/log/auth.log"]
    assert manifest.entries[0].mtime == 1_762_450_260_123_456


def test_the_same_folder_gives_the_same_manifest(locker: Locker, folder: Path) -> None:
    assert locker.seal_tree(folder)[0].sha256 == locker.seal_tree(folder)[0].sha256


def test_links_are_recorded_and_not_followed(locker: Locker, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_bytes(b"not ours")
    (folder / "dir").symlink_to(tmp_path / "outside")
    (folder / "gone").symlink_to("nowhere")
    entries = {entry.path: entry for entry in locker.seal_tree(folder)[1].entries}
    assert {name: entry.target for name, entry in entries.items() if entry.kind == "symlink"} == {
        "dir": str(tmp_path / "outside"),
        "gone": "nowhere",
    }
    assert "dir/secret" not in entries


def test_pipes_and_unreadable_names_are_listed_and_the_rest_goes_on(locker: Locker, folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    (folder / os.fsdecode(b"bad\xff")).write_bytes(b"name")
    manifest = locker.seal_tree(folder)[1]
    assert [(entry.path, entry.kind) for entry in manifest.incomplete] == [("pipe", "special")]
    odd = next(entry for entry in manifest.entries if entry.path_hex)
    assert (odd.path, bytes.fromhex(odd.path_hex)) == ("bad\\xff", b"bad\xff")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_listed_as_such(locker: Locker, folder: Path) -> None:
    (folder / "bash_history").chmod(0)
    (folder / "var" / "log").chmod(0)
    found = {entry.path: entry.kind for entry in locker.seal_tree(folder)[1].entries}
    (folder / "var" / "log").chmod(0o700)
    assert found == {"bash_history": "unreadable", "var/log": "unreadable"}


def test_a_name_that_vanished_is_listed_as_unreadable(folder: Path) -> None:
    entry = describe("gone", folder / "gone")
    assert (entry.kind, entry.note) == ("unreadable", "No such file or directory")


def test_a_file_that_changes_while_read_is_said(locker: Locker, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write, target = os.pwrite, folder / "bash_history"

    def busy(descriptor: int, content: bytes, at: int) -> int:
        if content == b"curl" == target.read_bytes():
            target.write_bytes(b"wget")
        return write(descriptor, content, at)

    (folder / "var" / "log" / "auth.log").write_bytes(b"another length")
    monkeypatch.setattr(os, "pwrite", busy)
    manifest = locker.seal_tree(folder)[1]
    assert [(entry.path, entry.note) for entry in manifest.incomplete] == [
        ("bash_history", "changed while it was read; a second reading gave other bytes; sealed are those of the first")
    ]


def test_single_files_are_listed_relative_to_what_they_share(locker: Locker, folder: Path) -> None:
    one = locker.seal_tree([folder / "bash_history"])[1]
    both = locker.seal_tree([folder / "bash_history", folder / "var" / "log" / "auth.log"])[1]
    assert [entry.path for entry in one.entries] == ["bash_history"]
    assert [entry.path for entry in both.entries] == ["bash_history", "var/log/auth.log"]


def test_progress_names_each_file_and_ends_complete(locker: Locker, folder: Path) -> None:
    calls: list[tuple[str, int, int]] = []
    locker.seal_tree(folder, progress=lambda *call: calls.append(call))
    assert calls == [("var/log/auth.log", 8, 8), ("", 8, 8)]


def test_nothing_to_seal_is_refused(locker: Locker, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="nothing at"):
        locker.seal_tree(tmp_path / "absent")
    with pytest.raises(Refused, match="No file"):
        locker.seal_tree([])
