"""What may be done to a step from its card: one verb each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from hikeshi.desk.actor import Actor
from hikeshi.desk.runs import approvals, by_hand, glass, holding, overriding, plans, undoing
from hikeshi.desk.runs.models import Step
from hikeshi.doors.console.step import of_incident
from hikeshi.doors.console.steps import show
from hikeshi.doors.console.visit import actor, attempt, done, incident_of
from hikeshi.errors import Refused

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
    found = of_incident(incident, pk)
    do, said = ACTS[act]
    problem = attempt(lambda: do(found, actor(request), request.POST))
    if problem is None:
        return done(request, said, "step", incident.name, found.pk)
    return show(request, incident, of_incident(incident, pk), problem)
