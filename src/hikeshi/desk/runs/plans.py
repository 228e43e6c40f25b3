"""The plan of a step: kept before anything is done, read back only as it was sealed, made anew while nothing has been changed under it."""

from __future__ import annotations

import msgspec
from django.db import transaction
from django.utils import timezone

from hikeshi.actions.action import Plan
from hikeshi.desk.actor import Actor
from hikeshi.desk.incidents.verbs import require_on
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.queue import give_back
from hikeshi.desk.runs import breaker
from hikeshi.desk.runs.gate import gate
from hikeshi.desk.runs.models import Approval, StandingOrder, Step
from hikeshi.desk.runs.policy import Need
from hikeshi.desk.runs.rows import fresh, mine, write
from hikeshi.desk.runs.stakes import need_of
from hikeshi.errors import Refused
from hikeshi.pace import part
from hikeshi.text import Text


def plan_of(step: Step) -> Plan:
    """The saved plan. Raises `Refused` when its text is not what was approved."""
    plan = msgspec.json.decode(step.plan.encode(), type=Plan)
    if plan.digest != step.plan_digest:
        raise Refused(f"The saved plan of step {step.key} is not the one that was sealed.", hint="Verify the ledger.")
    return plan


@part("plan kept, approval")
@transaction.atomic
def save_plan(step: Step, plan: Plan, *, actor: Actor) -> None:
    """Keep the plan before anything is done, and see whether it may go on: it needs no yes, a standing order has said it, or people are asked."""
    mine(step)
    with ledger.together(step.run.incident.name):
        _save_plan(step, plan, actor)


def _save_plan(step: Step, plan: Plan, actor: Actor) -> None:
    now = timezone.now()
    step.plan, step.plan_digest, step.asked_at = plan.canonical.decode(), plan.digest, now
    need = need_of(step, plan)
    order, held = _order_for(step, plan, need, actor)
    step.state = "approved" if not need.count or order else "asked"
    if step.state == "approved":
        step.due_at = now  # its worker keeps it and goes on; should that die, it is due for others
    else:
        give_back(step, due_at=None)
    step.save()
    write(
        step, actor, "step.plan",
        {
            "action": step.action, "plan_digest": plan.digest, "resources": list(plan.resources), "plan": step.plan,
            "asked": step.state == "asked", "needed": need.count, "because": [text.en for text in need.because], "held_up": held.en if held else "",
        },
    )  # fmt: skip
    if order:
        Approval.objects.create(step=step, plan_digest=plan.digest, by=f"order: {order.name}", order=order, at=now)
        write(
            step, actor, "step.approve",
            {"plan_digest": plan.digest, "order": order.name, "by": order.approved_by, **gate(step).data},
        )  # fmt: skip


def _order_for(step: Step, plan: Plan, need: Need, actor: Actor) -> tuple[StandingOrder | None, Text | None]:
    """The run's standing order, where as many people stand behind it as the plan needs, and nothing holds it up; else why a person decides.

    Nobody approved in advance that evidence is lost.
    """
    order = step.run.order
    if order is None or not need.count or gate(step).closed or order.yeses < need.count:
        return None, None
    held = breaker.held_up(order, step, plan, actor=actor)
    return (None, held) if held else (order, None)


@transaction.atomic
def plan_again(step: Step, *, actor: Actor, narrowed: bool = False) -> None:
    """Look again and make a new plan, as narrow as the old one where `narrowed` says so. Refused once the old one has begun: its saved state is the only way back."""
    require_on(actor, "write", step.run.incident)
    row = fresh(step, "asked", "approved", "refused", "failed")
    if has_changed(row):
        raise Refused(
            f"Step {row.key} has already changed something under its present plan.",
            hint="Undo it first, or finish it: its saved state must not be overwritten.",
        )
    row.only = row.only if narrowed else []
    back_to_planning(row)
    write(row, actor, "step.plan_again", {"was": row.plan_digest})


def has_changed(row: Step) -> bool:
    """It has sent a changing call since it last began: its saved state is the way back."""
    return row.began_at is not None and row.intents.filter(at__gte=row.began_at).exists()


def back_to_planning(row: Step) -> None:
    """The worker looks again; what was said about the old plan counts no more. Called inside the verb that makes it necessary."""
    row.state, row.ended_at = "planning", None
    give_back(row, due_at=timezone.now())
    row.save()
    row.approvals.filter(ended="").update(ended="expired", ended_at=timezone.now())
