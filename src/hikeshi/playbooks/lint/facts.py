"""Facts: that bindings name them, that somebody tells them, and that something uses them."""

from __future__ import annotations

from collections.abc import Iterator

from hikeshi.errors import Refused
from hikeshi.playbooks.conditions import condition
from hikeshi.playbooks.facts import FACTS, ITEM, bound_fact, said_of
from hikeshi.playbooks.lint.problem import Problem, Subject, listed, short
from hikeshi.playbooks.lint.texts import filled, messages
from hikeshi.playbooks.playbook import StepSpec


def _all(subject: Subject) -> str:
    return listed({*FACTS, *(f"fact.{name}" for name in subject.book.facts)})


def bindings(subject: Subject) -> Iterator[Problem]:
    for step in subject.book.steps:
        for name, value in step.inputs.items():
            for part in value if isinstance(value, list) else [value]:
                fact = bound_fact(part)
                known = fact is None or said_of(subject.book, fact) or (fact == ITEM and step.for_each)
                if not known or (fact is not None and isinstance(value, list)):
                    yield subject.error(
                        step, ("inputs", name),
                        f"The input {name} names ${short(fact)}, which is no fact that can be put in here; expected one of: {_all(subject)}"
                        f"{'; a list is bound as a whole' if isinstance(value, list) else ''}.",
                        f"入力 {name} の ${short(fact)} は、ここで使える事実ではありません。使えるもの: {_all(subject)}",
                    )  # fmt: skip


def targets(subject: Subject) -> Iterator[Problem]:
    """`for_each` goes over a list."""
    lists = [f"$fact.{name}" for name, spec in subject.book.facts.items() if spec.type == "list"]
    for step in subject.book.steps:
        if step.for_each and step.for_each not in lists:
            yield subject.error(
                step, "for_each",
                f"{short(step.for_each)} is no list; expected a fact of type list: {listed(lists)}.",
                f"{short(step.for_each)} はリストではありません。list 型の事実を指定してください: {listed(lists)}",
            )  # fmt: skip


def told(subject: Subject) -> Iterator[Problem]:
    """Every fact has somebody who is asked for it, or is filled in from the alert; who is asked is asked for a fact that is declared."""
    asked = {name for step in subject.book.steps for name in step.asks}
    for name, spec in subject.book.facts.items():
        if spec.source and spec.source not in FACTS:
            yield subject.at(
                "error", ("facts", name, "source"),
                f"There is no {short(spec.source)} to fill it in from; expected one of: {listed(FACTS)}.",
                f"{short(spec.source)} は存在しません。次のいずれかを指定してください: {listed(FACTS)}",
            )  # fmt: skip
        elif not spec.source and name not in asked:
            yield subject.at(
                "warning", ("facts", name),
                f"Nobody is asked for fact.{name}; expected it in `asks` of a step, or a `source`.",
                f"fact.{name} を尋ねるステップがありません。いずれかのステップの `asks` に加えるか、`source` を指定してください。",
            )  # fmt: skip
    for step in subject.book.steps:
        for number, name in enumerate(step.asks):
            if name not in subject.book.facts:
                yield subject.error(
                    step, ("asks", number),
                    f"The fact {name} is not declared; expected one of: {listed(subject.book.facts)}.",
                    f"事実 {name} は宣言されていません。次のいずれかを指定してください: {listed(subject.book.facts)}",
                )  # fmt: skip


def used(subject: Subject) -> Iterator[Problem]:
    named = {name for step in subject.book.steps for name in _used_by(step)}
    named |= {name for _, message in messages(subject.book) for _, name in filled(message) if name}
    for name in subject.book.facts:
        if f"fact.{name}" not in named:
            yield subject.at(
                "warning", ("facts", name),
                f"Nothing uses fact.{name}: no input, condition, target or message.",
                f"fact.{name} はどの入力・条件・対象・メッセージにも使われていません。",
            )  # fmt: skip


def _used_by(step: StepSpec) -> Iterator[str]:
    for value in (*step.inputs.values(), step.for_each):
        fact = bound_fact(value)
        if fact:
            yield fact
    for text in (step.when, step.wait.until if step.wait else None):
        if text:
            try:
                yield from condition(text).names
            except Refused:
                continue  # `conditions.usable` says it
