"""Ways through a playbook: conditions that never or always hold, decisions that make no difference."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

from hikeshi.errors import Refused
from hikeshi.playbooks.conditions import Condition
from hikeshi.playbooks.facts import NUMBERS
from hikeshi.playbooks.lint.actions import type_of
from hikeshi.playbooks.lint.conditions import missing, options, sound
from hikeshi.playbooks.lint.problem import Problem, Subject
from hikeshi.playbooks.states import STATES

MOST_WAYS: Final = 256
"""Combinations of choices and states that one condition is tried with."""


def can_hold(subject: Subject) -> Iterator[Problem]:
    """A step whose condition never holds is never done; one whose condition always holds needs none."""
    for use, found in sound(subject):
        if missing(subject, found):
            continue
        answers = _answers(subject, found)
        if answers == {False}:
            yield subject.error(
                use.step, use.field,
                "The condition never holds, so that the step cannot be reached.",
                "条件を満たすことがないため、このステップには到達しません。",
            )  # fmt: skip
        elif answers == {True}:
            yield subject.warning(
                use.step, use.field,
                "The condition always holds; expected none, or one that makes a difference.",
                "条件は常に満たされます。条件を外すか、見直してください。",
            )  # fmt: skip


def _answers(subject: Subject, found: Condition) -> set[bool]:
    """Everything the condition can come to; empty where it looks at something with too many values to try."""
    ranges: dict[str, list[Any]] = {}
    for name in found.names:
        values = _values(subject, name)
        if values is None:
            return set()
        ranges[name] = values
    if math.prod(map(len, ranges.values())) > MOST_WAYS:
        return set()
    try:
        return {found.holds(_world(dict(zip(ranges, way, strict=True)))) for way in itertools.product(*ranges.values())}
    except Refused:
        return set()  # `usable` says it


def _values(subject: Subject, name: str) -> list[Any] | None:
    root, _, rest = name.partition(".")
    if root == "choice":
        return ["", *options(subject, rest)]
    if root == "state":
        return list(STATES)
    if name in NUMBERS:
        return [1, 2, 3, 4]
    return [False, True] if type_of(subject.book, name) == "yes_no" else None


def _world(values: Mapping[str, Any]) -> dict[str, Any]:
    world: dict[str, Any] = {"alert": {}, "choice": {}, "fact": {}, "incident": {}, "item": "", "state": {}}
    for name, value in values.items():
        root, _, rest = name.partition(".")
        world[root][rest] = value
    return world


def told_apart(subject: Subject) -> Iterator[Problem]:
    """A decision that makes no difference, and options of one that no condition names. One may be the rest."""
    named: dict[str, set[str]] = {}
    for _, found in sound(subject):
        for name in found.names:
            named.setdefault(name, set())
        for name, value in found.compared:
            named.setdefault(name, set()).add(value)
    for step in subject.book.steps:
        if step.kind != "decision":
            continue
        looked = named.get(f"choice.{step.key}")
        left = [option.value for option in step.options if option.value not in (looked or set())]
        if looked is None:
            yield subject.warning(
                step, "options",
                f'No condition looks at this decision; expected choice["{step.key}"] in a `when`.',
                f'この判断を見る条件がありません。いずれかの `when` で choice["{step.key}"] を使ってください。',
            )  # fmt: skip
        elif looked and len(left) > 1:
            yield subject.warning(
                step, "options",
                f"No condition tells these options apart: {', '.join(left)}.",
                f"次の選択肢を区別する条件がありません: {', '.join(left)}",
            )  # fmt: skip
