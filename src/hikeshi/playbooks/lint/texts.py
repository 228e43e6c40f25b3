"""Texts for people: both languages, and the places in messages that facts are put into."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, get_args

import msgspec

from hikeshi.playbooks.facts import FACTS
from hikeshi.playbooks.lint.problem import Path, Problem, Subject, listed, short
from hikeshi.playbooks.playbook import Message, Playbook, Role
from hikeshi.text import Text

JAPANESE: Final = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
PLACE: Final = re.compile(r"\{([^{}]*)\}|[{}]")
"""A place in a message, or a bracket that belongs to none."""


def texts(part: Any, path: Path = ()) -> Iterator[tuple[Path, Text]]:
    """Every text anywhere in a playbook, with where it stands."""
    if isinstance(part, Text):
        yield path, part
    elif isinstance(part, msgspec.Struct):
        for name in part.__struct_fields__:
            yield from texts(getattr(part, name), (*path, name))
    elif isinstance(part, tuple):
        for number, inner in enumerate(part):
            yield from texts(inner, (*path, number))
    elif isinstance(part, Mapping):
        for name, inner in part.items():
            yield from texts(inner, (*path, name))


def languages(subject: Subject) -> Iterator[Problem]:
    for path, text in texts(subject.book):
        for language, words in (("en", text.en), ("ja", text.ja)):
            if not words.strip():
                yield subject.at(
                    "error", (*path, language),
                    f"A language is missing; expected words in `{language}`.",
                    f"片方の言語がありません。`{language}` に記入してください。",
                )  # fmt: skip
        if text.en.strip() and text.ja.strip():
            yield from _mixed(subject, path, text)


def _mixed(subject: Subject, path: Path, text: Text) -> Iterator[Problem]:
    if not JAPANESE.search(text.ja):
        yield subject.at("warning", (*path, "ja"), "The Japanese is not Japanese.", "日本語になっていません。")
    elif JAPANESE.search(text.en):
        yield subject.at("warning", (*path, "en"), "The English holds Japanese.", "英語に日本語が混ざっています。")


def messages(book: Playbook) -> Iterator[tuple[Path, Message]]:
    """Every message and draft, with where it stands."""
    for number, step in enumerate(book.steps):
        for name, message in (("message", step.message), ("draft", step.draft)):
            if message is not None:
                yield ("steps", number, name), message


def filled(message: Message) -> Iterator[tuple[Path, str | None]]:
    """What is filled into a message, with where; None for a bracket that belongs to nothing."""
    for part, text in (("subject", message.subject), ("body", message.body)):
        for language, words in (("en", text.en), ("ja", text.ja)):
            for found in PLACE.finditer(words):
                yield (part, language), found.group(1)


def places(subject: Subject) -> Iterator[Problem]:
    known = {*FACTS, *(f"fact.{name}" for name in subject.book.facts)}
    for path, message in messages(subject.book):
        for inner, name in filled(message):
            if name not in known:
                shown = "{" + short(name or "") + "}"
                yield subject.at(
                    "error", (*path, *inner),
                    f"{shown} names no fact; expected a full name and nothing else, one of: {listed(known)}.",
                    f"{shown} に当たる事実がありません。次の名前をそのまま書いてください: {listed(known)}",
                )  # fmt: skip


def duties(subject: Subject) -> Iterator[Problem]:
    """A message is sent to duties; a draft may say in words who it is for."""
    known = get_args(Role)
    for path, message in messages(subject.book):
        for number, name in enumerate(message.to if path[-1] == "message" else ()):
            if name not in known:
                yield subject.at(
                    "error", (*path, "to", number),
                    f"{short(name)} is no duty; expected one of: {', '.join(known)}.",
                    f"{short(name)} という役割はありません。次のいずれかを指定してください: {', '.join(known)}",
                )  # fmt: skip
