"""Holding a whole playbook: nothing opens and workers leave its steps alone, until it goes on.

What a worker is at finishes the calls it has begun and stops before the next state; undoing goes on, and people may end what they are at.
"""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from hikeshi.desk.actor import Actor
from hikeshi.desk.bell import ring_after_commit
from hikeshi.desk.incidents.verbs import require_on
from hikeshi.desk.queue import give_back
from hikeshi.desk.runs.models import Run, Step
from hikeshi.desk.runs.releasing import release
from hikeshi.desk.runs.rows import fresh_run, mine, reason_of, write_run

FOR_WORKERS = ("planning", "approved", "running", "pending")
GOES_ON = ("undoing", "pending")
"""States that a pause does not stop: the way back, and looking at what is done already."""


@transaction.atomic
def pause(run: Run, *, actor: Actor, reason: str) -> None:
    """Hold the run, and the runs within it. Raises `Conflict` where it does not run."""
    require_on(actor, "command", run.incident)
    why = reason_of(reason, "Pausing")
    row = fresh_run(run, "running")
    now = timezone.now()
    for one in [row, *within(row)]:
        one.state, one.paused_by, one.paused_at, one.pause_reason = "paused", actor.name, now, why
        one.save(update_fields=["state", "paused_by", "paused_at", "pause_reason"])
    write_run(row, actor, "run.pause", {"version": row.version, "reason": why})


@transaction.atomic
def resume(run: Run, *, actor: Actor, reason: str = "") -> None:
    """Go on: workers take the steps up again, and what could have opened meanwhile opens. Raises `Conflict` where it is not paused."""
    require_on(actor, "command", run.incident)
    row, now = fresh_run(run, "paused"), timezone.now()
    runs = [row, *within(row)]
    for one in runs:
        one.state, one.paused_by, one.paused_at, one.pause_reason = "running", "", None, ""
        one.save(update_fields=["state", "paused_by", "paused_at", "pause_reason"])
    left = Step.objects.filter(run__in=runs, state__in=FOR_WORKERS, due_at=None, parts=None, runs_within=None)
    left.update(due_at=now)
    ring_after_commit(Step)
    write_run(row, actor, "run.resume", {"version": row.version, "reason": reason.strip()[:500]})
    for one in reversed(runs):
        release(one, actor=actor)


def within(run: Run) -> list[Run]:
    """The runs that this one runs in turn and that have not ended, outer ones first."""
    found = list(Run.objects.filter(within__run=run).exclude(state="ended").select_related("incident", "order"))
    return [one for each in found for one in (each, *within(each))]


def stopped(step: Step) -> bool:
    """Whether a worker has to leave the step alone now."""
    return step.run.state == "paused" and step.state not in GOES_ON


@transaction.atomic
def leave_alone(step: Step) -> None:
    """The worker puts the step back: `resume` makes it due. Does nothing where the run goes on again meanwhile."""
    mine(step)
    give_back(step, due_at=None if stopped(step) else timezone.now())
    step.save(update_fields=["due_at", "lease_owner", "lease_until", "attempts"])
