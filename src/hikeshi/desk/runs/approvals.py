"""Yes, no, and taking it back: to exactly one plan, by as many people as the table of `policy.py` asks for.

With two or more, whoever asked for the step (or for its undoing) is not one of them. An approver may take parts out of a plan and
never put any in: the plan is made anew without them, and that one has a digest of its own to approve.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from django.db import IntegrityError, transaction
from django.utils import timezone

from hikeshi.actions import ACTIONS, action as build
from hikeshi.desk.actor import Actor
from hikeshi.desk.incidents.verbs import require_on
from hikeshi.desk.queue import give_back
from hikeshi.desk.runs.gate import gate
from hikeshi.desk.runs.models import Approval, Step
from hikeshi.desk.runs.plans import back_to_planning, plan_again, plan_of
from hikeshi.desk.runs.policy import Need
from hikeshi.desk.runs.rows import fresh, reason_of, write
from hikeshi.desk.runs.stakes import need_of
from hikeshi.errors import Conflict, Refused

UNDO_WAITS: Final = timedelta(hours=24)
"""How long a wish to undo waits for its yeses."""
PURPOSE: Final = {"asked": "do", "approved": "do", "undo_asked": "undo"}


class Standing(NamedTuple):
    """Where the asking stands: who has said yes, how many are missing, why that many, and until when."""

    need: Need
    yes: tuple[Approval, ...]
    missing: int
    until: datetime
    purpose: str
    left_out: str
    """Who asked for it and is therefore not counted; empty where nobody is left out."""


def standing(step: Step) -> Standing | None:
    """None where nothing is being asked or no plan is saved. Raises `Refused` where the saved plan may not be believed."""
    if step.state not in PURPOSE or not step.plan:
        return None
    plan, purpose = plan_of(step), PURPOSE[step.state]
    need = need_of(step, plan)
    rows = step.approvals.filter(plan_digest=step.plan_digest, purpose=purpose, yes=True, ended="")
    yes = tuple(row for row in rows if not (need.others and row.by == step.requested_by))
    given = sum(row.order.yeses if row.order else 1 for row in yes)
    until = (step.asked_at or timezone.now()) + UNDO_WAITS if purpose == "undo" else plan.expires_at
    left_out = step.requested_by if need.others else ""
    return Standing(need, yes, max(0, need.count - given), until, purpose, left_out)


def approve(step: Step, plan_digest: str, *, actor: Actor, reason: str = "") -> None:
    """Say yes to exactly this plan, or to undoing it. Refused when it has changed since it was shown; made anew when it has expired.

    Raises `Refused` for whoever asked for it where two are needed, and `Conflict` for one who has said it already.
    """
    require_on(actor, "command", step.run.incident)
    if step.state == "asked" and plan_of(step).expired(timezone.now()):
        plan_again(step, actor=actor, narrowed=True)
        raise Refused("The plan had expired and is being made anew.", hint="Read the new one, then approve.")
    if step.state == "undo_asked" and _lapsed(step):
        turn_back(step, actor=actor, said="expired", reason="Nobody said yes in time.")
        raise Refused("Nobody said yes to undoing it in time.", hint="Ask for the undo again.")
    _approve(step, plan_digest, actor, reason.strip()[:500])


def _lapsed(step: Step) -> bool:
    return step.asked_at is not None and step.asked_at + UNDO_WAITS <= timezone.now()


@transaction.atomic
def _approve(step: Step, plan_digest: str, actor: Actor, reason: str) -> None:
    row = fresh(step, "asked", "undo_asked")
    _same_plan(row, plan_digest)
    purpose, found = PURPOSE[row.state], gate(row, whole=row.part_of_id is None)
    if purpose == "do":
        found.refuse_if_closed(row)
    before = standing(row)
    if before is not None and before.left_out == actor.name:
        raise Refused(
            f"{actor.name} asked for this, and {before.need.count} others have to say yes.",
            hint="Somebody else who commands says it. Where nobody can be reached: `hikeshi contain break-glass`.",
        )
    say_yes(row, purpose, actor=actor, reason=reason)
    now = standing(row)
    write(
        row, actor, "step.approve",
        {
            "plan_digest": plan_digest, "purpose": purpose, "needed": now.need.count if now else 1,
            "missing": now.missing if now else 0, "reason": reason, **found.data,
        },
    )  # fmt: skip
    if now is None or not now.missing:
        let_through(row)


def say_yes(row: Step, purpose: str, *, actor: Actor, reason: str = "", glass: bool = False) -> None:
    """Keep one person's yes. Raises `Conflict` where they have said it already."""
    try:
        with transaction.atomic():
            Approval.objects.create(
                step=row, plan_digest=row.plan_digest, purpose=purpose, by=actor.name, person_id=actor.person_id,
                reason=reason, glass=glass, at=timezone.now(),
            )  # fmt: skip
    except IntegrityError:
        raise Conflict(f"{actor.name} has said yes already.", hint="Somebody else has to say it now.") from None


