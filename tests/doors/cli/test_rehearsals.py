"""`playbook simulate | drift` as a person types them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from doors.cli.typed import Keyboard

SAMPLE = Path(__file__).parents[2] / "samples" / "playbooks" / "lost-badge.yaml"


@pytest.fixture
def keyboard(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Keyboard:
    monkeypatch.setenv("HIKESHI_HOME", str(tmp_path / "home"))
    return Keyboard(capsys)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(SAMPLE, tmp_path)
    return tmp_path


def test_a_folder_is_played_stamped_and_drifts(keyboard: Keyboard, folder: Path) -> None:
    assert keyboard("playbook", "drift", str(folder)).code == 4
    rows = keyboard.json("playbook", "simulate", str(folder), "--stamp")
    assert [(row["simulation"], row["result"]) for row in rows] == [("not-used", "passed"), ("derived-1", "passed")]
    assert keyboard.json("playbook", "drift", str(folder))[0]["state"] == "fresh"
    changed = folder / SAMPLE.name
    changed.write_text(changed.read_text().replace("version: 1", "version: 2"))
    typed = keyboard("playbook", "drift", str(folder), "--lang", "ja")
    assert typed.code == 4
    assert "変更あり" in typed.out


def test_a_failure_names_playbook_simulation_step_expected_and_found(keyboard: Keyboard, folder: Path) -> None:
    path = folder / SAMPLE.name
    path.write_text(path.read_text().replace('"2.2": not_needed', '"2.2": done'))
    typed = keyboard("playbook", "simulate", str(path), "--way", "not-used")
    assert typed.code == 4
    for word in ("lost-badge", "not-used", "failed", "2.2", "done", "not_needed"):
        assert word in typed.out
    assert keyboard("playbook", "simulate", str(folder), "--stamp").code == 4
    assert not (folder / "simulated.json").exists()


def test_the_trace_shows_every_move(keyboard: Keyboard) -> None:
    rows = keyboard.json("playbook", "simulate", str(SAMPLE), "--way", "not-used", "--trace")
    assert [(row["step"], row["now"]) for row in rows] == [
        ("1.1", "open"), ("1.1", "done"), ("2.1", "open"), ("2.2", "not_needed"), ("2.1", "done"), ("", "passed"),
    ]  # fmt: skip


def test_what_is_not_there_and_what_cannot_be_read_is_said(keyboard: Keyboard, folder: Path) -> None:
    assert keyboard("playbook", "simulate", "moon").code == 3
    assert keyboard("playbook", "simulate", str(SAMPLE), "--way", "moon").code == 3
    assert keyboard("playbook", "simulate", str(SAMPLE), "--way", "not-used", "--stamp").code == 3
    (folder / "broken.yaml").write_text("name: [")
    typed = keyboard("playbook", "simulate", str(folder), "--json")
    assert typed.code == 5
    assert {Path(row["playbook"]).name: row["result"] for row in typed.json} == {
        "lost-badge": "passed",
        "broken.yaml": "failed",
    }
