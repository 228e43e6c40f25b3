"""Doing a step once more: after it has failed, was left out or undone, or where it only looked."""

from __future__ import annotations

from typing import Final

from django.db import transaction
from django.utils import timezone

from hikeshi.desk.actor import Actor
from hikeshi.desk.incidents.verbs import require_on
from hikeshi.desk.queue import give_back
from hikeshi.desk.runs.gate import effect_of
from hikeshi.desk.runs.models import Run, Step
from hikeshi.desk.runs.opening import open_step
from hikeshi.desk.runs.pinned import playbook_of, spec_of
from hikeshi.desk.runs.plans import has_changed
from hikeshi.desk.runs.releasing import release
from hikeshi.desk.runs.rows import fresh, reason_of, write
from hikeshi.errors import Refused
from hikeshi.playbooks import flow

OVER: Final = ("failed", "refused", "unknown", "skipped", "undone", "done", "partial")


@transaction.atomic
def run_again(step: Step, *, actor: Actor, reason: str) -> None:
    """The step waits and opens as it did the first time, with the facts as they are now; a run that had ended goes on.

    An action is planned and asked for anew. What has opened after the step stays as it is. Raises `Refused` where something that was
    changed would be lost sight of: what is done is undone first, and so is what an action has begun to change.
    """
    require_on(actor, "command" if step.action else "write", step.run.incident)
    why = reason_of(reason, "Running a step again")
    row = fresh(step, *OVER)
    _refuse_if_lost(row)
    was, spec = row.state, spec_of(row)
    row.state, row.choice, row.outcome, row.ended_at, row.began_at = "waiting", "", {}, None, None
    row.plan, row.plan_digest, row.only, row.allowed_by, row.requested_by = "", "", [], "", actor.name
    give_back(row, due_at=None)
    if row.part_of_id is not None:
        open_step(row, spec)
    row.save()
    row.approvals.filter(ended="").update(ended="expired", ended_at=timezone.now())
    write(row, actor, "step.again", {"was": was, "reason": why})
    _wait_for_its_failure(row)
    go_on(row.run, row)
    release(row.run, actor=actor)


def _refuse_if_lost(row: Step) -> None:
    if row.state in {"done", "partial"} and effect_of(row) in {"contain", "destroy"}:
        raise Refused(f"Step {row.key} is {row.state}.", hint="Undo it first; then it can be done again.")
    if row.action and row.state != "undone" and effect_of(row) in {"contain", "destroy"} and has_changed(row):
        raise Refused(
            f"Step {row.key} has already changed something under its plan.",
            hint="Undo it first: its saved state must not be overwritten.",
        )
    if row.parts.exists() or row.runs_within.exists():
        raise Refused(f"Step {row.key} consists of others.", hint="Run those of its parts again that have to be.")


def _wait_for_its_failure(row: Step) -> None:
    """Steps that are there for its failure only were not needed; now it may fail."""
    book = playbook_of(row.run)
    names = [key for key, of in flow.fallback_for(book).items() if row.key in of] if book else []
    row.run.steps.filter(key__in=names, state="not_needed").update(
        state="waiting", outcome={}, ended_at=None, since=timezone.now()
    )


def go_on(run: Run, part: Step | None = None) -> None:
    """A run that had ended runs again, and so do the steps that it or `part` is a part of. Called inside the verb that adds to it."""
    if part is not None and part.part_of is not None:
        _runs(part.part_of)
    if run.state != "ended":
        return
    run.state, run.ended_at = "running", None
    run.save(update_fields=["state", "ended_at"])
    if run.within is not None:
        _runs(run.within)
        go_on(run.within.run, run.within)


def _runs(whole: Step) -> None:
    whole.state, whole.ended_at, whole.outcome = "running", None, {}
    whole.save(update_fields=["state", "ended_at", "outcome"])
