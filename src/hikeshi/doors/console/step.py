"""One step: of an action its exact plan, approval bound to the plan's digest, what came of it, and the way back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from hikeshi.actions import ACTIONS
from hikeshi.actions.action import Plan
from hikeshi.desk.actor import Actor
from hikeshi.desk.evidence.models import Item
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.runs import approvals, by_hand, glass, holding, overriding, plans, undoing
from hikeshi.desk.runs.gate import gate
from hikeshi.desk.runs.models import Step
from hikeshi.doors.console.contained import contained
from hikeshi.doors.console.room import head
from hikeshi.doors.console.visit import actor, attempt, done, incident_of, page
from hikeshi.errors import HikeshiError, Refused

UNDOABLE = frozenset({"done", "partial", "failed", "unknown", "refused"})
SKIPPABLE = frozenset({"waiting", "open", "planning", "asked", "failed", "refused", "unknown"})
PLANNABLE = frozenset({"asked", "approved", "refused", "failed"})


@require_safe
def step(request: HttpRequest, name: str, pk: int) -> HttpResponse:
    incident = incident_of(request, name)
    return _show(request, incident, _step(incident, pk))


def _step(incident: Incident, pk: int) -> Step:
    return get_object_or_404(Step.objects.select_related("run"), pk=pk, run__incident=incident)


def _show(request: HttpRequest, incident: Incident, found: Step, problem: HikeshiError | None = None) -> HttpResponse:
    plan, damage = _plan(found)
    action = ACTIONS.get(found.action)
    context = {
        **head(request, incident, "steps"), "step": found, "plan": plan, "damage": damage,
        "expired": plan is not None and plan.expired(timezone.now()),
        "approvals": found.approvals.filter(plan_digest=found.plan_digest), **_asked(request, found, plan), "intents": found.intents.all(),
        "reversible": action.reversible if action else "no",
        "by_hand": action.by_hand if action else "",  # the class itself would be called by a template
        "receipts": Item.objects.filter(incident=incident, name__in=found.receipts),
        "may_undo": bool(found.plan) and found.state in UNDOABLE and action is not None and action.reversible != "no",
        "may_skip": found.state in SKIPPABLE, "may_plan": bool(found.action) and found.state in PLANNABLE and not found.intents.exists(),
        "moving": found.state in {"planning", "approved", "running", "pending", "undoing"},
        **_gate(found), "held": contained(incident, step=found), "parts": {"step": "console/parts/step_state.html"},
    }  # fmt: skip
    return page(request, "console/step.html", context, problem=problem)


def _gate(found: Step) -> dict[str, Any]:
    """What the gate says, for a step that takes something away and has not ended."""
    seen = gate(found)
    return {"gate": seen} if seen.effect in {"contain", "destroy"} and (not found.ended or seen.closed) else {}


def _asked(request: HttpRequest, found: Step, plan: Plan | None) -> dict[str, Any]:
    """Who has said yes, how many are missing, what may be taken out, and what was done without asking."""
    mine = found.approvals.filter(by=actor(request).name, yes=True, ended="", order=None)
    return {
        "asked": approvals.standing(found) if plan and found.state != "approved" else None,
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


Act = Callable[[Step, Actor, Any], object]


def _approve(found: Step, who: Actor, typed: Any) -> None:
    if not typed.get("read"):
        raise Refused("The plan was not marked as read.", hint="Tick that you have read what it will not stop.")
    approvals.approve(found, typed.get("digest", ""), actor=who, reason=typed.get("reason", ""))


ACTS: Final[dict[str, tuple[Act, str | Promise]]] = {
    "approve": (_approve, _("Your yes is kept.")),
    "break-glass": (lambda found, who, typed: glass.break_glass(found, typed.get("digest", ""), actor=who, reason=typed.get("reason", "")), _("The glass is broken. A worker is carrying it out.")),
    "done": (lambda found, who, typed: by_hand.finish_by_hand(found, actor=who, note=typed.get("note", "").strip()), _("The step is done.")),
    "glass-review": (lambda found, who, typed: glass.close_review(found, actor=who, right=typed.get("right") == "yes", note=typed.get("note", "")), _("Reviewed.")),
    "keep": (lambda found, who, typed: holding.keep(found, actor=who, reason=typed.get("reason", "")), _("It stays contained.")),
    "narrow": (lambda found, who, typed: approvals.narrow(found, typed.getlist("without"), actor=who), _("A narrower plan is being made.")),
    "override": (lambda found, who, typed: overriding.override_gate(found, actor=who, reason=typed.get("reason", "")), _("The evidence is waived; the step may go on.")),
    "plan": (lambda found, who, _typed: plans.plan_again(found, actor=who), _("A new plan is being made.")),
    "reject": (lambda found, who, typed: approvals.reject(found, typed.get("digest", ""), actor=who, reason=typed.get("reason", "")), _("Turned down.")),
    "revoke": (lambda found, who, typed: approvals.revoke(found, actor=who, reason=typed.get("reason", "")), _("Your yes is taken back.")),
    "skip": (lambda found, who, typed: by_hand.skip(found, actor=who, reason=typed.get("reason", "")), _("The step is left out.")),
    "undo": (lambda found, who, typed: undoing.undo(found, actor=who, reason=typed.get("reason", "")), _("The undo is asked for.")),
}  # fmt: skip


@require_POST
def act(request: HttpRequest, name: str, pk: int, act: str) -> HttpResponse:
    """One act on a step. A refused one shows the step as it is now, with the words typed."""
    if act not in ACTS:
        raise Http404
    incident = incident_of(request, name)
    found = _step(incident, pk)
    do, said = ACTS[act]
    problem = attempt(lambda: do(found, actor(request), request.POST))
    if problem is None:
        return done(request, said, "step", incident.name, found.pk)
    return _show(request, incident, _step(incident, pk), problem)
