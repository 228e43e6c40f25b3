"""Custody at the keyboard: every verb, its exit codes, and tables in both languages."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from doors.cli.typed import Keyboard, words_asked
from hikeshi.desk.accounts import verbs as accounts
from hikeshi.desk.accounts.models import Person
from hikeshi.desk.incidents.models import Incident
from hikeshi.doors.cli.texts import TEXTS

CONTENT = b"disk, at the keyboard"


@pytest.fixture
def item(admin: Keyboard, incident: Incident, tmp_path: Path) -> tuple[str, str]:
    """The words that name an item."""
    (tmp_path / "disk.img").write_bytes(CONTENT)
    admin.json(
        "evidence",
        "add",
        incident.name,
        tmp_path / "disk.img",
        "--collector",
        "sato",
        "--began-at",
        "2026-11-06T17:41:10Z",
    )
    return incident.name, "EV-001"


def sits_down(name: str, role: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else takes the keyboard."""
    person = Person.objects.create_user(username=name, role=role)
    monkeypatch.setenv("HIKESHI_TOKEN", accounts.issue_token(person, "test", actor=accounts.actor_of(person, "cli")))


def shown(keyboard: Keyboard, item: tuple[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = keyboard.json("evidence", "show", *item)
    return found


def test_what_is_said_when_adding_is_kept(admin: Keyboard, item: tuple[str, str]) -> None:
    found = shown(admin, item)
    assert (found["collector"], found["began_at"][:19]) == ("sato", "2026-11-06T17:41:10")
    assert admin("evidence", "add", item[0], "/etc/hostname", "--began-at", "2026-11-06T17:41").code == 2


def test_the_record_is_described_and_corrected(admin: Keyboard, item: tuple[str, str]) -> None:
    version = shown(admin, item)["version"]
    assert admin.json("evidence", "describe", *item, "--owner", "Sales", "--clock-offset-us", 0)["clock_offset_us"] == 0
    assert admin("evidence", "describe", *item, "--owner", "Finance").code == 3
    late = admin("evidence", "describe", *item, "--owner", "Finance", "--reason", "x", "--version", version)
    assert late.code == 3
    assert "Saved: owner: Sales. Yours: owner: Finance" in late.err
    entry = admin.json("evidence", "correct", *item, "owner", "Finance", "--reason", "misread")
    assert entry["data"]["before"] == "Sales"
    admin.json("evidence", "correct", *item, "clock_offset_us", "1500", "--reason", "measured")
    admin.json("evidence", "correct", *item, "began_at", "", "--reason", "unknown")
    assert admin("evidence", "correct", *item, "clock_offset_us", "soon", "--reason", "x").code == 2
    found = shown(admin, item)
    assert (found["owner"], found["clock_offset_us"], found["began_at"]) == ("Finance", 1500, None)


def test_a_working_copy_is_noted(admin: Keyboard, item: tuple[str, str]) -> None:
    words = ("--kind", "copy", "--purpose", "search", "--at", "2026-11-06T18:00Z", "--clock", "NTP")
    admin.json("evidence", "note", *item, "copied to disk B", *words)
    assert shown(admin, item)["line"][-1]["verb"] == "evidence.copy"
    assert admin("evidence", "note", *item, "copied", "--kind", "copy").code == 3


def test_a_hand_over_on_paper_and_back(admin: Keyboard, item: tuple[str, str], tmp_path: Path) -> None:
    (tmp_path / "scan.pdf").write_bytes(b"%PDF signed")
    sha256 = hashlib.sha256(CONTENT).hexdigest()
    made = admin.json("evidence", "transfer", *item, "Outside lab", "--purpose", "analysis", "--paper")
    assert (made["means"], made["link"]) == ("paper", "")
    assert admin("evidence", "accept", *item).code == 2
    signed = ("--paper", tmp_path / "scan.pdf", "--signed-by", "Dr. Kim")
    assert admin.json("evidence", "accept", *item, "--sha256", sha256, *signed)["paper"] == "EV-002"
    assert admin.json("evidence", "return", *item, "--file", tmp_path / "scan.pdf", code=4)["held_by"] == "Outside lab"
    assert admin.json("evidence", "return", *item, "--sha256", sha256)["held_by"] == ""


def test_the_receiver_answers_at_the_keyboard(
    admin: Keyboard, item: tuple[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    Person.objects.create_user(username="mori", role="commander")
    assert "/handover/" in admin.json("evidence", "transfer", *item, "mori", "--purpose", "analysis")["link"]
    assert admin("evidence", "accept", *item, "--sha256", "0" * 64).code == 3
    admin.json("evidence", "withdraw", *item, "--reason", "wrong person")
    admin.json("evidence", "transfer", *item, "kimura", "--purpose", "analysis")
    admin.json("evidence", "withdraw", *item, "--reason", "wrong name")
    admin.json("evidence", "transfer", *item, "ono", "--purpose", "analysis")
    sits_down("ono", "commander", monkeypatch)
    assert admin.json("evidence", "accept", *item, "--sha256", "0" * 64, code=4)["state"] == "refused"
    assert admin("evidence", "refuse", *item, "--reason", "x").code == 3


def test_holds_days_and_the_end_by_two(admin: Keyboard, item: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    admin.json("evidence", "hold", *item, "--reason", "LH-12")
    assert admin("evidence", "dispose", *item, "--reason", "over").code == 3
    admin.json("evidence", "unhold", *item, "--reason", "settled")
    assert admin("evidence", "unhold", *item, "--reason", "settled").code == 3
    admin.json("evidence", "retain", *item, "2999-01-01", "--reason", "contract")
    assert admin("evidence", "retain", *item, "tomorrow", "--reason", "contract").code == 2
    assert admin("evidence", "dispose", *item, "--reason", "over").code == 3
    admin.json("evidence", "retain", *item, "", "--reason", "no contract")
    assert admin("evidence", "dispose", *item, "--approve").code == 3
    admin.json("evidence", "dispose", *item, "--reason", "over")
    assert admin("evidence", "dispose", *item, "--approve").code == 3
    sits_down("ueda", "commander", monkeypatch)
    assert admin.json("evidence", "dispose", *item, "--refuse", "--reason", "appeal")["state"] == "refused"
    admin.json("evidence", "dispose", *item, "--reason", "over")
    sits_down("ono", "commander", monkeypatch)
    assert admin.json("evidence", "dispose", *item, "--approve")["state"] == "done"
    assert admin.json("evidence", "verify", item[0]) == []


def test_gaps_are_listed(admin: Keyboard, item: tuple[str, str]) -> None:
    found = admin.json("evidence", "gaps", item[0])
    assert [gap["kind"] for gap in found] == ["never-verified", "no-clock-source", "sealed-late", "no-authority"]


def test_tables_have_headings_in_both_languages(
    admin: Keyboard, item: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = words_asked(monkeypatch)
    admin("evidence", "hold", *item, "--reason", "LH-12")
    admin("evidence", "transfer", *item, "Lab", "--purpose", "x")
    for words in (("show", *item), ("gaps", item[0])):
        typed = admin("evidence", *words, "--lang", "ja")
        assert typed.code == 0, typed.err
    assert "訴訟ホールド" in admin("evidence", "show", *item, "--lang", "ja").out
    assert [key for key in asked if key not in TEXTS] == []


def test_who_is_not_on_it_can_do_nothing(
    admin: Keyboard, item: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sits_down("suzuki", "responder", monkeypatch)
    why = ("--reason", "x")
    for words in (
        ("describe", *item, "--owner", "x"), ("correct", *item, "title", "x", *why), ("note", *item, "x"), ("gaps", item[0]),
        ("transfer", *item, "Lab", "--purpose", "x"), ("withdraw", *item, *why), ("refuse", *item, *why), ("hold", *item, *why),
        ("accept", *item, "--sha256", "0" * 64), ("return", *item, "--sha256", "0" * 64), ("unhold", *item, *why),
        ("retain", *item, "", *why), ("dispose", *item, *why),
    ):  # fmt: skip
        typed = admin("evidence", *words)
        assert (typed.code, typed.out) == (3, ""), words
        assert "There is no incident" in typed.err
