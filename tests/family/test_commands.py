"""Rules every command must meet, read from the table of commands."""

from __future__ import annotations

import inspect
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from bundles import small_contents, zip_of
from doors.cli.typed import Keyboard, words_asked
from hikeshi.doors.cli.dispatch import load
from hikeshi.doors.cli.table import COMMANDS, GROUPS
from hikeshi.doors.cli.texts import TEXTS
from signed import signed_playbook

JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
SAMPLE = Path(__file__).parents[1] / "samples" / "cloudtrail" / "s3.json"
CACAO = Path(__file__).parents[1] / "samples" / "cacao" / "block-an-address.json"
PLAYBOOKS = SAMPLE.parents[1] / "playbooks"
PROOFS = Path(__file__).parents[1] / "samples" / "proofs"
PEOPLES = [name for name, command in COMMANDS.items() if command.needs == "person"]
ENGINES = [name for name, command in COMMANDS.items() if command.needs == "engine" and name not in {"demo", "doctor"}]

FOLDER = Path(tempfile.mkdtemp(prefix="hikeshi-test-"))
SIGNED = signed_playbook(FOLDER)

WORDS = {
    "action policy": ["aws.ec2.isolate", "--account", "111122223333"],
    "action show": ["aws.ec2.isolate"],
    "clocks compute": ["response.sev1", "--anchor", "detected_at=2026-11-07T02:31+09:00"],
    "custody check-consistency": [
        str(PROOFS / "older.checkpoint"),
        str(PROOFS / "continued.proof"),
        "--key",
        str(PROOFS / "public.pem"),
    ],
    "custody check-proof": [str(PROOFS / "entry-3.tlog-proof"), "--key", str(PROOFS / "public.pem")],
    "custody verify": [str(zip_of(small_contents(FOLDER), FOLDER / "bundle.zip"))],
    "clocks show": ["jp-appi-final"],
    "events activity": [str(SAMPLE), "--principal", "alice"],
    "events detect": [str(SAMPLE), "--rules", str(SAMPLE.parents[1] / "sigma")],
    "events digests": [str(SAMPLE)],
    "events escalation": [str(SAMPLE)],
    "events parse": [str(SAMPLE)],
    "evidence acquire capture": ["any", "--floor", "0", "--dry-run"],
    "evidence acquire copy": [str(SAMPLE), "--dry-run"],
    "evidence acquire image": [str(SAMPLE), "--dry-run"],
    "evidence acquire logs": ["--root", str(SAMPLE.parents[1]), "--also", str(SAMPLE), "--dry-run"],
    "evidence acquire state": ["--dry-run"],
    "evidence hash": [str(SAMPLE)],
    "playbook export": ["ransomware"],
    "playbook import": [str(CACAO)],
    "playbook drift": [str(PLAYBOOKS)],
    "playbook show": ["ransomware"],
    "playbook simulate": [str(PLAYBOOKS)],
    "playbook folder": [str(FOLDER / "playbooks")],
    "playbook sign": [str(SIGNED), "--key", str(FOLDER / "key.pem")],
    "playbook verify": [str(SIGNED), "--key", str(FOLDER / "key.pub")],
}
"""Arguments with which a command that needs nothing but files can run."""


@pytest.fixture
def keyboard(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Keyboard:
    for name in ("HIKESHI_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG", "HIKESHI_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HIKESHI_HOME", str(tmp_path))
    return Keyboard(capsys)


def test_the_table_is_alphabetical_and_speaks_both_languages() -> None:
    assert list(COMMANDS) == sorted(COMMANDS)
    for name, command in COMMANDS.items():
        assert JAPANESE.search(command.ja), name
        assert not JAPANESE.search(command.en), name
    assert not set(GROUPS) & {"case", "ticket", "job", "finding"}


@pytest.mark.parametrize("name", COMMANDS)
def test_help_says_what_it_does(keyboard: Keyboard, name: str) -> None:
    typed = keyboard(*name.split(), "--help")
    assert typed.code == 0
    assert f"hikeshi {name}" in typed.out
    assert "--json" in typed.out
    assert inspect.getdoc(load(COMMANDS[name]))


@pytest.mark.parametrize("name", PEOPLES)
def test_without_a_token_a_command_of_the_desk_is_3_and_says_nothing_on_stdout(keyboard: Keyboard, name: str) -> None:
    typed = keyboard(*name.split(), "--json")
    assert (typed.code, typed.out) == (3, "")
    assert "hikeshi init" in typed.err


@pytest.mark.parametrize("name", ENGINES)
def test_with_json_there_is_nothing_but_json(keyboard: Keyboard, name: str) -> None:
    typed = keyboard(*name.split(), *WORDS.get(name, []), "--json")
    assert typed.code == 0, typed.err
    assert typed.out.strip()
    for line in typed.out.splitlines():
        json.loads(line)


@pytest.mark.parametrize("name", ENGINES)
def test_headings_are_translated(keyboard: Keyboard, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = words_asked(monkeypatch)
    assert keyboard(*name.split(), *WORDS.get(name, []), "--lang", "ja").code == 0
    assert not [key for key in asked if key not in TEXTS]


@pytest.mark.parametrize("group", ["", *GROUPS])
def test_a_noun_alone_lists_its_commands(keyboard: Keyboard, group: str) -> None:
    if group in COMMANDS:
        return
    listed = {row["command"] for row in keyboard.json(*([group] if group else []))}
    assert listed == {name for name in COMMANDS if not group or name.split()[0] == group}


def test_commands_that_need_nothing_but_files_do_not_import_django() -> None:
    """All of them in one fresh process, so that each would be caught."""
    lines = [[*name.split(), *WORDS.get(name, []), "--json"] for name in ENGINES]
    program = f"""
import sys
from hikeshi.doors.cli import run
for words in {lines!r}:
    run(words)
    found = sorted(name for name in sys.modules if name.partition(".")[0] in ("django", "ninja", "allauth"))
    assert not found, (words, found[:3])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("words", [["--version"], ["--help"], ["evidence", "hash", str(SAMPLE)]])
def test_starting_is_fast(words: list[str]) -> None:
    """The best of three: processor time, so that a busy machine does not fail it."""
    program = "from hikeshi.doors.cli import main; main()"
    best = 10.0
    for _ in range(3):
        before = os.times()
        subprocess.run([sys.executable, "-c", program, *words], capture_output=True, check=True)
        after = os.times()
        best = min(best, after.children_user + after.children_system - before.children_user - before.children_system)
    assert best < 1.0


def test_the_program_itself_exits_with_the_code_and_without_a_traceback(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HIKESHI_")}
    environment["HIKESHI_HOME"] = str(tmp_path)
    program = "from hikeshi.doors.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, "board"], env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (3, "")
    assert "Traceback" not in done.stderr


def test_a_reader_that_goes_away_is_no_error() -> None:
    program = "from hikeshi.doors.cli import main; main()"
    with subprocess.Popen(
        [sys.executable, "-c", program, "--help"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as started:
        assert started.stdout is not None
        started.stdout.close()
        assert started.stderr is not None
        assert b"Traceback" not in started.stderr.read()
