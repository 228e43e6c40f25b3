"""The contact list at the keyboard."""

from __future__ import annotations

from pathlib import Path

import pytest

from doors.cli.typed import Keyboard, words_asked
from hikeshi.desk.accounts.models import Contact
from hikeshi.doors.cli.texts import TEXTS


def test_somebody_is_added_changed_reached_and_retired(admin: Keyboard) -> None:
    admin.json("contact", "add", "Kondo", "scribe", "--phone", "090-1111-2222")
    ways = admin.json("contact", "ways", "Kondo", "--way", "mail=k@example.com", "--way", "phone=090-1111-2222")
    assert [row["channel"] for row in ways] == ["mail", "phone"]
    changed = admin.json("contact", "change", "Kondo", "--zone", "Asia/Tokyo", "--quiet", "23:00-07:00", "--level", 2)
    assert (changed["time_zone"], changed["quiet"], changed["level"]) == ("Asia/Tokyo", "23:00-07:00", 2)
    assert "Quiet hours" in admin("contact", "change", "Kondo", "--quiet", "22:00-06:00").out
    assert admin.json("contact", "change", "Kondo", "--quiet", "none")["quiet"] == ""
    assert len(admin.json("contact", "list", "--unverified")) == 1
    for way in ways:
        admin.json("contact", "verify", "Kondo", way["way"])
    assert admin.json("contact", "list", "--unverified") == []
    assert admin.json("contact", "retire", "Kondo", "--reason", "left")["retired_at"]
    assert admin.json("contact", "list") == []
    assert admin("contact", "retire", "Kondo", "--reason", "left").code == 3


def test_a_file_with_bad_rows_is_5_and_says_which(admin: Keyboard, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text("name,duty\nSato,scribe\nOta,cook\n")
    assert admin.json("contact", "import", file, "--dry-run", code=5)["added"] == ["Sato"]
    assert not Contact.objects.exists()
    assert admin.json("contact", "import", file, code=5)["bad"][0]["at_line"] == 3
    assert admin("contact", "import", tmp_path / "none.csv").code == 5


def test_a_responder_reads_and_verifies_only(admin: Keyboard, responder: Keyboard) -> None:
    Contact.objects.create(name="Kondo", duty="scribe")
    assert responder.json("contact", "list")[0]["name"] == "Kondo"
    for words in (
        ["change", "Kondo", "--name", "x"],
        ["retire", "Kondo", "--reason", "x"],
        ["ways", "Kondo", "--way", "sms=1"],
    ):
        assert responder("contact", *words).code == 3


def test_nobody_else_reads_it(observer: Keyboard) -> None:
    for words in (["list"], ["ways", "x"], ["verify", "x", "1"]):
        assert observer("contact", *words).code == 3


def test_headings_are_translated(admin: Keyboard, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text("name,duty,phone\nSato,scribe,090-1111-2222\nOta,cook,\n")
    asked = words_asked(monkeypatch)
    for words in (["import", file], ["list"], ["ways", "Sato"], ["change", "Sato", "--level", "2"]):
        admin("contact", *words, "--lang", "ja")
    assert not [key for key in asked if key not in TEXTS]
