"""What every command takes: --home, --json, --lang, --version, before the command's name or after it (--version only before)."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from hikeshi.errors import Refused

Language = Literal["en", "ja"]
TAKES_VALUE = ("--home", "--lang")


class WrongUsage(Refused):
    """The command line itself is not understood: exit code 2."""


@dataclass(frozen=True)
class Options:
    """How this run was started."""

    json: bool = False
    language: Language = "en"
    chosen: Language | None = None
    """The language asked for with --lang, where it was: what a report is written in."""
    home: str | None = None
    version: bool = False


def split(words: Sequence[str], environ: Mapping[str, str] = os.environ) -> tuple[Options, list[str]]:
    """The options of every command, and the words left. Nothing after a bare `--` is touched. Raises `WrongUsage`."""
    found: dict[str, str] = {}
    left: list[str] = []
    waiting = list(words)
    while waiting:
        word = waiting.pop(0)
        if word == "--":
            left += [word, *waiting]
            break
        name, equals, value = word.partition("=")
        if name in TAKES_VALUE:
            if not equals and not waiting:
                raise WrongUsage(f"{name} needs a value.", hint="Such as --home DIR, --lang ja.")
            found[name] = value if equals else waiting.pop(0)
        elif word == "--json" or (word == "--version" and not left):  # later, it is an option of the command
            found[word] = ""
        else:
            left.append(word)
    chosen = _language(found["--lang"]) if "--lang" in found else None
    options = Options(
        json="--json" in found,
        language=chosen or language_of(environ),
        chosen=chosen,
        home=found.get("--home"),
        version="--version" in found,
    )
    return options, left


def _language(text: str) -> Language:
    if text == "en":
        return "en"
    if text == "ja":
        return "ja"
    raise WrongUsage(f"--lang is {text!r}.", hint="Use en or ja.")


def language_of(environ: Mapping[str, str]) -> Language:
    """HIKESHI_LANGUAGE, else what the terminal speaks, else English."""
    names = ("HIKESHI_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
    said = next((environ[name] for name in names if environ.get(name)), "")
    return "ja" if said.lower().startswith("ja") else "en"
