"""Steps by their names: keys, groups, what opens at a failure, and playbooks within."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hikeshi.playbooks.lint.problem import Problem, Subject, listed, short
from hikeshi.playbooks.playbook import GO_ON, HOLD, Playbook


def keys_given_twice(subject: Subject) -> Iterator[Problem]:
    seen: set[str] = set()
    for step in subject.book.steps:
        if step.key in seen:
            yield subject.error(
                step, "key",
                f"The key {step.key} is given twice; expected another one.",
                f"キー {step.key} が重複しています。別のキーにしてください。",
            )  # fmt: skip
        seen.add(step.key)


def unknown_steps(subject: Subject) -> Iterator[Problem]:
    for step in subject.book.steps:
        for number, key in enumerate(step.after):
            if key not in subject.steps and key not in subject.groups:
                yield subject.error(
                    step, ("after", number),
                    f"It waits for step {short(key)}, which is not there; expected the key of a step or the name of a group.",
                    f"存在しないステップ {short(key)} を待っています。ステップのキーかグループ名を指定してください。",
                )  # fmt: skip
        for number, key in enumerate(step.evidence):
            if key not in subject.steps:
                yield subject.error(
                    step, ("evidence", number),
                    f"It waits for step {key}, which is not there; expected the key of a step that takes evidence.",
                    f"存在しないステップ {key} を待っています。証拠を保全するステップのキーを指定してください。",
                )  # fmt: skip


def groups(subject: Subject) -> Iterator[Problem]:
    waited = {key for step in subject.book.steps for key in step.after}
    for name, steps in subject.groups.items():
        if name not in waited:
            yield subject.warning(
                steps[0], "group",
                f"Nothing waits for the group {name}.", f"グループ {name} を待つステップがありません。",
            )  # fmt: skip


def fallbacks(subject: Subject) -> Iterator[Problem]:
    """What is there for a failure has to exist, and the other one has to be able to fail."""
    for step in subject.book.steps:
        key = step.on_failure
        if key in (None, GO_ON, HOLD):
            continue
        if key not in subject.steps:
            yield subject.error(
                step, "on_failure",
                f"There is no step {key}; expected go_on, hold or the key of a step.",
                f"ステップ {key} は存在しません。go_on、hold、またはステップのキーを指定してください。",
            )  # fmt: skip
        elif step.kind == "decision":
            yield subject.error(
                step, "on_failure",
                f"A decision does not fail, so step {key} would never start; expected a condition on the choice.",
                f"判断のステップは失敗しないため、ステップ {key} は始まりません。選択肢を見る条件にしてください。",
            )  # fmt: skip


def playbooks_within(subject: Subject) -> Iterator[Problem]:
    """A playbook that is run within has to be on the shelf, and must not lead back here."""
    own = subject.book.name
    for step in subject.book.steps:
        name = step.playbook
        if name is None:
            continue
        if name == own or (subject.shelf is not None and own in _within(name, subject.shelf)):
            yield subject.error(
                step, "playbook",
                f"{name} comes back to {own}, so that it would never end.",
                f"{name} から {own} に戻るため、終わりません。",
            )  # fmt: skip
        elif subject.shelf is not None and name not in subject.shelf:
            yield subject.error(
                step, "playbook",
                f"There is no playbook {name}; expected one of: {listed(subject.shelf)}.",
                f"プレイブック {name} は存在しません。次のいずれかを指定してください: {listed(subject.shelf)}",
            )  # fmt: skip


def _within(name: str, shelf: Mapping[str, Playbook]) -> set[str]:
    """The playbooks that run within this one, and within those."""
    seen: set[str] = set()
    waiting = [name]
    while waiting:
        book = shelf.get(waiting.pop())
        inner = {step.playbook for step in book.steps if step.playbook} if book else set()
        waiting += inner - seen
        seen |= inner
    return seen