def let_through(row: Step) -> None:
    """As many have said yes as it needs: a worker goes on with it."""
    row.state = "approved" if PURPOSE[row.state] == "do" else "undoing"
    give_back(row, due_at=timezone.now())
    row.save()


def _same_plan(row: Step, plan_digest: str) -> None:
    if plan_digest != row.plan_digest:
        raise Conflict("The plan has changed since it was shown.", current=row.plan_digest, hint="Read the new one.")


@transaction.atomic
def reject(step: Step, plan_digest: str, *, actor: Actor, reason: str) -> None:
    """Say no to exactly this plan, or to undoing it. One no is enough; the reason is where the next plan begins."""
    require_on(actor, "command", step.run.incident)
    why = reason_of(reason, "Saying no")
    row = fresh(step, "asked", "undo_asked")
    _same_plan(row, plan_digest)
    purpose = PURPOSE[row.state]
    Approval.objects.filter(step=row, by=actor.name, purpose=purpose, ended="").update(
        ended="revoked", ended_at=timezone.now()
    )
    Approval.objects.create(
        step=row, plan_digest=plan_digest, purpose=purpose, yes=False, by=actor.name, person_id=actor.person_id,
        reason=why, at=timezone.now(),
    )  # fmt: skip
    if purpose == "undo":
        turn_back(row, actor=actor, said="rejected", reason=why)
        return
    row.state, row.ended_at = "refused", timezone.now()
    row.outcome = {"en": f"{actor.name} said no: {why}", "ja": f"{actor.name} が却下: {why}"}
    give_back(row, due_at=None)
    row.save()
    write(row, actor, "step.reject", {"plan_digest": plan_digest, "purpose": purpose, "reason": why})


@transaction.atomic
def turn_back(step: Step, *, actor: Actor, said: str, reason: str) -> None:
    """The undo is not wanted (`said`: rejected, expired): the step is what it was before it was asked for."""
    row = fresh(step, "undo_asked")
    row.state, row.was = row.was or "done", ""
    give_back(row, due_at=None)
    row.save()
    row.approvals.filter(purpose="undo", ended="").update(ended="expired", ended_at=timezone.now())
    write(
        row, actor, "step.reject", {"plan_digest": row.plan_digest, "purpose": "undo", "said": said, "reason": reason}
    )


@transaction.atomic
def revoke(step: Step, *, actor: Actor, reason: str) -> None:
    """Take one's own yes back, before a worker has begun. The step waits for another one then."""
    require_on(actor, "write", step.run.incident)
    why = reason_of(reason, "Taking a yes back")
    row = fresh(step, "asked", "approved", "undo_asked")
    mine = row.approvals.filter(by=actor.name, plan_digest=row.plan_digest, yes=True, ended="")
    if not mine.update(ended="revoked", ended_at=timezone.now()):
        raise Refused(f"{actor.name} has said no yes to this plan that could be taken back.", hint="Look at it again.")
    if row.state == "approved":
        row.state = "asked"
        give_back(row, due_at=None)  # without the lease a worker that has just claimed it stops
        row.save()
    write(row, actor, "step.revoke", {"plan_digest": row.plan_digest, "reason": why, "asked": True})


@transaction.atomic
def narrow(step: Step, without: Sequence[str], *, actor: Actor, reason: str = "") -> None:
    """Take these parts out of the plan that is being asked for. A worker makes it anew without them, and that one is to be approved.

    Raises `Refused` where the action has no parts, one is not in the plan, or nothing would be left.
    """
    require_on(actor, "command", step.run.incident)
    row = fresh(step, "asked")
    parts = parts_of(row)
    if not parts:
        raise Refused(f"{row.action} has no parts that could be left out.", hint="Say no to it, or approve all of it.")
    strange = [part for part in without if part not in parts]
    left = [part for part in parts if part not in without]
    if strange or not without:
        raise Refused(
            f"Not a part of the plan: {', '.join(strange) or '(none named)'}.", hint=f"Parts: {', '.join(parts)}."
        )
    if not left:
        raise Refused("Nothing would be left of the plan.", hint="Say no to it instead: `hikeshi contain reject`.")
    row.only = left
    back_to_planning(row)
    write(row, actor, "step.narrow", {"was": row.plan_digest, "without": list(without), "reason": reason.strip()[:500]})


def parts_of(step: Step) -> list[str]:
    """What an approver may take out of the saved plan, part by part; empty for actions that are one whole."""
    if not step.plan or step.action not in ACTIONS:
        return []
    return list(build(step.action, step.inputs).parts(plan_of(step)))
