"""Commands that need nothing but files: they work before anything is set up."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path

import pytest

from doors.cli.typed import Keyboard


def test_a_deadline_is_computed_as_promised(keyboard: Keyboard) -> None:
    told = keyboard.json(
        "clocks",
        "compute",
        "response.sev1",
        "--anchor",
        "detected_at=2026-11-07T02:31+09:00",
        "--now",
        "2026-11-06T17:32Z",
    )
    assert list(told) == ["rule", "state", "due_at", "due_soon_at", "explanation"]
    assert (told["state"], told["due_at"]) == ("running", "2026-11-06T17:46:00Z")
    assert told["explanation"].keys() == {"en", "ja"}


def test_without_its_anchor_a_clock_has_not_started(keyboard: Keyboard) -> None:
    told = keyboard.json("clocks", "compute", "response.sev1")
    assert (told["state"], told["due_at"]) == ("not_started", None)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["nope"], 3),
        (["response.sev1", "--anchor", "detected_at"], 3),
        (["response.sev1", "--anchor", "lunch=2026-11-07T02:31+09:00"], 3),
        (["response.sev1", "--anchor", "detected_at=yesterday"], 2),
        (["response.sev1", "--anchor", "detected_at=2026-11-07T02:31"], 2),
        (["response.sev1", "--anchor", "detected_at=9999-12-31T23:59Z"], 3),
    ],
)
def test_a_wrong_moment_is_named_with_how_to_write_it(keyboard: Keyboard, words: list[str], code: int) -> None:
    typed = keyboard("clocks", "compute", *words, "--json")
    assert (typed.code, typed.out) == (code, "")
    assert typed.err


def test_a_time_without_zone_is_answered_with_the_same_time_with_one(keyboard: Keyboard) -> None:
    typed = keyboard("clocks", "compute", "response.sev1", "--anchor", "detected_at=2026-11-07T02:31")
    assert "2026-11-07T02:31:00+09:00" in typed.err


def test_actions_tell_what_they_do_and_how_to_undo_by_hand(keyboard: Keyboard) -> None:
    names = [row["name"] for row in keyboard.json("action", "list")]
    for name in names:
        shown = keyboard.json("action", "show", name)
        assert shown["by_hand"]["ja"]
        assert shown["permissions"]
    assert keyboard("action", "show", "aws.nope").code == 3


def test_the_policy_is_a_document_ready_for_aws_also_without_json(keyboard: Keyboard) -> None:
    words = ("action", "policy", "aws.ec2.isolate", "--account", "111122223333")
    document = keyboard.json(*words)
    assert json.loads(keyboard(*words).out) == document
    assert document["Version"] == "2012-10-17"


def test_playbooks_are_listed_shown_and_clean(keyboard: Keyboard) -> None:
    for row in keyboard.json("playbook", "list"):
        assert len(keyboard.json("playbook", "show", row["name"])["steps"]) == row["steps"]
    assert keyboard.json("playbook", "lint") == []


def test_a_playbook_with_an_error_is_4_and_one_that_cannot_be_read_5(keyboard: Keyboard, tmp_path: Path) -> None:
    source = keyboard.json("playbook", "show", "ransomware")
    book = {key: source[key] for key in ("name", "version", "title", "severity", "summary", "matches")}
    step: dict[str, object] = {
        "key": "1.1",
        "phase": "containment",
        "kind": "action",
        "action": "aws.nope",
        "role": "responder",
    }
    step |= {"title": {"en": "x", "ja": "あ"}, "text": {"en": "x", "ja": "あ"}}
    (tmp_path / "wrong.yaml").write_text(json.dumps(book | {"steps": [step]}))
    rows = keyboard.json("playbook", "lint", tmp_path, code=4)
    assert "aws.nope" in rows[0]["what"]["en"]
    (tmp_path / "torn.yaml").write_text("name: [")
    rows = keyboard.json("playbook", "lint", tmp_path, code=5)
    assert {Path(row["file"]).name for row in rows} == {"wrong.yaml", "torn.yaml"}
    assert keyboard("playbook", "show", "nope").code == 3


def test_hashes_are_those_of_sha256sum(keyboard: Keyboard, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a").write_bytes(b"a" * 100_000)
    (tmp_path / "b").write_bytes(b"")
    (tmp_path / "link").symlink_to("/etc/passwd")
    typed = keyboard("evidence", "hash", tmp_path)
    checked = subprocess.run(["sha256sum", "--check", "--quiet"], input=typed.out.encode(), check=False)
    assert (typed.code, checked.returncode) == (0, 0)
    rows = keyboard("evidence", "hash", tmp_path, "--json").lines
    assert {row["sha256"] for row in rows} == {hashlib.sha256(b"a" * 100_000).hexdigest(), hashlib.sha256().hexdigest()}
    assert sum(row["size"] for row in rows) == 100_000


def test_what_cannot_be_hashed_is_named_and_the_rest_is_done(keyboard: Keyboard, tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").write_bytes(b"x")
    typed = keyboard("evidence", "hash", tmp_path, "--json")
    assert typed.code == 5
    assert sorted("problem" in row for row in typed.lines) == [False, True]
    assert keyboard("evidence", "hash", tmp_path / "nothing").code == 3


def test_secrets_are_never_shown(keyboard: Keyboard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HIKESHI_TOKEN", "hks_topsecret")
    monkeypatch.setenv("HIKESHI_DATABASE_URL", "postgresql://u:topsecret@h/n")
    for words in (["config"], ["config", "--json"]):
        typed = keyboard(*words)
        assert "HIKESHI_DATABASE_URL" in typed.out
        assert "topsecret" not in typed.out


def test_a_mistyped_variable_stops_everything_with_a_hint(keyboard: Keyboard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HIKESHI_QUEUE", "x")
    typed = keyboard("config")
    assert typed.code == 3
    assert "HIKESHI_QUEUE_URL" in typed.err


def test_a_role_has_as_many_policies_as_iam_asks_for(keyboard: Keyboard) -> None:
    made = keyboard.json("action", "policy", "--role", "contain", "--account", "111122223333")
    assert all(one["Version"] == "2012-10-17" for one in made)
    assert keyboard("action", "policy", "--account", "111122223333").code == 2
    assert keyboard("action", "policy", "--role", "root", "--account", "111122223333").code == 2
