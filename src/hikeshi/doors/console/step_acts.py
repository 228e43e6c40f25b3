"""What may be done to a step from its card: one verb each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from hikeshi.desk.accounts.models import Person
from hikeshi.desk.actor import Actor
from hikeshi.desk.runs import (  # fmt: skip
    again,
    approvals,
    at_once,
    by_hand,
    deciding,
    glass,
    holding,
    overriding,
    plans,
    taking,
    targets,
    undoing,
)
from hikeshi.desk.runs.models import Step
from hikeshi.doors.console.step import of_incident
from hikeshi.doors.console.steps import show
from hikeshi.doors.console.visit import actor, attempt, done, incident_of
from hikeshi.errors import Refused

Act = Callable[[Step, Actor, Any], object]
FACTS: Final = ("alert.", "fact.")
"""Beginnings of the fields that tell a fact."""


def _approve(found: Step, who: Actor, typed: Any) -> None:
    if not typed.get("read"):
        raise Refused("The plan was not marked as read.", hint="Tick that you have read what it will not stop.")
    approvals.approve(found, typed.get("digest", ""), actor=who, reason=typed.get("reason", ""))


def _approve_all(found: Step, who: Actor, typed: Any) -> None:
    if not typed.get("read"):
        raise Refused("The plan was not marked as read.", hint="Tick that you have read what it will not stop.")
    read = (one.rpartition(":")[2].partition(" ") for one in typed.getlist("plan"))
    plans_read = {key: digest for key, _, digest in read}
    if left := at_once.approve_all(found, plans_read, actor=who, reason=typed.get("reason", "")):
        raise Refused(
            f"Your yes does not count for {len(left)} plans: {left[0].why}", hint="It is kept for the others."
        )


def facts_typed(typed: Any) -> dict[str, object]:
    """The facts of a form, by full name; a field that was left empty tells nothing."""
    return {name: typed[name] for name in typed if name.startswith(FACTS) and typed[name].strip()}


def _decide(found: Step, who: Actor, typed: Any) -> None:
    deciding.decide(found, typed.get("value", ""), actor=who, note=typed.get("note", ""), facts=facts_typed(typed))


def _done(found: Step, who: Actor, typed: Any) -> None:
    by_hand.finish_by_hand(
        found, actor=who, note=typed.get("note", ""), facts=facts_typed(typed), evidence=typed.getlist("evidence"),
        unobtainable={name.removeprefix("not."): typed[name] for name in typed if name.startswith("not.") and typed[name].strip()},
    )  # fmt: skip


def _give(found: Step, who: Actor, typed: Any) -> None:
    number = typed.get("person", "")
    to = get_object_or_404(Person, pk=number if number.isdecimal() else 0, is_active=True) if number else None
    taking.hand_over(found, to, actor=who, reason=typed.get("reason", ""))


ACTS: Final[dict[str, tuple[Act, str | Promise]]] = {
    "again": (lambda found, who, typed: again.run_again(found, actor=who, reason=typed.get("reason", "")), _("The step is run again.")),
    "allow": (lambda found, who, typed: targets.allow_targets(found, actor=who, reason=typed.get("reason", "")), _("All targets are taken.")),
    "approve": (_approve, _("Your yes is kept.")),
    "approve-all": (_approve_all, _("Your yes to all of them is kept.")),
    "break-glass": (lambda found, who, typed: glass.break_glass(found, typed.get("digest", ""), actor=who, reason=typed.get("reason", "")), _("The glass is broken. A worker is carrying it out.")),
    "decide": (_decide, _("Decided.")),
    "done": (_done, _("The step is done.")),
    "fail": (lambda found, who, typed: by_hand.fail_by_hand(found, actor=who, reason=typed.get("reason", "")), _("The step has failed; what follows a failure is open.")),
    "give": (_give, _("The step is given on.")),
    "glass-review": (lambda found, who, typed: glass.close_review(found, actor=who, right=typed.get("right") == "yes", note=typed.get("note", "")), _("Reviewed.")),
    "keep": (lambda found, who, typed: holding.keep(found, actor=who, reason=typed.get("reason", "")), _("It stays contained.")),
    "narrow": (lambda found, who, typed: approvals.narrow(found, typed.getlist("without"), actor=who), _("A narrower plan is being made.")),
    "override": (lambda found, who, typed: overriding.override_gate(found, actor=who, reason=typed.get("reason", "")), _("The evidence is waived; the step may go on.")),
    "plan": (lambda found, who, _typed: plans.plan_again(found, actor=who), _("A new plan is being made.")),
    "reject": (lambda found, who, typed: approvals.reject(found, typed.get("digest", ""), actor=who, reason=typed.get("reason", "")), _("Turned down.")),
    "revoke": (lambda found, who, typed: approvals.revoke(found, actor=who, reason=typed.get("reason", "")), _("Your yes is taken back.")),
    "skip": (lambda found, who, typed: by_hand.skip(found, actor=who, reason=typed.get("reason", "")), _("The step is left out.")),
    "take": (lambda found, who, typed: taking.take(found, actor=who, reason=typed.get("reason", "")), _("The step is yours.")),
    "take-over": (lambda found, who, typed: taking.take_from_worker(found, actor=who, reason=typed.get("reason", "")), _("The step is taken from the worker; it is yours to do by hand.")),
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
