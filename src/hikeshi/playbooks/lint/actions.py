"""Actions: that they exist, do what the step says, are filled in, and are approved where they cannot be taken back."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from hikeshi.actions import ACTIONS, action
from hikeshi.errors import Refused
from hikeshi.playbooks.facts import ITEM, NUMBERS, bound_fact
from hikeshi.playbooks.lint.problem import Problem, Subject, listed, short
from hikeshi.playbooks.playbook import FactType, Playbook, StepSpec

SAMPLES: Final[dict[FactType, Any]] = {"list": ["one", "two"], "number": 7, "text": "one", "yes_no": True}
"""A value of each type of fact."""
MANY_EYES: Final = 2


def known(subject: Subject) -> Iterator[Problem]:
    for step in subject.book.steps:
        if step.action and step.action not in subject.actions:
            near = [name for name in ACTIONS if name.split(".")[1:2] == step.action.split(".")[1:2]] or list(ACTIONS)
            yield subject.error(
                step, "action",
                f"There is no action {short(step.action)}; expected one of: {listed(near)} (hikeshi action list).",
                f"アクション {short(step.action)} は存在しません。次のいずれかを指定してください: {listed(near)} (hikeshi action list)",
            )  # fmt: skip


def _with_actions(subject: Subject) -> Iterator[tuple[StepSpec, type[Any]]]:
    for step in subject.book.steps:
        if step.action in subject.actions and step.action in ACTIONS:
            yield step, ACTIONS[step.action]


def same_effect(subject: Subject) -> Iterator[Problem]:
    for step, kind in _with_actions(subject):
        if step.effect != kind.effect:
            yield subject.error(
                step, "effect",
                f"{step.action} does more or less than the step says; expected `effect: {kind.effect}`, not {step.effect}.",
                f"{step.action} の影響と異なります。`effect: {kind.effect}` にしてください({step.effect} ではなく)。",
            )  # fmt: skip


def approved_when_final(subject: Subject) -> Iterator[Problem]:
    """What cannot be taken back is not one person's to say."""
    for step, kind in _with_actions(subject):
        if kind.effect in {"contain", "destroy"} and kind.reversible == "no" and step.approvals < MANY_EYES:
            yield subject.error(
                step, "approvals",
                f"{step.action} cannot be taken back; expected `approvals: {MANY_EYES}` or more.",
                f"{step.action} は元に戻せません。`approvals: {MANY_EYES}` 以上にしてください。",
            )  # fmt: skip


def bound(subject: Subject) -> Iterator[Problem]:
    """The inputs exist, those that are required are given, and what is put in fits."""
    for step, _kind in _with_actions(subject):
        fields = _fields(step.action)
        for name in step.inputs.keys() - fields.keys():
            yield subject.error(
                step, ("inputs", name),
                f"{step.action} has no input {short(name)}; expected: {listed(fields)}.",
                f"{step.action} に入力 {short(name)} はありません。使えるもの: {listed(fields)}",
            )  # fmt: skip
        for name, field in fields.items():
            if name in step.inputs:
                yield from _fits(subject, step, name, field.type)
            elif field.required:
                yield subject.error(
                    step, "inputs",
                    f"{step.action} needs the input {name}.", f"{step.action} には入力 {name} が必要です。",
                )  # fmt: skip
        yield from _together(subject, step)


@functools.cache
def _fields(name: str) -> dict[str, msgspec.structs.FieldInfo]:
    """The inputs of an action, by name."""
    return {field.name: field for field in msgspec.structs.fields(ACTIONS[name])}


def _fits(subject: Subject, step: StepSpec, name: str, shape: Any) -> Iterator[Problem]:
    value = step.inputs[name]
    fact = bound_fact(value)
    kind = type_of(subject.book, fact) if fact is not None else None
    if fact is not None and kind is None:
        return  # no fact: `facts.bindings` says it
    try:
        msgspec.convert(SAMPLES[kind] if kind else _plain(value), shape)
    except msgspec.ValidationError as problem:
        said = str(problem).partition(" - at `")[0]
        # What a text will say is not known yet, so only its type can be wrong.
        if kind is None or ", got `" in said:
            yield subject.error(
                step, ("inputs", name),
                f"The input {name} does not fit{f', as {fact} is of type {kind}' if kind else ''}: {said}.",
                f"入力 {name} の型が合いません{f'({fact} は {kind} 型)' if kind else ''}: {said}",
            )  # fmt: skip


def _together(subject: Subject, step: StepSpec) -> Iterator[Problem]:
    """Inputs that are all written down are also looked at as a whole."""
    if any(bound_fact(value) is not None for value in step.inputs.values()):
        return
    try:
        action(step.action, {name: _plain(value) for name, value in step.inputs.items()})
    except Refused as problem:
        if (
            " - at `$." not in problem.message
            and "required field" not in problem.message
            and "unknown field" not in problem.message
        ):
            yield subject.error(step, "inputs", problem.message, f"入力が正しくありません: {problem.message}")


def _plain(value: Any) -> Any:
    return value[1:] if isinstance(value, str) and value.startswith("$$") else value


def type_of(book: Playbook, fact: str) -> FactType | None:
    """The type of a fact by its full name; None where there is no such fact."""
    if fact == ITEM:
        return "text"
    if fact.startswith("fact."):
        spec = book.facts.get(fact.removeprefix("fact."))
        return spec.type if spec else None
    return "number" if fact in NUMBERS else "text"
