"""A folder of playbooks, such as a git checkout: broken files beside good ones, signatures, the commit."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from hikeshi.custody.signing import FileSigner, make_key_file
from hikeshi.errors import Refused
from hikeshi.playbooks.commits import commit_of
from hikeshi.playbooks.folder import MOST_FILES, load_folder
from hikeshi.playbooks.shelf import FOLDER
from hikeshi.playbooks.signatures import read_keys, sign, signature_file

COMMIT = "5f3759df" * 5


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "playbooks"
    place.mkdir()
    shutil.copy(FOLDER / "ransomware.yaml", place / "ransomware.yaml")
    return place


@pytest.fixture
def key(tmp_path: Path) -> FileSigner:
    make_key_file(tmp_path / "key.pem")
    return FileSigner(tmp_path / "key.pem")


def test_a_broken_file_never_hides_the_good_ones(folder: Path) -> None:
    (folder / "a-broken.yaml").write_text("name: [\n")
    (folder / "b-wrong.yaml").write_text("name: x\nversion: none\n")
    (folder / "c-twice.yaml").write_text((folder / "ransomware.yaml").read_text())
    (folder / "z-binary.yaml").write_bytes(b"\xff\x00")
    (folder / "notes.txt").write_text("not read")
    found = load_folder(folder)
    assert list(found.books) == ["ransomware"]
    assert [Path(one.source).name for one in found.problems] == [
        "a-broken.yaml",
        "b-wrong.yaml",
        "ransomware.yaml",
        "z-binary.yaml",
    ]
    assert "line 2" in str(found.problems[0])


def test_a_file_with_an_error_of_lint_is_named_and_not_taken(folder: Path) -> None:
    text = (folder / "ransomware.yaml").read_text()
    (folder / "ransomware.yaml").write_text(text.replace('key: "1.2"', 'key: "1.1"', 1))
    found = load_folder(folder)
    assert not found.books
    assert "ransomware.yaml" in str(found.problems[0])


def test_a_file_is_read_again_when_it_changes(folder: Path) -> None:
    before = load_folder(folder).books["ransomware"]
    assert load_folder(folder).books["ransomware"] is before
    text = before.source.replace(f"version: {before.playbook.version}\n", "version: 99\n", 1)
    (folder / "ransomware.yaml").write_text(text)
    assert load_folder(folder).books["ransomware"].playbook.version == 99


def test_links_out_of_the_folder_and_too_many_files_are_said(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.yaml"
    outside.write_text("name: outside\n")
    (folder / "link.yaml").symlink_to(outside)
    assert "out of the folder" in str(load_folder(folder).problems[0])
    for number in range(MOST_FILES):
        (folder / f"{number:04}.yaml").touch()
    assert f"more than {MOST_FILES}" in str(load_folder(folder).problems[-1])


def test_a_folder_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    assert "no folder" in str(load_folder(tmp_path / "nowhere").problems[0])


def test_signatures_tell_signed_unsigned_and_changed_apart(folder: Path, key: FileSigner) -> None:
    file = folder / "ransomware.yaml"
    assert load_folder(folder).books["ransomware"].signed.state == "unsigned"
    sign(file, key)
    assert load_folder(folder, known=[key.public]).books["ransomware"].signed.state == "signed"
    assert load_folder(folder).books["ransomware"].signed.state == "broken"  # by nobody that is known
    file.write_text(file.read_text() + "# a word more\n")
    assert load_folder(folder, known=[key.public]).books["ransomware"].signed.state == "broken"


def test_once_keys_are_named_only_what_they_signed_counts(folder: Path, key: FileSigner, tmp_path: Path) -> None:
    assert "has no signature" in str(load_folder(folder, [key.public]).problems[0])
    make_key_file(tmp_path / "other.pem")
    sign(folder / "ransomware.yaml", FileSigner(tmp_path / "other.pem"))
    assert not load_folder(folder, [key.public]).books
    sign(folder / "ransomware.yaml", key)
    assert list(load_folder(folder, [key.public]).books) == ["ransomware"]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not here")
def test_a_signature_is_verified_by_openssl_alone(folder: Path, key: FileSigner, tmp_path: Path) -> None:
    file = folder / "ransomware.yaml"
    (tmp_path / "key.pub").write_text(key.public)
    command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", str(tmp_path / "key.pub"), "-rawin", "-in", str(file), "-sigfile", str(sign(file, key))]  # fmt: skip
    assert subprocess.run(command, check=False, capture_output=True).returncode == 0
    file.write_text(file.read_text() + "# a word more\n")
    assert subprocess.run(command, check=False, capture_output=True).returncode != 0


def test_keys_are_read_from_pem_files_and_anything_else_is_refused(key: FileSigner, tmp_path: Path) -> None:
    pem = tmp_path / "keys.pub"
    pem.write_text(f"# ours\n{key.public}\n{key.public}")
    assert read_keys([pem]) == (key.public, key.public)
    pem.write_text("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n")
    with pytest.raises(Refused, match="cannot be read"):
        read_keys([pem])
    for content in ("", "hello"):
        pem.write_text(content)
        with pytest.raises(Refused, match="no public key"):
            read_keys([pem])
    with pytest.raises(Refused, match="cannot be read"):
        read_keys([tmp_path / "nowhere"])


def test_the_commit_of_a_checkout_is_read_from_its_files(tmp_path: Path) -> None:
    git, folder = tmp_path / ".git", tmp_path / "playbooks"
    (git / "refs/heads").mkdir(parents=True)
    folder.mkdir()
    (git / "HEAD").write_text("ref: refs/heads/main\n")
    assert commit_of(folder) == ""
    (git / "packed-refs").write_text(f"# pack-refs with: peeled\n{COMMIT} refs/heads/main\n")
    assert commit_of(folder) == COMMIT
    (git / "refs/heads/main").write_text("0" * 40)
    assert commit_of(folder) == "0" * 40
    (git / "HEAD").write_text(f"{COMMIT}\n")
    assert commit_of(folder) == COMMIT
    (git / "HEAD").write_text("ref: refs/../../../etc/passwd\n")
    assert commit_of(folder) == ""


def test_the_commit_of_a_second_work_tree_is_found(tmp_path: Path) -> None:
    git = tmp_path / "first/.git"
    (git / "worktrees/two").mkdir(parents=True)
    (git / "refs/heads").mkdir(parents=True)
    (git / "refs/heads/two").write_text(COMMIT)
    (git / "worktrees/two/HEAD").write_text("ref: refs/heads/two\n")
    (git / "worktrees/two/commondir").write_text("../..\n")
    second = tmp_path / "second"
    second.mkdir()
    (second / ".git").write_text(f"gitdir: {git / 'worktrees/two'}\n")
    assert commit_of(second) == COMMIT


def test_a_signature_stands_beside_its_file() -> None:
    assert signature_file(Path("a/b.yaml")) == Path("a/b.yaml.sig")
