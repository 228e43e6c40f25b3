"""What the card of one step shows: its place in the run, of an action its exact plan, what came of it, and what may be done to it now."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils import timezone

from hikeshi.actions import ACTIONS
from hikeshi.actions.action import Plan
from hikeshi.desk.evidence.models import Item
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.runs import approvals, at_once, plans
from hikeshi.desk.runs.eta import eta
from hikeshi.desk.runs.gate import gate
from hikeshi.desk.runs.models import Step
from hikeshi.desk.runs.pinned import spec_of
from hikeshi.doors import asking
from hikeshi.doors.changes import changes
from hikeshi.doors.console.contained import contained
from hikeshi.doors.console.doing import doing
from hikeshi.doors.console.runner import clocks_of
from hikeshi.doors.console.visit import actor
from hikeshi.errors import Refused

UNDOABLE = frozenset({"done", "partial", "failed", "unknown", "refused"})
PLANNABLE = frozenset({"asked", "approved", "refused", "failed"})


def of_incident(incident: Incident, pk: int) -> Step:
    """The step, or 404."""
    return get_object_or_404(Step.objects.select_related("run__incident"), pk=pk, run__incident=incident)


def detail(request: HttpRequest, found: Step) -> dict[str, Any]:
    """What the card of a step shows, and what may be done to it now."""
    incident, (plan, damage) = found.run.incident, _plan(found)
    action, held = ACTIONS.get(found.action), contained(incident, step=found)
    return {
        "step": found, "plan": plan, "damage": damage, **_place(found), "changes": changes(plan.before, plan.after) if plan else [],
        "expired": plan is not None and plan.expired(timezone.now()),
        "approvals": found.approvals.filter(plan_digest=found.plan_digest), **_asked(request, found, plan), "intents": found.intents.all(),
        "reversible": action.reversible if action else "no",
        "by_hand": action.by_hand if action else "",  # the class itself would be called by a template
        "receipts": Item.objects.filter(incident=incident, name__in=found.receipts),
        "may_undo": bool(found.plan) and found.state in UNDOABLE and action is not None and action.reversible != "no",
        "may_take_back": bool(held) and action is None,
        "may_plan": bool(found.action) and found.state in PLANNABLE and not found.intents.exists(),
        "moving": found.state in {"planning", "approved", "running", "pending", "undoing"},
        **_gate(found), **doing(request, found, spec_of(found)), "held": held,
    }  # fmt: skip


def _place(found: Step) -> dict[str, Any]:
    """Where it stands in its run: what it needs, what waits for it, the evidence before it, its time limit."""
    whole = list(found.run.steps.filter(part_of=None).order_by("place"))
    key, spec = found.key.partition("/")[0], spec_of(found)
    after = found.part_of.after if found.part_of else found.after
    needs = [step for step in whole if step.key in after]
    return {
        "spec": spec, "needs": needs, "needs_over": all(step.ended for step in needs),
        "needed_by": [step.key for step in whole if key in step.after],
        "before": [{"step": step} for step in whole if spec and step.key in spec.evidence],
        "face": clocks_of(found.run, timezone.now()).get(key),
    }  # fmt: skip


def _gate(found: Step) -> dict[str, Any]:
    """What the gate says, for a step that takes something away and has not ended."""
    seen = gate(found)
    return {"gate": seen} if seen.effect in {"contain", "destroy"} and (not found.ended or seen.closed) else {}


def _asked(request: HttpRequest, found: Step, plan: Plan | None) -> dict[str, Any]:
    """Who has said yes, how many are missing, what may be taken out, and what was done without asking."""
    mine = found.approvals.filter(by=actor(request).name, yes=True, ended="", order=None)
    asked = approvals.standing(found) if plan and found.state != "approved" else None
    return {
        "asked": asked,
        "eta": eta(found) if asked else None,
        "together": asking.together(at_once.asked(found)) if found.state == "running" and found.action else None,
        "plan_parts": approvals.parts_of(found) if plan else [],
        "may_revoke": found.state in {"asked", "approved", "undo_asked"} and mine.exists(),
        "glass": found.glass.all(),
    }


def _plan(found: Step) -> tuple[Plan | None, str]:
    """The saved plan, or why it may not be believed."""
    if not found.plan:
        return None, ""
    try:
        return plans.plan_of(found), ""
    except Refused as problem:
        return None, str(problem)
