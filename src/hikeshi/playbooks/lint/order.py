"""What comes before what: circles, the order of reading, and due times."""

from __future__ import annotations

from collections.abc import Iterator

from hikeshi.playbooks.flow import circular
from hikeshi.playbooks.lint.problem import Problem, Subject
from hikeshi.playbooks.playbook import PHASES


def circles(subject: Subject) -> Iterator[Problem]:
    """A step that waits for itself never starts; through `on_failure`, it never starts once the other has failed."""
    stuck = circular(subject.book)
    for step in subject.book.steps:
        if step.key in stuck:
            yield subject.error(
                step, "after",
                "It waits for itself through other steps, so it never starts.",
                "待機関係が循環しているため、このステップは始まりません。",
            )  # fmt: skip


def due(subject: Subject) -> Iterator[Problem]:
    """What counts from the same moment cannot be due before what it waits for."""
    steps = subject.steps
    for step in subject.book.steps:
        if step.due_within is None or step.due_from == "open":
            continue
        for key in sorted(subject.before[step.key] & steps.keys()):
            earlier = steps[key]
            if earlier.due_from == step.due_from and (earlier.due_within or 0) > step.due_within:
                yield subject.warning(
                    step, "due_within",
                    f"It is due after {step.due_within} s, before step {key} that it waits for ({earlier.due_within} s); "
                    f"expected {earlier.due_within} or more.",
                    f"期限 {step.due_within} 秒は、待機先のステップ {key} の期限 {earlier.due_within} 秒より前です。{earlier.due_within} 秒以上にしてください。",
                )  # fmt: skip
                break


def reading(subject: Subject) -> Iterator[Problem]:
    latest = 0
    for step in subject.book.steps:
        place = PHASES.index(step.phase)
        if place < latest:
            yield subject.warning(
                step, "phase",
                f"It is listed after a step of a later phase ({PHASES[latest]}).",
                f"後のフェーズ({PHASES[latest]})のステップより後に書かれています。",
            )  # fmt: skip
        latest = max(latest, place)
