"""Encryption at rest at the keyboard: a key is made, evidence is encrypted, and losing the key is said, not called a change."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from pytest_django import Settings

from doors.cli.typed import Keyboard
from hikeshi.desk.evidence import verbs
from hikeshi.desk.incidents.models import Incident


@pytest.fixture
def key(keyboard: Keyboard, tmp_path: Path, settings: Settings) -> Path:
    path = tmp_path / "locker.key"
    made = keyboard.json("evidence", "make-key", "--out", path)
    assert made["public_key"].startswith("age1")
    assert "SECRET" not in str(made)
    settings.ENVIRONMENT = msgspec.structs.replace(settings.ENVIRONMENT, locker_key=path)
    return path


def test_evidence_is_encrypted_where_a_key_is_configured(
    admin: Keyboard, incident: Incident, key: Path, tmp_path: Path
) -> None:
    (tmp_path / "page.html").write_bytes(b"page")
    made = admin.json("evidence", "add", incident.name, tmp_path / "page.html")
    assert verbs.locker().address(made["sha256"]).endswith(f"{made['sha256']}.age")
    assert admin.json("evidence", "verify", incident.name)[0]["result"] == "match"
    key.rename(key.with_name("lost"))
    lost = admin.json("evidence", "verify", incident.name, code=1)[0]
    assert (lost["result"], "cannot be read" in lost["reason"]) == ("could-not-check", True)
    assert admin("evidence", "add", incident.name, tmp_path / "page.html").code == 3


def test_the_doctor_looks_at_the_key(admin: Keyboard, key: Path) -> None:
    def told(code: int) -> str:
        rows = {row["check"]: row["state"] for row in admin.json("doctor", code=code)}
        return str(rows["locker key"])

    assert told(0) == "ok"
    key.chmod(0o644)
    assert told(1) == "bad"


def test_a_key_is_never_written_over(keyboard: Keyboard, key: Path) -> None:
    assert keyboard("evidence", "make-key", "--out", key).code == 3


def test_sealed_bytes_are_taken_away_into_a_new_file(admin: Keyboard, incident: Incident, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_bytes(b"page")
    made = admin.json("evidence", "add", incident.name, tmp_path / "page.html")
    out = tmp_path / "out.bin"
    told = admin.json("evidence", "take", incident.name, "EV-001", "--out", out)
    assert (told["sha256"], out.read_bytes(), out.stat().st_mode & 0o777) == (made["sha256"], b"page", 0o600)
    assert admin("evidence", "take", incident.name, "EV-001", "--out", out).code == 3
    assert admin("evidence", "take", incident.name, "EV-001", "--out", tmp_path / "no" / "x").code == 1
    assert admin.json("evidence", "show", incident.name, "EV-001")["custody"][-1]["verb"] == "evidence.hand_out"


def test_malware_is_taken_away_in_a_zip_with_a_password(admin: Keyboard, incident: Incident, tmp_path: Path) -> None:
    (tmp_path / "dropper").write_bytes(b"MZ")
    admin.json("evidence", "add", incident.name, tmp_path / "dropper", "--kind", "malware")
    told = admin.json("evidence", "take", incident.name, "EV-001", "--out", tmp_path / "out.zip")
    assert told["password"] == "infected"
    assert (tmp_path / "out.zip").read_bytes().startswith(b"PK")


def test_where_the_bytes_are_and_whether_encrypted_is_told(admin: Keyboard, incident: Incident, tmp_path: Path) -> None:
    (tmp_path / "dropper").write_bytes(b"MZ")
    made = admin.json("evidence", "add", incident.name, tmp_path / "dropper", "--kind", "malware")
    assert made["encrypted"]
    assert made["kept_at"] == f"locker/{made['sha256'][:2]}/{made['sha256']}.age"
    assert admin("evidence", "leave", incident.name, "nowhere").code == 3
