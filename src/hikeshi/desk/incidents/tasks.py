"""Tasks: one piece of work, one owner by name, a time limit, and a yes of the owner. Never "can someone"."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from hikeshi.desk.accounts.models import Person
from hikeshi.desk.accounts.verbs import actor_of
from hikeshi.desk.actor import Actor
from hikeshi.desk.incidents.models import Incident, Task
from hikeshi.desk.incidents.verbs import require_on, visible
from hikeshi.desk.ledger import changes, verbs as ledger
from hikeshi.errors import Conflict, Refused

UNDONE = ("open", "taken")


@transaction.atomic
def give(
    incident: Incident, title: str, *, actor: Actor, owner: Person | None = None, due: datetime | None = None
) -> Task:
    """Ask for a piece of work. Without an owner it is shown as nobody's until somebody takes it."""
    require_on(actor, "write", incident)
    if not title.strip():
        raise Refused("The task is empty.", hint="Say in one line what has to be done.")
    _may_work_on(incident, owner)
    row = Task(incident=incident, title=title.strip(), owner=owner, due=due, made_by=actor.name, made_at=timezone.now())
    row.full_clean()
    row.save()
    _tell(row, actor, "task.give", {"due": due.isoformat() if due else ""})
    return row


def _may_work_on(incident: Incident, owner: Person | None) -> None:
    """A task that its owner cannot open is no task, and its title may be nothing for them to know."""
    if owner is not None and not visible(actor_of(owner, "console")).filter(pk=incident.pk).exists():
        raise Refused(f"{owner} has no part in {incident}.", hint="Give them a role on it first.")


def _name(row: Task) -> str:
    return f"task {row.pk}"


def _tell(row: Task, actor: Actor, verb: str, data: dict[str, Any]) -> None:
    owner = row.owner.username if row.owner else "–"
    told = {**data, "title": row.title, "owner": owner}
    ledger.append(row.incident.name, actor=actor, verb=verb, obj=_name(row), data=told)


def _write(row: Task, version: int | None, actor: Actor, verb: str, **values: Any) -> None:
    """Change the row and say so on the chain."""
    said = {"outcome": values.get("outcome", "")}
    data = changes.change(row, version, chain=row.incident.name, obj=_name(row), data=said, **values)
    _tell(row, actor, verb, data)


def _undone(row: Task) -> None:
    row.refresh_from_db(from_queryset=Task.objects.select_for_update())
    if row.state not in UNDONE:
        raise Conflict(
            f"The task has ended: {row.get_state_display()}.", current=row.state, version=row.version,
            hint="Give a new one if there is more to do.",
        )  # fmt: skip


@transaction.atomic
def take(row: Task, *, actor: Actor, version: int | None = None) -> None:
    """The owner says yes. A task that is nobody's becomes the actor's; somebody else's has to be reassigned."""
    require_on(actor, "write", row.incident)
    _undone(row)
    if actor.person_id is None or (row.owner_id is not None and row.owner_id != actor.person_id):
        raise Refused(f"The task is {row.owner}'s.", hint="Whoever commands can give it to somebody else.")
    if row.state == "taken":
        return
    _write(row, version, actor, "task.take", owner=Person.objects.get(pk=actor.person_id), state="taken")


@transaction.atomic
def done(row: Task, *, actor: Actor, outcome: str, version: int | None = None) -> None:
    """The work is done, with what came of it."""
    require_on(actor, "write", row.incident)
    _end(row, "done", outcome, "What came of it is missing.", actor, version)


@transaction.atomic
def drop(row: Task, *, actor: Actor, reason: str, version: int | None = None) -> None:
    """The work is not needed or cannot be done. The reason stays."""
    require_on(actor, "write", row.incident)
    _end(row, "dropped", reason, "Dropping a task needs a reason.", actor, version)


def _end(row: Task, state: str, outcome: str, empty: str, actor: Actor, version: int | None) -> None:
    if not outcome.strip():
        raise Refused(empty, hint="Say it in one sentence.")
    _undone(row)
    verb = "task.done" if state == "done" else "task.drop"
    _write(row, version, actor, verb, state=state, outcome=outcome.strip(), ended_at=timezone.now())


@transaction.atomic
def reassign(
    row: Task, owner: Person, *, actor: Actor, due: datetime | None = None, version: int | None = None
) -> None:
    """Give it to somebody else, who has yet to say yes. Its owner may pass it on; of others' tasks, whoever commands."""
    mine = row.owner_id is None or (actor.person_id is not None and row.owner_id == actor.person_id)
    require_on(actor, "write" if mine else "command", row.incident)
    _undone(row)
    _may_work_on(row.incident, owner)
    _write(row, version, actor, "task.reassign", owner=owner, state="open", due=due or row.due)


def undone(incident: Incident) -> list[Task]:
    """What is still to do, the most urgent first; without a time limit last."""
    rows = incident.tasks.filter(state__in=UNDONE).select_related("owner")
    return list(rows.order_by(F("due").asc(nulls_last=True), "pk"))


def mine(actor: Actor) -> QuerySet[Task]:
    """The actor's own work over all incidents they may read, the most urgent first: for "My work"."""
    if actor.person_id is None:
        return Task.objects.none()
    rows = Task.objects.filter(owner_id=actor.person_id, state__in=UNDONE, incident__in=visible(actor))
    return rows.select_related("incident", "owner").order_by(F("due").asc(nulls_last=True), "pk")


def over(row: Task, now: datetime) -> bool:
    """Whether its time is up and it is not done."""
    return row.state in UNDONE and row.due is not None and row.due < now
