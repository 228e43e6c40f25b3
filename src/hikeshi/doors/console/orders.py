"""Standing orders: what is answered without a person, and who stands behind it; and the kill switch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.conf import settings
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
from hikeshi.doors.console import order_form
from hikeshi.doors.console.visit import actor, attempt, done, page
from hikeshi.doors.standing_orders import state
from hikeshi.errors import HikeshiError, Refused


@require_safe
def orders(request: HttpRequest) -> HttpResponse:
    return _show(request)


def _show(request: HttpRequest, problem: HikeshiError | None = None) -> HttpResponse:
    who = actor(request)
    require(who, "triage")
    rows = list(StandingOrder.objects.all())
    context = {
        "rows": [{"row": row, "state": state(row), "needed": people_needed(row), "mine": _mine(row, who)} for row in rows],
        "given": order_form.shown() | (order_form.retyped(request.POST) if "finding_types" in request.POST else {}), **choices(),
    }  # fmt: skip
    return page(request, "console/orders.html", context, problem=problem)


def choices() -> dict[str, Any]:
    """What an order can be made of, for its form."""
    return {
        "playbooks": list(books().values()),
        "environments": ENVIRONMENTS,
        "levels": ("1", "2", "3", "4"),
        "house_zone": settings.TIME_ZONE,
    }


def _mine(row: StandingOrder, who: Actor) -> bool:
    return any(one["by"] == who.name for one in row.approvals)


def _number(typed: Any, name: str) -> int:
    text = typed.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) < 9):
        raise Refused(f"{text[:20]!r} is no number.", hint="Write it with digits.")
    return int(text)


def _write(who: Actor, typed: Any) -> None:
    ordering.write(typed.get("name", "").strip(), actor=who, **order_form.read(typed))


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
