"""An organisation's own playbooks at the keyboard: drafts, folders, signatures."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from doors.cli.typed import Keyboard, words_asked
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.playbooks import reading
from hikeshi.desk.playbooks.reading import LIBRARY_SIGNED, Shelf, Shelved
from hikeshi.desk.runs.models import Run
from hikeshi.doors.cli import health
from hikeshi.doors.cli.texts import TEXTS
from hikeshi.playbooks.playbook import loads
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
    (row,) = [one for one in admin.json("playbook", "list", "--files") if one["origin"] == "folder"]
    assert row["name"] == "lost-telephone"
    assert admin.json("playbook", "show", "lost-telephone", "--files")["severity"] == "SEV-4"
    assert health.playbooks().state == "ok"
    (own / "broken.yaml").write_text("- nothing\n")
    assert health.playbooks().state == "part"
    assert "broken.yaml" in health.playbooks().en


def test_who_is_signed_in_sees_the_shelf_and_when_each_was_last_exercised(
    admin: Keyboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = datetime(2026, 9, 12, 3, 0, tzinfo=UTC)
    incident = Incident.objects.create(
        name="INC-2026-901", title="x", severity=3, detected_at=day, declared_at=day, simulated=True
    )
    Run.objects.create(
        incident=incident, playbook="phishing", version=1, digest="0" * 64, state="ended", title={}, text="{}", facts={},
        started_at=day, ended_at=day,
    )  # fmt: skip
    own = loads(OWN.replace("steps:", "matches: ['Backdoor:EC2']\nsteps:").encode())
    only = Shelf({"lost-telephone": Shelved(own, "published", LIBRARY_SIGNED)}, [])
    with monkeypatch.context() as patch:
        patch.setattr(reading, "shelf", lambda: only)
        (row,) = admin.json("playbook", "list")
        assert (row["origin"], row["exercised_on"]) == ("published", "")
        answered = [one for one in admin.json("playbook", "coverage") if "lost-telephone" in str(one["playbooks"])]
        assert {one["kind"] for one in answered} == {"finding"}
    rows = {row["name"]: row for row in admin.json("playbook", "list")}
    assert rows["phishing"]["exercised_on"] == "2026-09-12"
    assert rows["phishing"]["simulated_on"]
    assert admin.json("playbook", "show", "phishing")["exercised_on"] == "2026-09-12"
    assert "exercised_on" not in admin.json("playbook", "show", "phishing", "--files")
    assert {row["origin"] for row in admin.json("playbook", "list", "--files")} == {"library"}
