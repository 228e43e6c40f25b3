"""Conditions: that they can be evaluated, name what is there and are looked at in time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from hikeshi.errors import Refused
from hikeshi.playbooks.conditions import Condition, condition
from hikeshi.playbooks.facts import EMPTY, FACTS, ITEM
from hikeshi.playbooks.lint.actions import SAMPLES, type_of
from hikeshi.playbooks.lint.problem import Path, Problem, Subject, listed, short
from hikeshi.playbooks.playbook import StepSpec
from hikeshi.playbooks.states import STATES


class Use(NamedTuple):
    """One condition of a playbook, at its field."""

    step: StepSpec
    field: Path
    text: str


def uses(subject: Subject) -> Iterator[Use]:
    for step in subject.book.steps:
        if step.when is not None:
            yield Use(step, ("when",), step.when)
        if step.wait is not None and step.wait.until is not None:
            yield Use(step, ("wait", "until"), step.wait.until)


def sound(subject: Subject) -> Iterator[tuple[Use, Condition]]:
    """Those that can be compiled; `usable` says the others."""
    for use in uses(subject):
        try:
            yield use, condition(use.text)
        except Refused:
            continue


def usable(subject: Subject) -> Iterator[Problem]:
    """It compiles, and comes to true or false both with nothing known and with everything known."""
    for use in uses(subject):
        try:
            found = condition(use.text)
            if missing(subject, found):
                continue  # `names` says it
            for full in (False, True):
                found.holds(_sample(subject, found, full=full))
        except Refused as problem:
            yield subject.error(
                use.step, use.field, str(problem), f"条件が使えません(true か false になる CEL の式が必要です): {problem.message}"
            )  # fmt: skip


def _sample(subject: Subject, found: Condition, *, full: bool) -> dict[str, Any]:
    """What the condition names, empty or with something in it."""
    world: dict[str, Any] = {"alert": {}, "choice": {}, "fact": {}, "incident": {}, "item": "one", "state": {}}
    for name in found.names:
        root, _, rest = name.partition(".")
        if root == "choice":
            world[root][rest] = options(subject, rest)[0] if full and options(subject, rest) else ""
        elif root == "state":
            world[root][rest] = "done" if full else "waiting"
        elif rest:
            kind = type_of(subject.book, name) or "text"
            world[root][rest] = SAMPLES[kind] if full else EMPTY[kind]
    return world


def options(subject: Subject, key: str) -> list[str]:
    """What can be chosen in a decision; nothing where the step is none."""
    step = subject.steps.get(key)
    return [option.value for option in step.options] if step else []


def missing(subject: Subject, found: Condition) -> list[str]:
    """What it names that is not there, or cannot be followed."""
    facts = {*FACTS, *(f"fact.{name}" for name in subject.book.facts), ITEM}
    strange = []
    for name in sorted(found.names):
        root, _, rest = name.partition(".")
        if root == "choice":
            known = rest in subject.steps and subject.steps[rest].kind == "decision"
        elif root == "state":
            known = rest in subject.steps
        else:
            known = name in facts
        if not known:
            strange.append(name)
    return strange


def names(subject: Subject) -> Iterator[Problem]:
    """Facts are declared, choices are those of decisions, states are those of steps, and what they are compared with can be."""
    for use, found in sound(subject):
        for name in missing(subject, found):
            yield subject.error(use.step, use.field, *_no_such(subject, name))
        for name, value in sorted(found.compared):
            root, _, key = name.partition(".")
            known = options(subject, key) if root == "choice" else STATES if root == "state" else None
            if known and value not in {"", *known}:
                yield subject.error(
                    use.step, use.field,
                    f'{root}["{key}"] is never "{short(value)}"; expected one of: {", ".join(known)}.',
                    f'{root}["{key}"] が "{short(value)}" になることはありません。次のいずれかです: {", ".join(known)}',
                )  # fmt: skip


def _no_such(subject: Subject, name: str) -> tuple[str, str]:
    root, _, rest = name.partition(".")
    if root in {"choice", "state"}:
        keys = [key for key, step in subject.steps.items() if root == "state" or step.kind == "decision"]
        shown = f'{root}["{short(rest)}"]' if rest else root
        en = "decision" if root == "choice" else "step"
        return (
            f"{shown} names no {en}; expected the key of one in quotes: {listed(keys)}.",
            f"{shown} に当たる{'判断の' if root == 'choice' else ''}ステップがありません。キーを引用符付きで書いてください: {listed(keys)}",
        )
    facts = {*FACTS, *(f"fact.{one}" for one in subject.book.facts)}
    return (
        f"{short(name)} is no fact; expected one of: {listed(facts)}.",
        f"{short(name)} という事実はありません。次のいずれかです: {listed(facts)}",
    )


def looked_at(subject: Subject) -> Iterator[Problem]:
    """`when` is looked at once. What it looks at has to be over by then, or the answer is a matter of luck."""
    for use, found in sound(subject):
        if use.field != ("when",):
            continue
        for name in sorted(found.names):
            root, _, key = name.partition(".")
            if root in {"choice", "state"} and key in subject.steps and key not in subject.before[use.step.key]:
                yield subject.error(use.step, use.field, *_too_early(f'{root}["{key}"]', [key]))
            elif root == "fact" and (asking := _askers(subject, key)) and not asking & subject.before[use.step.key]:
                yield subject.error(use.step, use.field, *_too_early(name, sorted(asking)))
        if ITEM in found.names:
            yield subject.error(
                use.step, use.field,
                "`when` is looked at once for all targets, so that `item` is empty; expected a list that holds only what is meant.",
                "`when` は全対象に対して一度だけ評価され、`item` は空です。対象だけを含むリストにしてください。",
            )  # fmt: skip


def _askers(subject: Subject, fact: str) -> set[str]:
    """The steps that ask for a fact, which nothing else tells."""
    spec = subject.book.facts.get(fact)
    return {step.key for step in subject.book.steps if fact in step.asks} if spec and not spec.source else set()


def _too_early(name: str, keys: list[str]) -> tuple[str, str]:
    wanted = " or ".join(keys[:3])
    return (
        f"It looks at {name}, which may not be known yet; expected {wanted} in `after`.",
        f"{name} がまだ決まっていない時点で評価される可能性があります。`after` に {wanted} を加えてください。",
    )
