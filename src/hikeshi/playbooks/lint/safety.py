"""Evidence before what ends it, and containment that ends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from hikeshi.actions import ACTIONS
from hikeshi.playbooks.facts import ITEM
from hikeshi.playbooks.lint.problem import Problem, Subject
from hikeshi.playbooks.playbook import StepSpec

FOR_A_TIME: Final = frozenset({"detection_analysis", "containment"})
"""Phases in which cutting off is meant for a time. What is changed later (secrets, patches, new machines) is meant to stay."""


def evidence_first(subject: Subject) -> Iterator[Problem]:
    """Rebooting, rebuilding, wiping and deleting end evidence, so all of it has to be taken before."""
    evidence = [step.key for step in subject.book.steps if step.effect == "collect"]
    for step in subject.book.steps:
        if step.effect != "destroy":
            continue
        if not evidence:
            yield subject.error(
                step, "effect",
                "It destroys, and no step takes evidence.", "証拠を保全するステップがないまま破壊的操作をします。",
            )  # fmt: skip
        for key in evidence:
            if key not in subject.before[step.key]:
                yield subject.error(
                    step, "evidence",
                    f"It destroys, and may run before step {key} has taken evidence; expected {key} in `evidence` or `after`.",
                    f"ステップ {key} の証拠保全より前に破壊的操作をする可能性があります。`evidence` か `after` に {key} を加えてください。",
                )  # fmt: skip


def evidence_before_containing(subject: Subject) -> Iterator[Problem]:
    """An action says which evidence it would cost (`needs_evidence`); as far as the playbook takes it of the same target, it comes first."""
    takes: dict[str, list[StepSpec]] = {}
    for step in subject.book.steps:
        takes.setdefault(step.action, []).append(step)
    for step in subject.book.steps:
        kind = ACTIONS.get(step.action)
        for earlier in (one for name in (kind.needs_evidence if kind else ()) for one in takes.get(name, ())):
            if _targets(step) & _targets(earlier) and earlier.key not in subject.before[step.key]:
                yield subject.error(
                    step, "evidence",
                    f"{step.action} may cost the evidence that step {earlier.key} takes; expected {earlier.key} in `evidence`.",
                    f"{step.action} によりステップ {earlier.key} の証拠が失われる可能性があります。`evidence` に {earlier.key} を加えてください。",
                )  # fmt: skip


def _targets(step: StepSpec) -> set[str]:
    """What a step acts on, as the playbook names it: a fact, a list of targets, or a name."""
    return {step.for_each if value == f"${ITEM}" else value for value in step.inputs.values() if isinstance(value, str)}


def evidence_is_collected(subject: Subject) -> Iterator[Problem]:
    for step in subject.book.steps:
        if step.kind == "evidence" and step.effect != "collect":
            yield subject.error(
                step, "effect",
                f"A step of kind `evidence` collects; expected `effect: collect`, not {step.effect}.",
                f"種別 `evidence` のステップは証拠を集めます。`effect: collect` にしてください({step.effect} ではなく)。",
            )  # fmt: skip
        for number, key in enumerate(step.evidence):
            if key in subject.steps and subject.steps[key].effect != "collect":
                yield subject.error(
                    step, ("evidence", number),
                    f"Step {key} takes no evidence; expected a step with `effect: collect`, or `after`.",
                    f"ステップ {key} は証拠を保全しません。`effect: collect` のステップを指定するか、`after` を使ってください。",
                )  # fmt: skip


def containment_first(subject: Subject) -> Iterator[Problem]:
    """Who eradicates before containing shows the attacker the plan and leaves them the network."""
    contained = {step.key for step in subject.book.steps if step.phase == "containment"}
    for step in subject.book.steps:
        if step.phase == "eradication" and not contained & subject.before[step.key]:
            yield subject.error(
                step, "after",
                "It eradicates without waiting for any containment step; expected one in `after`.",
                "封じ込めのステップを待たずに根絶を始めます。`after` に封じ込めのステップを加えてください。",
            )  # fmt: skip


def containment_ends(subject: Subject) -> Iterator[Problem]:
    """Every containment has an undo and a time limit."""
    for step in subject.book.steps:
        if (
            step.effect != "contain"
            or step.phase not in FOR_A_TIME
            or step.kind not in {"action", "manual"}
            or _final(step)
        ):
            continue
        if step.keep_for is None:
            yield subject.error(
                step, "keep_for",
                "It contains without a limit; expected `keep_for`: seconds until somebody looks whether it still has to.",
                "封じ込めの期限がありません。見直しまでの秒数を `keep_for` に指定してください。",
            )  # fmt: skip
        if step.kind == "manual" and step.undo is None:
            yield subject.error(
                step, "undo",
                "People contain, and nothing says how it is taken back; expected `undo` in both languages.",
                "人が行う封じ込めの解除方法がありません。`undo` に両言語で記入してください。",
            )  # fmt: skip


def _final(step: StepSpec) -> bool:
    """It cannot be taken back at all, which `actions.approved_when_final` judges."""
    kind = ACTIONS.get(step.action)
    return kind is not None and kind.reversible == "no"
