"""Who is at the command line, and who is not."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from doors.cli.typed import Keyboard
from hikeshi.desk.accounts.models import Token
from hikeshi.doors.cli.identity import TOKEN_FILE, secret
from hikeshi.errors import Refused


def test_nobody_is_refused_with_3_and_told_how_to_begin(keyboard: Keyboard, home: Path) -> None:
    typed = keyboard("board", "--json")
    assert (typed.code, typed.out) == (3, "")
    assert "hikeshi init" in typed.err
    assert not list(home.iterdir())


def test_the_file_is_read_when_only_its_owner_can(home: Path) -> None:
    path = home / TOKEN_FILE
    path.write_text("hks_abc\n")
    path.chmod(0o600)
    assert secret() == "hks_abc"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666, 0o610])
def test_a_file_others_can_reach_is_refused_with_the_command_that_mends_it(home: Path, mode: int) -> None:
    path = home / TOKEN_FILE
    path.write_text("hks_abc")
    path.chmod(mode)
    with pytest.raises(Refused, match=f"{mode:04o}") as caught:
        secret()
    assert "chmod 600" in caught.value.hint
    assert "hks_abc" not in str(caught.value)


def test_the_environment_goes_before_the_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HIKESHI_TOKEN", "hks_env")
    assert secret() == "hks_env"


@pytest.mark.parametrize("change", ["wrong", "expired", "revoked"])
def test_a_token_that_does_not_work_is_refused_alike(
    admin: Keyboard, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    now = timezone.now()
    if change == "wrong":
        monkeypatch.setenv("HIKESHI_TOKEN", "hks_wrong")
    else:
        Token.objects.update(**{"expired": {"expires_at": now - timedelta(1)}, "revoked": {"revoked_at": now}}[change])
    typed = admin("board")
    assert typed.code == 3
    assert typed.err.startswith("Refused: The token is not valid.")


def test_what_was_done_is_written_under_the_person_and_the_door(admin: Keyboard) -> None:
    made = admin.json("incident", "declare", "Odd", "--severity", 3, "--reason", "seen")
    entries = admin("audit", "log", made["name"], "--json").lines
    assert {(entry["actor"], entry["door"]) for entry in entries} == {("aoki", "cli")}
