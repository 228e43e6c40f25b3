"""An organisation's own playbooks at the keyboard: drafts, folders, signatures."""

from __future__ import annotations

from pathlib import Path

import pytest

from doors.cli.typed import Keyboard, words_asked
from hikeshi.doors.cli import health
from hikeshi.doors.cli.texts import TEXTS
from playbook_texts import OWN
from signed import signed_playbook


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "lost-telephone.yaml"
    path.write_text(OWN)
    return path


def test_a_draft_is_begun_saved_asked_for_and_given_up(admin: Keyboard, file: Path) -> None:
    assert admin("playbook", "draft").code == 2
    assert admin.json("playbook", "draft", "--file", file)["version"] == 1
    file.write_text(OWN + "# more\n")
    assert admin.json("playbook", "edit", file, "--version", 1)["version"] == 2
    assert admin("playbook", "edit", file, "--version", 1).code == 3
    digest = admin.json("playbook", "ask", "lost-telephone", "--version", 2)["digest"]
    assert admin("playbook", "review", "lost-telephone", "--digest", digest[:12], "--yes").code == 3
    assert admin("playbook", "publish", "lost-telephone", "--digest", digest).code == 3
    assert admin.json("playbook", "rehearse", "lost-telephone")["simulated"] == "queued"
    assert [row["name"] for row in admin.json("playbook", "drafts")] == ["lost-telephone"]
    assert admin.json("playbook", "text", "lost-telephone")["text"] == OWN + "# more\n"
    assert admin.json("playbook", "withdraw", "lost-telephone", "--reason", "no")["state"] == "withdrawn"
    assert admin.json("playbook", "versions", "lost-telephone") == []
    assert admin("playbook", "retire", "lost-telephone", 1, "--reason", "x").code == 3


def test_the_shelf_is_shown_with_translated_headings(
    admin: Keyboard, monkeypatch: pytest.MonkeyPatch, file: Path
) -> None:
    assert {row["origin"] for row in admin.json("playbook", "shelf")} == {"library"}
    admin.json("playbook", "draft", "--file", file)
    asked = words_asked(monkeypatch)
    for words in (("shelf",), ("drafts",), ("text", "lost-telephone"), ("versions", "ransomware")):
        assert admin("playbook", *words, "--lang", "ja").code == 0
    assert {key for key in asked if key not in TEXTS} == set()


def test_a_folder_is_signed_verified_and_listed(admin: Keyboard, tmp_path: Path) -> None:
    signed = signed_playbook(tmp_path)
    key = tmp_path / "key.pub"
    assert admin.json("playbook", "verify", signed, "--key", key)[0]["signed"] == "signed"
    assert admin.json("playbook", "folder", signed.parent, "--key", key)[0]["signed"] == "signed"
    signed.write_text(signed.read_text() + "# a word\n")
    assert admin.json("playbook", "verify", signed, "--key", key, code=4)[0]["signed"] == "broken"
    assert "another text" in admin.json("playbook", "folder", signed.parent, "--key", key, code=5)[0]["what"]
    assert admin.json("playbook", "sign", signed, "--key", tmp_path / "key.pem")[0]["signature"].endswith(".yaml.sig")
    assert admin("playbook", "verify", signed, "--key", key).code == 0
    assert admin("playbook", "verify", signed).code == 3
    assert admin("playbook", "sign", signed, "--key", tmp_path / "nowhere").code == 3
    signed.write_bytes(b"\xff")
    assert admin("playbook", "draft", "--file", signed).code == 5


def test_the_folder_is_listed_shown_and_looked_at_by_the_doctor(
    admin: Keyboard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: Path
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    file.rename(own / file.name)
    monkeypatch.setenv("HIKESHI_PLAYBOOKS", str(own))
    (row,) = [one for one in admin.json("playbook", "list") if one["origin"] == "folder"]
    assert row["name"] == "lost-telephone"
    assert admin.json("playbook", "show", "lost-telephone")["severity"] == "SEV-4"
    assert health.playbooks().state == "ok"
    (own / "broken.yaml").write_text("- nothing\n")
    assert health.playbooks().state == "part"
    assert "broken.yaml" in health.playbooks().en
