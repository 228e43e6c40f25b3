"""Asking for the way back. It is approved by the same table as the way there; then a worker restores the state before."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from hikeshi.actions import ACTIONS
from hikeshi.desk.actor import Actor
from hikeshi.desk.incidents.verbs import require_on
from hikeshi.desk.runs import holding, watching
from hikeshi.desk.runs.approvals import let_through, say_yes
from hikeshi.desk.runs.models import Step, Watch
from hikeshi.desk.runs.plans import plan_of
from hikeshi.desk.runs.rows import fresh, reason_of, write
from hikeshi.desk.runs.stakes import need_of
from hikeshi.errors import Refused


@transaction.atomic
def undo(step: Step, *, actor: Actor, reason: str) -> None:
    """Ask for the exact way back, and say yes to it where one yes is enough. Only where the present state is still ours it is restored.

    Where two are needed, two others have to say yes first (`approvals.approve`). What people had contained they have taken back themselves,
    and say so with this.
    """
    require_on(actor, "command", step.run.incident)
    why = reason_of(reason, "Undoing")
    row = fresh(step, "done", "partial", "failed", "unknown", "refused")
    if not row.action and Watch.objects.filter(step=row).exists():
        _taken_back(row, why, actor)
        return
    if not row.action or not row.plan or ACTIONS[row.action].reversible == "no":
        raise Refused(f"Step {row.key} has nothing that can be undone.")
    need = need_of(row, plan_of(row))
    row.was, row.state, row.asked_at, row.requested_by = row.state, "undo_asked", timezone.now(), actor.name
    row.due_at = None
    row.save()
    if not need.others:
        say_yes(row, "undo", actor=actor, reason=why)
        let_through(row)
    write(
        row, actor, "step.undo",
        {
            "plan_digest": row.plan_digest, "reason": why, "needed": need.count, "asked": need.others,
            "because": [text.en for text in need.because],
        },
    )  # fmt: skip


def _taken_back(row: Step, why: str, actor: Actor) -> None:
    row.state, row.ended_at = "undone", timezone.now()
    row.save(update_fields=["state", "ended_at"])
    watching.end(row)
    holding.end(row, actor=actor)
    write(row, actor, "step.taken_back", {"reason": why})
