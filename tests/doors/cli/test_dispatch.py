"""Words find their command, and only what it needs is loaded."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest

from doors.cli.typed import Keyboard
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger.models import Entry
from hikeshi.doors.cli.dispatch import load
from hikeshi.doors.cli.table import COMMANDS


@pytest.mark.parametrize("words", [[], ["--help"], ["help"], ["-h"]])
def test_no_command_lists_all_commands(keyboard: Keyboard, words: list[str]) -> None:
    typed = keyboard(*words)
    assert typed.code == 0
    assert typed.out.startswith("Usage: hikeshi")
    assert all(name in typed.out for name in COMMANDS)


def test_the_list_speaks_the_readers_language(keyboard: Keyboard) -> None:
    assert "アラートの一覧" in keyboard("alert", "--lang", "ja").out
    assert "The queue of alerts" in keyboard("alert").out


@pytest.mark.parametrize(
    "words", [["nope"], ["alert", "nope"], ["alert", "list", "extra"], ["board", "extra"], ["\x1b[31m"]]
)
def test_what_is_no_command_is_2(admin: Keyboard, words: list[str]) -> None:
    typed = admin(*words)
    assert (typed.code, typed.out) == (2, "")
    assert "\x1b" not in typed.err


@pytest.mark.parametrize(
    "words", [["incident", "declare", "x", "--severity", "5", "--reason", "x"], ["alert", "list", "--limit", "0"]]
)
def test_a_value_out_of_range_is_2_and_names_the_option(admin: Keyboard, words: list[str]) -> None:
    typed = admin(*words)
    assert typed.code == 2
    assert "--severity" in typed.err or "--limit" in typed.err


def test_what_looks_like_an_option_can_be_written_after_two_dashes(admin: Keyboard, incident: Incident) -> None:
    assert admin("incident", "note", incident.name, "--", "--json").code == 0
    assert '"--json"' in Entry.objects.filter(verb="incident.note").get().data


def test_a_note_can_come_from_standard_input(
    admin: Keyboard, incident: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("two\nlines\x00"))
    assert admin("incident", "note", incident.name, "-").code == 0
    assert "two\\nlines\ufffd" in Entry.objects.filter(verb="incident.note").get().data


def test_every_function_of_the_table_is_there() -> None:
    assert all(callable(load(command)) for command in COMMANDS.values())


def test_a_home_is_not_made_by_looking_for_one(tmp_path: Path) -> None:
    program = "from hikeshi.doors.cli import main; main()"
    for words in (["incident", "list"], ["config"], ["clocks", "rules"], ["--help"]):
        subprocess.run(
            [sys.executable, "-c", program, *words, "--home", str(tmp_path / "none")], capture_output=True, check=False
        )
    assert not (tmp_path / "none").exists()


@pytest.mark.slow
def test_from_an_empty_folder_to_a_declared_incident(tmp_path: Path) -> None:
    """The whole program, as after an installation: processes of their own, a home of its own."""
    program = "from hikeshi.doors.cli import main; main()"

    def typed(*words: str) -> subprocess.CompletedProcess[str]:
        line = [sys.executable, "-c", program, *words, "--home", str(tmp_path / "home")]
        return subprocess.run(line, capture_output=True, text=True, check=False)

    assert "/invite/" in typed("init").stdout
    assert (tmp_path / "home" / "cli-token").stat().st_mode & 0o777 == 0o600
    made = typed("incident", "declare", "First", "--severity", "3", "--reason", "seen")
    assert made.returncode == 0, made.stderr
    assert typed("audit", "verify", "--all").returncode == 0
    (tmp_path / "home" / "cli-token").chmod(0o644)
    refused = typed("incident", "list")
    assert refused.returncode == 3
    assert "chmod 600" in refused.stderr
