"""What every verb on steps begins and ends with: the row as it is now, locked, and one line of the ledger.

Whoever changes steps holds the incident's chain first, then rows: two who end steps of one run at the same moment come one after
the other, so that the second sees what the first has ended, and neither waits for the other in a circle.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from django.db import connection

from hikeshi.desk.actor import Actor
from hikeshi.desk.bell import ring_after_commit
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.ledger.models import Chain
from hikeshi.desk.queue import LeaseLost
from hikeshi.desk.runs.models import Run, Step
from hikeshi.errors import Conflict, Refused

LONGEST_REASON: Final = 500


def hold(incident: str) -> None:
    """Nobody else changes steps of this incident until the transaction ends."""
    if not ledger.is_held(incident):
        list(Chain.objects.select_for_update().filter(name=incident).values_list("pk"))


def fresh(step: Step, *states: str) -> Step:
    """The step, locked until the transaction ends. Raises `Conflict` where it is in none of these states any more."""
    hold(step.run.incident.name)
    row = _locked(step)
    if row.state not in states:
        raise Conflict(f"Step {row.key} is {row.state} now.", current=row.state, hint="Look at it again.")
    return row


def mine(step: Step) -> None:
    """The same for the worker that works on the step, without reading everything again: the chain keeps others out.

    Raises `LeaseLost` where another worker or a person has the step meanwhile.
    """
    hold(step.run.incident.name)
    now = Step.objects.values_list(*MEANWHILE).get(pk=step.pk)
    owner, state, step.owner, step.owned_at, step.run.state, step.run.facts, step.run.incident.severity = now
    if (owner, state) != (step.lease_owner, step.was_saved_in):
        raise LeaseLost(f"Step {step.key} was taken over; it is {state} now.")


MEANWHILE: Final = ("lease_owner", "state", "owner", "owned_at", "run__state", "run__facts", "run__incident__severity")
"""What others may have changed since a worker has claimed a step; who claims a step changes nothing but its lease."""


def _locked(step: Step) -> Step:
    rows = Step.together(Step.objects.select_for_update(of=("self",)))
    found: Step = rows.get(pk=step.pk)
    return found


def fresh_run(run: Run, *states: str) -> Run:
    """The run, locked as a step is. Raises `Conflict` where it is in none of these states any more."""
    hold(run.incident.name)
    row = Run.objects.select_for_update(of=("self",)).select_related("incident").get(pk=run.pk)
    if row.state not in states:
        raise Conflict(f"The playbook is {row.state} now.", current=row.state, hint="Look at it again.")
    return row


def save_all(steps: Iterable[Step], names: Collection[str]) -> None:
    """Save these fields of many steps by one statement, past the models, which need longer to make each than the database to carry it."""
    fields = [field for field in Step._meta.concrete_fields if field.name in names]
    marks = ", ".join(f'"{field.column}" = %s' for field in fields)
    rows = []
    for step in steps:
        step.note_since()
        values = (field.get_db_prep_save(getattr(step, field.attname), connection) for field in fields)
        rows.append([*values, step.pk])
    ring_after_commit(Step)
    with connection.cursor() as cursor:
        cursor.executemany(f"UPDATE {Step._meta.db_table} SET {marks} WHERE id = %s", rows)  # noqa: S608 - nothing from outside


def write(step: Step, actor: Actor, verb: str, data: Mapping[str, Any]) -> None:
    """One line in the incident's chain."""
    ledger.append(step.run.incident.name, actor=actor, verb=verb, obj=f"step {step.key}", data=data)


def write_all(step: Step, actor: Actor, lines: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
    """Several lines at once, each a verb and its data."""
    drafts = [ledger.Draft(verb, f"step {step.key}", data) for verb, data in lines]
    ledger.append_many(step.run.incident.name, drafts, actor=actor)


def write_run(run: Run, actor: Actor, verb: str, data: Mapping[str, Any]) -> None:
    """One line in the incident's chain about the whole run."""
    ledger.append(run.incident.name, actor=actor, verb=verb, obj=run.playbook, data=data)


def reason_of(text: str, what: str) -> str:
    """The reason without the space around it. Raises `Refused` where there is none, or more than is kept."""
    reason = text.strip()
    if not reason:
        raise Refused(f"{what} needs a reason.", hint="Say it in one sentence; it stays in the record.")
    if len(reason) > LONGEST_REASON:
        raise Refused(
            f"The reason is longer than {LONGEST_REASON} characters.", hint="Shorten it; a note has room for more."
        )
    return reason
