"""A command line as somebody types it, and what came back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from hikeshi.doors.cli import run
from hikeshi.doors.cli.options import Language
from hikeshi.doors.cli.texts import say


@dataclass(frozen=True)
class Typed:
    """`code` is the exit code; `out` and `err` are what was written."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


class Keyboard:
    """Types commands in this process. The token of whoever sits there is in the environment."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys

    def __call__(self, *words: object) -> Typed:
        self.capsys.readouterr()
        code = run([str(word) for word in words])
        written = self.capsys.readouterr()
        return Typed(code, written.out, written.err)

    def json(self, *words: object, code: int = 0) -> Any:
        typed = self(*words, "--json")
        assert typed.code == code, typed.err + typed.out
        return typed.json


def words_asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The list to which each key of a text is added that a table asks for from now on."""
    asked: list[str] = []

    def told(key: str, language: Language, **values: Any) -> str:
        asked.append(key)
        return say(key, language, **values)

    monkeypatch.setattr("hikeshi.doors.cli.tables.say", told)
    return asked
