"""Who looks at a group, and who was asked about it."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from hikeshi.desk.accounts.models import Person
from hikeshi.desk.accounts.permissions import allowed, require
from hikeshi.desk.accounts.verbs import actor_of
from hikeshi.desk.actor import Actor
from hikeshi.desk.alerts import groups
from hikeshi.desk.alerts.models import Group, Question
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.ledger.models import ORGANISATION
from hikeshi.errors import Conflict, Refused


@transaction.atomic
def assign(group: Group, person: Person | None, *, actor: Actor, version: int | None = None) -> Group:
    """Say who looks at it; nobody takes it back. Raises `Refused` for somebody who may not judge alerts."""
    require(actor, "triage")
    if person is not None and not allowed(actor_of(person, actor.door), "triage"):
        raise Refused(f"{person} may not judge alerts.", hint="Name a responder, a commander or an administrator.")
    [found] = groups.seen([group], None if version is None else {group.pk: version})
    Group.objects.filter(pk=found.pk).update(assigned_to=person, version=F("version") + 1)
    data = {"to": str(person or ""), "before": str(found.assigned_to or "")}
    ledger.append(ORGANISATION, actor=actor, verb="group.assign", obj=str(found), data=data)
    found.refresh_from_db()
    return found


@transaction.atomic
def ask(group: Group, *, actor: Actor, to: str, question: str) -> Question:
    """Record what the owner was asked. The group goes on waiting and its deadline runs on: silence is no verdict."""
    require(actor, "triage")
    if not to.strip() or not question.strip():
        raise Refused("A question needs somebody to answer it, and its words.", hint='Such as "Was this you?"')
    [found] = groups.seen([group], None)
    row = Question(group=found, to=to.strip(), text=question.strip(), asked_by=actor.name, asked_at=timezone.now())
    row.full_clean()
    row.save()
    ledger.append(
        ORGANISATION, actor=actor, verb="group.ask", obj=str(found), data={"to": row.to, "question": row.text}
    )
    return row


@transaction.atomic
def answer(row: Question, *, actor: Actor, text: str) -> Question:
    """Write down what was answered: it ends the question. The verdict is still somebody's to give."""
    require(actor, "triage")
    if not text.strip():
        raise Refused("The answer is empty.", hint="Write what they said.")
    fresh = Question.objects.select_for_update().get(pk=row.pk)
    if fresh.answered_at is not None:
        raise Conflict("It was answered meanwhile.", current=fresh.answer, hint=f"{fresh.answered_by}: {fresh.answer}")
    fresh.answer, fresh.answered_by, fresh.answered_at = text.strip(), actor.name, timezone.now()
    fresh.full_clean()
    fresh.save()
    data = {"to": fresh.to, "question": fresh.text, "answer": fresh.answer}
    ledger.append(ORGANISATION, actor=actor, verb="group.answer", obj=str(fresh.group), data=data)
    return fresh
