"""Who does a step: a person takes it, gives it on, or takes it over; what is stuck with a worker is taken from it."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from hikeshi.desk.accounts.models import Person
from hikeshi.desk.accounts.verbs import actor_of
from hikeshi.desk.actor import Actor
from hikeshi.desk.incidents.verbs import require_on, visible
from hikeshi.desk.queue import give_back
from hikeshi.desk.runs import leases
from hikeshi.desk.runs.models import Step
from hikeshi.desk.runs.rows import fresh, reason_of, write
from hikeshi.desk.runs.stuck import stuck
from hikeshi.errors import Refused

OWNABLE = ("waiting", "lacking", "open", "planning", "asked", "approved", "running", "pending")
WITH_A_WORKER = ("planning", "approved", "running", "pending")


@transaction.atomic
def take(step: Step, *, actor: Actor, reason: str = "") -> None:
    """The actor does it. Where it is somebody else's already, that needs a reason. Raises `Refused` for Hikeshi itself."""
    require_on(actor, "write", step.run.incident)
    if actor.person_id is None:
        raise Refused("Only a person can take a step.", hint="Sign in as the person who does it.")
    row = fresh(step, *OWNABLE)
    me = Person.objects.get(pk=actor.person_id).username
    if row.owner == me:
        return
    why = reason_of(reason, "Taking over what somebody else has") if row.owner else reason.strip()[:500]
    _own(row, me, "step.take", why, actor)


@transaction.atomic
def hand_over(step: Step, to: Person | None, *, actor: Actor, reason: str = "") -> None:
    """Give a step to somebody who may work on the incident, or to nobody (None): whoever has the role is asked again."""
    require_on(actor, "write", step.run.incident)
    row = fresh(step, *OWNABLE)
    if to is not None and not visible(actor_of(to, "console")).filter(pk=row.run.incident_id).exists():
        raise Refused(f"{to} has no part in {row.run.incident}.", hint="Give them a role on it first.")
    _own(row, to.username if to else "", "step.hand_over", reason.strip()[:500], actor)


def _own(row: Step, name: str, verb: str, reason: str, actor: Actor) -> None:
    was, row.owner = row.owner, name
    row.owned_at = timezone.now() if name else None
    row.save(update_fields=["owner", "owned_at"])
    write(row, actor, verb, {"to": name or "–", "owner": name, "was": was, "reason": reason})


@transaction.atomic
def take_from_worker(step: Step, *, actor: Actor, reason: str) -> None:
    """A step that is stuck with a worker (`stuck.py`) becomes open and the actor's, to be done and finished by hand.

    Raises `Refused` where it is not stuck: a worker may be in the middle of it.
    """
    require_on(actor, "command", step.run.incident)
    why = reason_of(reason, "Taking a step from a worker")
    row = fresh(step, *WITH_A_WORKER)
    found = stuck(row, timezone.now())
    if found is None:
        raise Refused(f"Step {row.key} is not stuck.", hint="Pause the playbook, or wait for the worker.")
    was, row.state, row.owner, row.owned_at = row.state, "open", actor.name, timezone.now()
    row.outcome = {}
    leases.release(row)
    give_back(row, due_at=None)
    row.save()
    row.approvals.filter(ended="").update(ended="expired", ended_at=timezone.now())
    write(row, actor, "step.take_over", {"was": was, "reason": why, "en": found.en, "ja": found.ja})
