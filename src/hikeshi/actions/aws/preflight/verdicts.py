"""From the answers to the question that counts: which action would work, which would fail, and why. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from hikeshi.actions.aws.preflight import QUESTIONS
from hikeshi.actions.aws.preflight.question import Answer, Kind

State = Literal["yes", "part", "unknown", "no"]
"""`part`: it works for some instances or networks and not for others."""

_WORST: tuple[State, ...] = ("yes", "part", "unknown", "no")


class Outlook(msgspec.Struct, frozen=True):
    """How one action stands in one account, and the answers that stand in its way."""

    state: State
    against: tuple[Answer, ...]


def outlook(kind: Kind, answers: Iterable[Answer]) -> Outlook:
    """No answer at all is unknown, not yes."""
    mine = [answer for answer in answers if concerns(answer, kind)]
    by_question: dict[str, list[Answer]] = {}
    for answer in mine:
        by_question.setdefault(answer.question, []).append(answer)
    states: list[State] = [_together(each) for each in by_question.values()]
    state = max(states or [_WORST[2]], key=_WORST.index)
    return Outlook(state, tuple(answer for answer in mine if answer.answer != "yes"))


def concerns(answer: Answer, kind: Kind) -> bool:
    if answer.action:
        return answer.action == kind.name
    question = QUESTIONS.get(answer.question)
    return question is not None and question.needed_by(kind)


def _together(answers: Sequence[Answer]) -> State:
    """Several resources together: one that fails among others that work is a part."""
    found = {answer.answer for answer in answers}
    if found == {"yes"}:
        return "yes"
    if "yes" in found:
        return "part"
    return "no" if "no" in found else "unknown"
