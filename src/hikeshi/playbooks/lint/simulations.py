"""Simulations: that they speak of steps, choices and facts that are there."""

from __future__ import annotations

from collections.abc import Iterator

from hikeshi.errors import Refused
from hikeshi.playbooks.facts import FACTS, checked, said_of
from hikeshi.playbooks.lint.problem import Path, Problem, Subject, listed, short
from hikeshi.playbooks.playbook import Input, Simulation
from hikeshi.playbooks.states import STATES


def names(subject: Subject) -> Iterator[Problem]:
    seen: set[str] = set()
    for number, simulation in enumerate(subject.book.simulations):
        path: Path = ("simulations", number)
        if simulation.name in seen:
            yield subject.at(
                "error", (*path, "name"),
                f"The name {simulation.name} is given twice; expected another one.",
                f"名前 {simulation.name} が重複しています。別の名前にしてください。",
            )  # fmt: skip
        seen.add(simulation.name)
        yield from _steps(subject, path, simulation)
        yield from _choices(subject, path, simulation)
        yield from _facts(subject, path, simulation)


def _steps(subject: Subject, path: Path, simulation: Simulation) -> Iterator[Problem]:
    expect = simulation.expect
    named: list[tuple[Path, str]] = [(("told", key), key) for key in simulation.told]
    named += [(("choices", key), key) for key in simulation.choices]
    named += [(("comes_to", key), key) for key in simulation.comes_to]
    named += [(("expect", "steps", key), key) for key in expect.steps]
    named += [(("expect", "order", place), key) for place, pair in enumerate(expect.order) for key in pair]
    for inner, key in named:
        if key not in subject.steps:
            yield subject.at(
                "error", (*path, *inner),
                f"There is no step {key}; expected one of: {listed(subject.steps)}.",
                f"ステップ {key} は存在しません。次のいずれかを指定してください: {listed(subject.steps)}",
            )  # fmt: skip
    for key, state in expect.steps.items():
        if state not in STATES:
            yield subject.at(
                "error", (*path, "expect", "steps", key),
                f"A step is never {short(state)}; expected one of: {', '.join(STATES)}.",
                f"状態 {short(state)} はありません。次のいずれかを指定してください: {', '.join(STATES)}",
            )  # fmt: skip


def _choices(subject: Subject, path: Path, simulation: Simulation) -> Iterator[Problem]:
    for key, value in simulation.choices.items():
        known = [option.value for option in subject.steps[key].options] if key in subject.steps else [value]
        if value not in known:
            yield subject.at(
                "error", (*path, "choices", key),
                f"{value} is no option of step {key}; expected one of: {listed(known)}.",
                f"{value} はステップ {key} の選択肢にありません。次のいずれかを指定してください: {listed(known)}",
            )  # fmt: skip


def _facts(subject: Subject, path: Path, simulation: Simulation) -> Iterator[Problem]:
    told = [((*path, "facts", name), name, value) for name, value in simulation.facts.items()]
    for key, values in simulation.told.items():
        told += [((*path, "told", key, name), f"fact.{name}", value) for name, value in values.items()]
        asks = subject.steps[key].asks if key in subject.steps else tuple(values)
        for name in values.keys() - set(asks):
            yield subject.at(
                "error", (*path, "told", key, name),
                f"Step {key} is not asked for {name}; expected one of: {listed(asks)}.",
                f"ステップ {key} は {name} を尋ねません。次のいずれかを指定してください: {listed(asks)}",
            )  # fmt: skip
    for place, name, value in told:
        yield from _fact(subject, place, name, value)


def _fact(subject: Subject, path: Path, name: str, value: Input) -> Iterator[Problem]:
    if said_of(subject.book, name) is None:
        known = {*FACTS, *(f"fact.{one}" for one in subject.book.facts)}
        yield subject.at(
            "error", path,
            f"{short(name)} is no fact; expected one of: {listed(known)}.",
            f"{short(name)} という事実はありません。次のいずれかです: {listed(known)}",
        )  # fmt: skip
    elif name.startswith("fact.") and not _placeholder(value):
        try:
            checked(subject.book.facts[name.removeprefix("fact.")], name, value)
        except Refused as problem:
            yield subject.at("error", path, problem.message, f"{name} の値が正しくありません: {problem.message}")


def _placeholder(value: Input) -> bool:
    """A thing of the scene, such as "<instance_id>"; what it stands for is known when the scene stands."""
    return isinstance(value, str) and value.startswith("<") and value.endswith(">")
