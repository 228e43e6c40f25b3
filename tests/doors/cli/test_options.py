"""The options every command takes, wherever they stand."""

from __future__ import annotations

import pytest

from doors.cli.typed import Keyboard
from hikeshi.doors.cli.options import WrongUsage, language_of, split


@pytest.mark.parametrize(
    "words", [["--json", "board", "--home", "h"], ["board", "--json", "--home=h"], ["--home", "h", "board", "--json"]]
)
def test_they_stand_before_or_after_the_command(words: list[str]) -> None:
    options, left = split(words, {})
    assert (options.json, options.home, left) == (True, "h", ["board"])


def test_nothing_after_two_dashes_is_taken() -> None:
    options, left = split(["incident", "note", "INC-1", "--", "--json"], {})
    assert (options.json, left) == (False, ["incident", "note", "INC-1", "--", "--json"])


@pytest.mark.parametrize("words", [["--home"], ["--lang"], ["--lang", "fr"], ["--lang="]])
def test_a_missing_or_wrong_value_is_wrong_usage(words: list[str]) -> None:
    with pytest.raises(WrongUsage) as caught:
        split(words, {})
    assert caught.value.hint


@pytest.mark.parametrize(
    ("environ", "language"),
    [
        ({}, "en"),
        ({"LANG": "ja_JP.UTF-8"}, "ja"),
        ({"LANG": "ja_JP.UTF-8", "HIKESHI_LANGUAGE": "en"}, "en"),
        ({"LANG": "C", "LC_ALL": "ja_JP.UTF-8"}, "ja"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
    ],
)
def test_the_language_is_chosen_then_configured_then_the_terminals(environ: dict[str, str], language: str) -> None:
    assert language_of(environ) == language
    assert split(["--lang", "ja"], environ)[0].language == "ja"


def test_the_version_is_told(keyboard: Keyboard) -> None:
    assert keyboard.json("--version")["version"][0].isdigit()


def test_the_home_is_set_before_anything_is_read(keyboard: Keyboard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HIKESHI_HOME", "/nowhere")
    rows = keyboard.json("config", "--home", "/tmp/elsewhere")
    assert {"/tmp/elsewhere"} == {row["value"] for row in rows if row["variable"] == "HIKESHI_HOME"}
