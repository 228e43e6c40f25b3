"""What has an answer: which GuardDuty findings, which ATT&CK techniques, by which playbooks, and what has none.

A finding type is answered by a playbook that names a beginning of it in `matches`. A technique is answered by a playbook that names it or the
technique above it, in whole or at a step; where only one below it is named, in part. Ids are those that ATT&CK has now (`techniques.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Literal

import msgspec

from hikeshi.actions.aws.advice import FAMILIES
from hikeshi.playbooks.playbook import Playbook
from hikeshi.playbooks.techniques import NAMES, present
from hikeshi.text import Text

State = Literal["none", "partly", "answered"]
RANK: Final[dict[State, int]] = {"none": 0, "partly": 1, "answered": 2}
"""Gaps first."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A family of findings or a technique, and its answers."""

    name: str
    title: Text
    state: State
    playbooks: tuple[str, ...] = ()
    unanswered: tuple[str, ...] = ()
    """Of a family: the beginnings of finding types that no playbook answers, or only in part."""
    seen_by: int = 0
    """Of a technique: how many detections tell of it."""


class Coverage(msgspec.Struct, frozen=True):
    """Both lists, gaps first, and within a state by name."""

    findings: tuple[Line, ...]
    techniques: tuple[Line, ...]


def coverage(books: Iterable[Playbook], seen: Mapping[str, int]) -> Coverage:
    """What these playbooks answer. `seen`: techniques that detections tell of, with how many do, old ids and new."""
    known = tuple(books)
    return Coverage(_sorted(_families(known)), _sorted(_techniques(known, seen)))


def _sorted(lines: Iterable[Line]) -> tuple[Line, ...]:
    return tuple(sorted(lines, key=lambda line: (RANK[line.state], line.name)))


def _families(books: tuple[Playbook, ...]) -> Iterable[Line]:
    for family in FAMILIES:
        answers = {start: _answers(books, start) for start in family.types}
        missing = tuple(start for start, (whole, _) in answers.items() if not whole)
        named = {name for whole, part in answers.values() for name in (*whole, *part)}
        yield Line(
            name=family.name, title=family.title, unanswered=missing, playbooks=tuple(sorted(named)),
            state="answered" if not missing else "partly" if named else "none",
        )  # fmt: skip


def _answers(books: tuple[Playbook, ...], start: str) -> tuple[set[str], set[str]]:
    """The playbooks that answer every finding type with this beginning, and those that answer some of them."""
    whole = {book.name for book in books if any(start.startswith(one) for one in book.matches)}
    part = {book.name for book in books if any(one.startswith(start) for one in book.matches)}
    return whole, part


def _techniques(books: tuple[Playbook, ...], seen: Mapping[str, int]) -> Iterable[Line]:
    answering: dict[str, set[str]] = {}
    for book in books:
        for technique in (*book.attack, *(one for step in book.steps for one in step.attack)):
            answering.setdefault(present(technique), set()).add(book.name)
    counted: dict[str, int] = {}
    for technique, number in seen.items():
        counted[present(technique)] = counted.get(present(technique), 0) + number
    for technique in answering.keys() | counted.keys():
        whole = answering.get(technique, set()) | answering.get(technique.partition(".")[0], set())
        part = {name for below, names in answering.items() if below.startswith(f"{technique}.") for name in names}
        name = NAMES.get(technique, technique)
        yield Line(
            name=technique, title=Text(name, name), seen_by=counted.get(technique, 0),
            playbooks=tuple(sorted(whole | part)), state="answered" if whole else "partly" if part else "none",
        )  # fmt: skip
