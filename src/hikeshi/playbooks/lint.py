"""What is wrong, or likely wrong, with a playbook that can be read.

An `error` keeps a playbook from being published: it could not run, or would run against the rules of the house. A `warning` is shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator
from typing import Final, Literal

import msgspec

from hikeshi.playbooks.facts import ITEM, bound_fact, said_of
from hikeshi.playbooks.flow import ancestors
from hikeshi.playbooks.playbook import PHASES, Playbook, StepSpec
from hikeshi.text import Text

JAPANESE: Final = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")

Level = Literal["error", "warning"]


class Problem(msgspec.Struct, frozen=True):
    """One thing that is wrong. `place` is where: "step 2.1", or a field of the playbook."""

    level: Level
    place: str
    what: Text


def lint(playbook: Playbook, known_actions: Container[str]) -> list[Problem]:
    """Everything wrong with a playbook, in the order of CHECKS. `known_actions` holds the names of the actions there are."""
    problems = [problem for check in CHECKS for problem in check(playbook)]
    return problems + list(_unknown_actions(playbook, known_actions))


def _keys_given_twice(playbook: Playbook) -> Iterator[Problem]:
    seen: set[str] = set()
    for step in playbook.steps:
        if step.key in seen:
            yield _error(step, f"The key {step.key} is given twice.", f"キー {step.key} が重複しています。")
        seen.add(step.key)


def _unknown_steps(playbook: Playbook) -> Iterator[Problem]:
    known = {step.key for step in playbook.steps} | {step.group for step in playbook.steps if step.group}
    for step in playbook.steps:
        for key in (*step.after, *step.evidence):
            if key not in known:
                yield _error(
                    step, f"It waits for step {key}, which is not there.", f"存在しないステップ {key} を待っています。"
                )


def _circles(playbook: Playbook) -> Iterator[Problem]:
    before = ancestors(playbook)
    for step in playbook.steps:
        if step.key in before[step.key]:
            yield _error(
                step,
                "It waits for itself through other steps, so it never starts.",
                "待機関係が循環しているため、このステップは始まりません。",
            )


def _languages(playbook: Playbook) -> Iterator[Problem]:
    texts = [("title", playbook.title), ("summary", playbook.summary)]
    for step in playbook.steps:
        texts += [(f"step {step.key}", text) for text in (step.title, step.text, step.deadline) if text]
    for place, text in texts:
        if not text.en.strip() or not text.ja.strip():
            yield Problem("error", place, Text("A language is missing.", "片方の言語がありません。"))
        elif not JAPANESE.search(text.ja):
            yield Problem("warning", place, Text("The Japanese is not Japanese.", "日本語になっていません。"))
        elif JAPANESE.search(text.en):
            yield Problem("warning", place, Text("The English holds Japanese.", "英語に日本語が混ざっています。"))


def _evidence_first(playbook: Playbook) -> Iterator[Problem]:
    """Rebooting, rebuilding, wiping and deleting end evidence, so all of it has to be taken before."""
    before = ancestors(playbook)
    evidence = [step.key for step in playbook.steps if step.effect == "collect"]
    for step in playbook.steps:
        if step.effect != "destroy":
            continue
        if not evidence:
            yield _error(
                step, "It destroys, and no step takes evidence.", "証拠を保全するステップがないまま破壊的操作をします。"
            )
        for key in evidence:
            if key not in before[step.key]:
                yield _error(
                    step,
                    f"It destroys, and may run before step {key} has taken evidence.",
                    f"ステップ {key} の証拠保全より前に破壊的操作をする可能性があります。",
                )


def _containment_first(playbook: Playbook) -> Iterator[Problem]:
    """Who eradicates before containing shows the attacker the plan and leaves them the network."""
    before = ancestors(playbook)
    contained = {step.key for step in playbook.steps if step.phase == "containment"}
    for step in playbook.steps:
        if step.phase == "eradication" and not contained & before[step.key]:
            yield _error(
                step,
                "It eradicates without waiting for any containment step.",
                "封じ込めのステップを待たずに根絶を始めます。",
            )


def _reading_order(playbook: Playbook) -> Iterator[Problem]:
    latest = 0
    for step in playbook.steps:
        place = PHASES.index(step.phase)
        if place < latest:
            yield Problem(
                "warning",
                f"step {step.key}",
                Text("It is listed after a step of a later phase.", "後のフェーズのステップより後に書かれています。"),
            )
        latest = max(latest, place)


def _bindings(playbook: Playbook) -> Iterator[Problem]:
    for step in playbook.steps:
        for name, value in step.inputs.items():
            for part in value if isinstance(value, list) else [value]:
                fact = bound_fact(part)
                known = fact is None or said_of(playbook, fact) or (fact == ITEM and step.for_each)
                if not known or (fact is not None and isinstance(value, list)):
                    yield _error(
                        step,
                        f"The input {name} names ${fact}, which is no fact that can be put in here.",
                        f"入力 {name} の ${fact} は、ここで使える事実ではありません。",
                    )


def _unknown_actions(playbook: Playbook, known: Container[str]) -> Iterator[Problem]:
    for step in playbook.steps:
        if step.action and step.action not in known:
            yield _error(step, f"There is no action {step.action}.", f"アクション {step.action} は存在しません。")


def _error(step: StepSpec, en: str, ja: str) -> Problem:
    return Problem("error", f"step {step.key}", Text(en, ja))


CHECKS: Final[tuple[Callable[[Playbook], Iterator[Problem]], ...]] = (
    _bindings,
    _circles,
    _containment_first,
    _evidence_first,
    _keys_given_twice,
    _languages,
    _reading_order,
    _unknown_steps,
)
"""What is checked, in alphabetical order."""
