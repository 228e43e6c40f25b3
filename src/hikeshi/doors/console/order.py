"""One standing order: what it says, what it would have done in the last 90 days, and its next version beside that."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.ledger.models import ORGANISATION, Entry
from hikeshi.desk.runs import ordering, trying
from hikeshi.desk.runs.models import StandingOrder
from hikeshi.desk.runs.orders import people_needed
from hikeshi.doors.console import order_form
from hikeshi.doors.console.orders import choices
from hikeshi.doors.console.visit import actor, attempt, done, page
from hikeshi.doors.standing_orders import state
from hikeshi.errors import HikeshiError, Refused


@require_safe
def order(request: HttpRequest, pk: int) -> HttpResponse:
    return _show(request, _row(request, pk))


@require_POST
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """A new version of it; or, with `try`, only what it would have done."""
    row = _row(request, pk)
    if "try" in request.POST:
        return _show(request, row, tried=True)
    problem = attempt(lambda: _save(request, row))
    if problem is not None:
        return _show(request, row, problem)
    return done(request, _("It is a new version: whoever stood behind the old one has to again."), "order", pk)


def _save(request: HttpRequest, row: StandingOrder) -> None:
    version = request.POST.get("version", "")
    if not (version.isascii() and version.isdigit() and len(version) < 9):
        raise Refused(f"{version[:20]!r} is no number.", hint="Write it with digits.")
    ordering.edit(row, actor=actor(request), version=int(version), **order_form.read(request.POST, row))


def _row(request: HttpRequest, pk: int) -> StandingOrder:
    require(actor(request), "triage")
    return get_object_or_404(StandingOrder, pk=pk)


def _show(
    request: HttpRequest, row: StandingOrder, problem: HikeshiError | None = None, *, tried: bool = False
) -> HttpResponse:
    """With what was typed where something was, tried or refused; the version it was typed over stays."""
    found: list[trying.Trial] = []
    said: dict[str, Any] = {}

    def ask() -> None:
        said.update(order_form.read(request.POST, row) if tried else {})
        found.append(trying.try_on(row, actor=actor(request), said=said))

    problem = problem or attempt(ask)
    typed = request.method == "POST"
    context = {
        "row": row, "state": state(row), "needed": people_needed(row), "tried": tried, **choices(),
        "given": order_form.retyped(request.POST) if typed else order_form.shown(row),
        "version": request.POST.get("version", "") if typed else row.version,
        "trial": found[0] if found else trying.try_on(row, actor=actor(request)),
        "changed": [name for name, value in said.items() if value != getattr(row, name)],
        "entries": Entry.objects.filter(chain__name=ORGANISATION, verb__startswith="order.", object=row.name).order_by("-pk")[:20],
    }  # fmt: skip
    return page(request, "console/order.html", context, problem=problem)
