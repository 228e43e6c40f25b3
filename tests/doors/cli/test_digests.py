"""`events digests`: what a responder reads, and the exit codes."""

from __future__ import annotations

from pathlib import Path

import pytest

from doors.cli.typed import Keyboard
from trail_writer import Trail, keys_file


@pytest.fixture
def keyboard(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Keyboard:
    monkeypatch.setenv("HIKESHI_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("HIKESHI_LANGUAGE", raising=False)
    return Keyboard(capsys)


@pytest.fixture
def trail(tmp_path: Path) -> Path:
    written = Trail(tmp_path / "bucket")
    for hour in range(3):
        written.digest(hour)
    keys_file(tmp_path / "keys.json")
    return tmp_path


def test_a_trail_as_delivered_is_0(keyboard: Keyboard, trail: Path) -> None:
    told = keyboard.json("events", "digests", trail, "--keys", trail / "keys.json")
    assert (told["digest_count"], told["log_count"], told["differs"]) == ({"signed": 3}, {"valid": 3}, False)


def test_a_difference_is_4_and_named_in_both_languages(keyboard: Keyboard, trail: Path) -> None:
    next((trail / "bucket").glob("AWSLogs/*/CloudTrail/**/*.gz")).unlink()
    english = keyboard("events", "digests", trail, "--keys", trail / "keys.json")
    japanese = keyboard("events", "digests", trail, "--keys", trail / "keys.json", "--lang", "ja")
    assert (english.code, japanese.code) == (4, 4)
    assert "A digest lists it and it is not here." in english.out
    assert "欠落" in japanese.out


def test_without_keys_it_says_that_nothing_was_proven(keyboard: Keyboard, trail: Path) -> None:
    typed = keyboard("events", "digests", trail / "bucket", "--json")
    assert (typed.code, typed.json["log_count"]) == (0, {"hash-ok": 3})
    assert "--keys" in typed.err


def test_a_file_that_cannot_be_understood_is_5(keyboard: Keyboard, trail: Path) -> None:
    next((trail / "bucket").rglob("*.metadata.json")).write_text("[]")
    typed = keyboard("events", "digests", trail / "bucket", "--json")
    assert typed.code == 5
    assert "metadata.json" in typed.json["unreadable"][0]
