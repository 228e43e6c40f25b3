"""Simulations of playbooks: how each stands, and what came of the last one, move by move."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from hikeshi.desk.accounts.permissions import allowed
from hikeshi.desk.rehearsals import verbs
from hikeshi.desk.rehearsals.models import Rehearsal
from hikeshi.doors import find, rehearsals as plain
from hikeshi.doors.console.visit import actor, attempt, done, page
from hikeshi.errors import HikeshiError

MOST_BEATS: Final = 300
"""Moves on the page of one way; the API has all."""


@require_safe
def rehearsals(request: HttpRequest) -> HttpResponse:
    """All playbooks of the shelf: last simulated on, last exercised on, what has changed since."""
    who = actor(request)
    context = {"standings": plain.all_standings(who), "may_ask": allowed(who, "triage")}
    return page(request, "console/rehearsals.html", context)


@require_safe
def rehearsal(request: HttpRequest, playbook: str) -> HttpResponse:
    """The last simulation of one playbook; `?way=` shows the moves of one way."""
    return _show(request, playbook)


@require_POST
def ask(request: HttpRequest, playbook: str) -> HttpResponse:
    who = actor(request)
    book = find.playbook(who, playbook)
    problem = attempt(lambda: verbs.ask(book, actor=who))
    if problem is not None:
        return _show(request, playbook, problem)
    return done(request, _("The simulation of %(playbook)s is waiting for a worker.") % {"playbook": playbook}, "rehearsal", playbook)  # fmt: skip


def _show(request: HttpRequest, playbook: str, problem: HikeshiError | None = None) -> HttpResponse:
    who = actor(request)
    find.insider(who)
    row = _asked(playbook, request.GET.get("of", ""))
    if row is None:
        find.playbook(who, playbook)  # 404 for what is not there
    context = {"playbook": playbook, "may_ask": allowed(who, "triage"), **result(row, request.GET.get("way", ""))}
    return page(request, "console/rehearsal.html", context, problem=problem)


def _asked(playbook: str, number: str) -> Rehearsal | None:
    """The simulation with that number, else the last one."""
    rows = Rehearsal.objects.filter(playbook=playbook).order_by("-pk")
    chosen = rows.filter(pk=int(number)) if number.isdecimal() and len(number) < find.DIGITS else rows.none()
    return chosen.first() or rows.first()


def result(row: Rehearsal | None, way: str = "") -> dict[str, Any]:
    """What `parts/rehearsal.html` shows of a simulation: its ways, and of one the moves and what was not as expected."""
    ways = row.report.get("traces", []) if row else []
    chosen = next((one for one in ways if one["way"] == way), None)
    chosen = chosen or next((one for one in ways if one["mismatches"]), ways[0] if ways else None)
    return {
        "rehearsal": row, "ways": ways, "chosen": chosen, "uncovered": row.report.get("uncovered", []) if row else [],
        "beats": chosen["beats"][:MOST_BEATS] if chosen else [], "most_beats": MOST_BEATS,
    }  # fmt: skip
