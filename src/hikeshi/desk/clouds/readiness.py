"""Would it work now? Asking an account, keeping the answers, and what they mean for actions and playbooks.

The network is asked before the transaction, never in it. The answers of an account replace those before; what was yes and is no now is
written to the ledger, and told from there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any, Final, cast

import msgspec
from django.db import transaction
from django.utils import timezone

from hikeshi.actions import ACTIONS
from hikeshi.actions.aws.preflight import asking
from hikeshi.actions.aws.preflight.asking import Told
from hikeshi.actions.aws.preflight.question import Answer, Kind, Verdict
from hikeshi.actions.aws.preflight.verdicts import Outlook, outlook
from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.actor import Actor
from hikeshi.desk.clouds.entering import enter, places_of
from hikeshi.desk.clouds.models import Account, Asking, Readiness
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.ledger.models import ORGANISATION
from hikeshi.desk.queue import give_back
from hikeshi.errors import Refused
from hikeshi.playbooks.playbook import Playbook, StepSpec
from hikeshi.text import Text

EVERY: Final = timedelta(days=1)
NAMED: Final = 20
"""Answers that turned to no and are named in the entry; the count is of all."""

Key = tuple[str, str, str, str]


class FailingStep(msgspec.Struct, frozen=True):
    """A step of a playbook that would not work in an account, and why."""

    playbook: Playbook
    step: StepSpec
    outlook: Outlook


def ask(account: Account, *, actor: Actor, told: Told = lambda _done, _all, _name: None) -> list[Answer]:
    """Ask everything about an account and keep the answers. `told` hears of each question that was answered."""
    require(actor, "triage")
    if account.provider != "aws":
        raise Refused(f"{account} is not an AWS account.", hint="Only AWS accounts can be asked.")
    if account.retired_at is not None:
        raise Refused(f"{account} is retired.", hint="Put it to use again before it is asked.")
    answers = asking.ask(places_of(account), enter, kinds_of(account), told=told)
    keep(account, answers, actor=actor)
    return answers


@transaction.atomic
def keep(account: Account, answers: Iterable[Answer], *, actor: Actor) -> None:
    """Replace the answers of an account."""
    require(actor, "triage")
    Account.objects.select_for_update().get(pk=account.pk)  # two who ask at once keep one whole set
    now, rows = timezone.now(), {_key(answer): answer for answer in answers}
    before = dict(_states(account))
    Readiness.objects.filter(account=account).delete()
    Readiness.objects.bulk_create(_row(account, answer, now) for answer in rows.values())
    turned = sorted(key for key, answer in rows.items() if answer.answer == "no" and before.get(key) == "yes")
    counts = {state: sum(1 for answer in rows.values() if answer.answer == state) for state in ("yes", "no", "unknown")}
    failing = [kind.name for kind in kinds_of(account) if outlook(kind, rows.values()).state == "no"]
    names = ", ".join(" ".join(part for part in key if part) for key in turned[:NAMED])
    ledger.append(
        ORGANISATION, actor=actor, verb="readiness.ask", obj=str(account),
        data={**counts, "turned": names, "turned_count": len(turned), "failing": failing[:NAMED], "failing_count": len(failing)},
    )  # fmt: skip


def ask_all(row: Asking, *, actor: Actor, meanwhile: Callable[[], None]) -> None:
    """The daily round. What `meanwhile` raises ends it; the accounts asked so far are kept."""
    for account in Account.objects.filter(provider="aws", retired_at__isnull=True):
        meanwhile()
        ask(account, actor=actor)
    with transaction.atomic():
        row.asked_at = timezone.now()
        give_back(row, due_at=row.asked_at + EVERY)
        row.save()


def kinds_of(account: Account) -> tuple[Kind, ...]:
    """The actions there are for this account."""
    return tuple(kind for kind in ACTIONS.values() if kind.provider == account.provider)


def answers_of(account: Account) -> list[Answer]:
    """The answers as last kept."""
    return [answer_of(row) for row in Readiness.objects.filter(account=account)]


def outlooks(account: Account, answers: Iterable[Answer] | None = None) -> dict[str, Outlook]:
    """How each action stands in an account; nothing asked yet is unknown."""
    known = list(answers_of(account) if answers is None else answers)
    return {kind.name: outlook(kind, known) for kind in kinds_of(account)}


def failing_steps(found: Mapping[str, Outlook], books: Iterable[Playbook]) -> list[FailingStep]:
    """The steps of playbooks whose action would not work, or not everywhere; in the order of the playbooks."""
    return [
        FailingStep(book, step, found[step.action])
        for book in books
        for step in book.steps
        if step.action in found and found[step.action].state != "yes"
    ]


def answer_of(row: Readiness) -> Answer:
    todo = row.said.get("todo")
    return Answer(
        answer=cast("Verdict", row.answer),
        found=Text(**row.said["found"]),
        todo=Text(**todo) if todo else None,
        question=row.question,
        region=row.region,
        action=row.action,
        resource=row.resource,
    )


def _row(account: Account, answer: Answer, now: Any) -> Readiness:
    region, question, action, resource = _key(answer)
    said = {"found": msgspec.to_builtins(answer.found), "todo": msgspec.to_builtins(answer.todo)}
    return Readiness(
        account=account, region=region, question=question, action=action, resource=resource, answer=answer.answer,
        said=said, asked_at=now,
    )  # fmt: skip


def _key(answer: Answer) -> Key:
    return answer.region, answer.question, answer.action, answer.resource[:200]


def _states(account: Account) -> Iterable[tuple[Key, str]]:
    for *key, state in Readiness.objects.filter(account=account).values_list(
        "region", "question", "action", "resource", "answer"
    ):
        yield (key[0], key[1], key[2], key[3]), state
