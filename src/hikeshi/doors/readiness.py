"""Would it work now? The answers of preflight as plain data, the same for every door."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec
from django.db.models import QuerySet
from typing_extensions import TypedDict

from hikeshi.actions import ACTIONS
from hikeshi.actions.aws.preflight import QUESTIONS
from hikeshi.actions.aws.preflight.question import Answer
from hikeshi.actions.aws.preflight.verdicts import Outlook
from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.actor import Actor
from hikeshi.desk.clouds import readiness
from hikeshi.desk.clouds.models import Account, Readiness
from hikeshi.desk.clouds.readiness import FailingStep
from hikeshi.desk.playbooks.reading import books
from hikeshi.doors.find import NotThere
from hikeshi.doors.shapes import Both


class AnswerShape(TypedDict):
    """One answer: yes, no or unknown; what was found, and what to do about it. `action` is empty where it is about more than one."""

    account: str
    region: str
    question: str
    title: Both
    action: str
    resource: str
    answer: str
    found: Both
    todo: Both | None
    asked_at: datetime


class ActionShape(TypedDict):
    """How an action stands: yes, part (for some resources), unknown, or no; and what stands in its way."""

    account: str
    action: str
    title: Both
    effect: str
    state: str
    against: list[Both]


class FailingShape(TypedDict):
    """A step of a playbook that would not work, or not everywhere."""

    account: str
    playbook: str
    step: str
    title: Both
    action: str
    state: str
    against: list[Both]


class AccountShape(TypedDict):
    """One account: when it was last asked (null: never), answers by kind, and actions by state."""

    account: str
    name: str
    asked_at: datetime | None
    yes: int
    no: int
    unknown: int
    actions: dict[str, int]


def accounts_for(actor: Actor) -> QuerySet[Account]:
    require(actor, "triage")
    return Account.objects.filter(provider="aws", retired_at__isnull=True)


def account_named(actor: Actor, number: str) -> Account:
    row = accounts_for(actor).filter(number=number).first()
    if row is None:
        raise NotThere(
            f"There is no account {number[:40]!r} that can be asked.",
            hint="Check the number; `GET /readiness` lists the accounts.",
        )
    return row


def answers_for(actor: Actor, *, account: str = "", action: str = "", answer: str = "") -> list[AnswerShape]:
    """As last kept, in the order of account, question, region and resource. With `action`, what that action needs."""
    rows = Readiness.objects.filter(account__in=accounts_for(actor)).select_related("account")
    if account:
        rows = rows.filter(account__number=account)
    if answer:
        rows = rows.filter(answer=answer)
    shapes = (_answer(row) for row in rows.order_by("account__number", "question", "region", "action", "resource"))
    return [shape for shape in shapes if not action or _needed(shape, action)]


def _needed(shape: AnswerShape, action: str) -> bool:
    if shape["action"] or action not in ACTIONS or shape["question"] not in QUESTIONS:
        return shape["action"] == action
    return QUESTIONS[shape["question"]].needed_by(ACTIONS[action])


def _answer(row: Readiness) -> AnswerShape:
    known = QUESTIONS.get(row.question)
    title: Both = msgspec.to_builtins(known.title) if known else {"en": row.question, "ja": row.question}
    return {
        "account": row.account.number, "region": row.region, "question": row.question, "title": title, "action": row.action,
        "resource": row.resource, "answer": row.answer, "found": row.said["found"], "todo": row.said.get("todo"),
        "asked_at": row.asked_at,
    }  # fmt: skip


def actions_of(account: Account, found: Mapping[str, Outlook]) -> list[ActionShape]:
    return [
        {
            "account": account.number, "action": name, "title": msgspec.to_builtins(ACTIONS[name].title),
            "effect": ACTIONS[name].effect, "state": one.state, "against": _against(one.against),
        }
        for name, one in found.items()
    ]  # fmt: skip


def failing_of(account: Account, steps: Iterable[FailingStep]) -> list[FailingShape]:
    return [
        {
            "account": account.number, "playbook": one.playbook.name, "step": one.step.key,
            "title": msgspec.to_builtins(one.step.title), "action": one.step.action, "state": one.outlook.state,
            "against": _against(one.outlook.against),
        }
        for one in steps
    ]  # fmt: skip


def account_shape(account: Account, answers: Iterable[Answer], found: Mapping[str, Outlook]) -> AccountShape:
    told = list(answers)
    first = account.readiness.order_by("asked_at").first()
    states = [one.state for one in found.values()]
    return {
        "account": account.number, "name": account.name, "asked_at": first.asked_at if first else None,
        "yes": sum(one.answer == "yes" for one in told), "no": sum(one.answer == "no" for one in told),
        "unknown": sum(one.answer == "unknown" for one in told),
        "actions": {state: states.count(state) for state in ("yes", "part", "unknown", "no")},
    }  # fmt: skip


def summary(account: Account) -> tuple[AccountShape, list[ActionShape], list[FailingShape]]:
    """Everything about one account as last asked."""
    answers = readiness.answers_of(account)
    found = readiness.outlooks(account, answers)
    failing = failing_of(account, readiness.failing_steps(found, books().values()))
    return account_shape(account, answers, found), actions_of(account, found), failing


MOST_REASONS = 10


def _against(answers: Iterable[Answer]) -> list[Both]:
    said = []
    for answer in answers:
        question = QUESTIONS.get(answer.question)
        title = question.title if question else answer.found
        where = f" {answer.resource}:" if answer.resource else ""
        said.append(Both(en=f"{title.en}{where} {answer.found.en}", ja=f"{title.ja}{where or ':'} {answer.found.ja}"))
    if len(said) > MOST_REASONS:
        left = len(said) - MOST_REASONS
        return [*said[:MOST_REASONS], Both(en=f"and {left} more", ja=f"ほか {left} 件")]
    return said
