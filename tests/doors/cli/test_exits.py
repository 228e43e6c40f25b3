"""Exit codes are a promise to scripts."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.db.utils import OperationalError

from doors.cli.typed import Keyboard
from hikeshi.doors.cli.exits import code_of, in_our_words, tell
from hikeshi.doors.cli.options import WrongUsage
from hikeshi.errors import Conflict, Failed, HikeshiError, Refused, Unreadable


@pytest.mark.parametrize(
    ("problem", "code"),
    [
        (Failed("x"), 1),
        (Failed("x", permanent=False), 1),
        (WrongUsage("x"), 2),
        (Refused("x"), 3),
        (Conflict("x"), 3),
        (Unreadable("x", source="y"), 5),
    ],
)
def test_the_error_tree_maps_to_codes(problem: HikeshiError, code: int) -> None:
    assert code_of(problem) == code


def test_the_message_comes_first_then_the_hint_in_both_languages(capsys: pytest.CaptureFixture[str]) -> None:
    tell(Refused("No.", hint="Ask."), "en")
    tell(Refused("No.", hint="Ask."), "ja")
    assert capsys.readouterr().err == "Refused: No.\nHow to go on: Ask.\n拒否: No.\n対処: Ask.\n"


def test_an_error_text_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    tell(Refused("\x1b[2J"), "en")
    assert "\x1b" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("problem", "code"),
    [
        (ValidationError({"email": ["Not an address."]}), 2),
        (ValidationError("Not so."), 2),
        (OperationalError("no such table: x"), 1),
        (FileNotFoundError(2, "No such file or directory", "/x"), 1),
    ],
)
def test_what_others_raise_is_told_in_our_words(problem: Exception, code: int) -> None:
    known = in_our_words(problem)
    assert known is not None
    assert code_of(known) == code


def test_a_fault_nobody_foresaw_is_not_hidden() -> None:
    assert in_our_words(KeyError("x")) is None


@pytest.mark.parametrize("words", [["clocks", "compute"], ["clocks", "compute", "--nope"], ["no"]])
def test_wrong_usage_is_2_and_says_how_it_is_used(keyboard: Keyboard, words: list[str]) -> None:
    typed = keyboard(*words)
    assert (typed.code, typed.out) == (2, "")
    assert "--help" in typed.err


def test_a_near_miss_is_named(keyboard: Keyboard) -> None:
    assert keyboard("clocks", "nope").code == 2
    assert "hikeshi evidence hash" in keyboard("evidence", "hsah").err
