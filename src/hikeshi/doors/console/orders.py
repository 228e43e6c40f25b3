"""Standing orders: what is answered without a person, who stands behind it, what it would have answered; and the kill switch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.actor import Actor
from hikeshi.desk.assets.models import ENVIRONMENTS
from hikeshi.desk.clouds import halting
from hikeshi.desk.playbooks.reading import books
from hikeshi.desk.runs import ordering
from hikeshi.desk.runs.models import StandingOrder
from hikeshi.desk.runs.orders import people_needed
from hikeshi.doors.console.visit import actor, attempt, done, page
from hikeshi.doors.standing_orders import state
from hikeshi.errors import HikeshiError, Refused

TRIED: Final = 100
"""Alerts of the past that an order is tried on."""


@require_safe
def orders(request: HttpRequest) -> HttpResponse:
    return _show(request)


def _show(request: HttpRequest, problem: HikeshiError | None = None) -> HttpResponse:
    who = actor(request)
    require(who, "triage")
    rows = list(StandingOrder.objects.all())
    asked = next((row for row in rows if str(row.pk) == request.GET.get("try")), None)
    context = {
        "rows": [{"row": row, "state": state(row), "needed": people_needed(row), "mine": _mine(row, who)} for row in rows],
        "playbooks": list(books().values()), "environments": ENVIRONMENTS, "tried_order": asked,
        "tried": ordering.try_on(asked, TRIED, actor=who) if asked else [], "severities": (1, 2, 3, 4),
    }  # fmt: skip
    return page(request, "console/orders.html", context, problem=problem)


def _mine(row: StandingOrder, who: Actor) -> bool:
    return any(one["by"] == who.name for one in row.approvals)


def _number(typed: Any, name: str) -> int:
    text = typed.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) < 9):
        raise Refused(f"{text[:20]!r} is no number.", hint="Write it with digits.")
    return int(text)


def _write(who: Actor, typed: Any) -> None:
    score = typed.get("min_score", "7")
    if not score.replace(".", "", 1).isdigit():
        raise Refused(f"{score[:20]!r} is no score.", hint="GuardDuty counts from 0 to 10.")
    ordering.write(
        typed.get("name", "").strip(), actor=who, finding_types=typed.get("finding_types", "").split(),
        min_score=float(score), accounts=typed.get("accounts", "").split(), environments=typed.getlist("environments"),
        playbook=typed.get("playbook", ""), severity=_number(typed, "severity"),
        max_per_hour=_number(typed, "max_per_hour"), max_resources=_number(typed, "max_resources"),
        reapply=bool(typed.get("reapply")), expires_at=ordering.ends_in(_number(typed, "days")),
    )  # fmt: skip


Act = Callable[[Actor, Any], object]

HALTS: Final[dict[str, tuple[Act, str | Promise]]] = {
    "add": (_write, _("The order is written.")),
    "halt": (lambda who, typed: halting.halt(actor=who, reason=typed.get("reason", ""), account=typed.get("account", "").strip()), _("All changes are stopped.")),
    "lift": (lambda who, typed: halting.lift(actor=who, reason=typed.get("reason", ""), account=typed.get("account", "").strip()), _("Changes go on.")),
}  # fmt: skip


@require_POST
def act(request: HttpRequest, act: str) -> HttpResponse:
    """Write an order, stop all changes, or let them go on."""
    if act not in HALTS:
        raise Http404
    do, said = HALTS[act]
    problem = attempt(lambda: do(actor(request), request.POST))
    return _show(request, problem) if problem else done(request, said, "orders")


@require_POST
def order_act(request: HttpRequest, pk: int, act: str) -> HttpResponse:
    """Stand behind an order, or switch it."""
    row, who, typed = get_object_or_404(StandingOrder, pk=pk), actor(request), request.POST
    if act == "approve":
        problem = attempt(lambda: ordering.approve(row, actor=who, version=_number(typed, "version")))
        said = _("You stand behind it.")
    elif act in {"on", "off"}:
        problem = attempt(lambda: ordering.switch(row, actor=who, on=act == "on", reason=typed.get("reason", "")))
        said = _("It is switched.")
    else:
        raise Http404
    return _show(request, problem) if problem else done(request, said, "orders")
