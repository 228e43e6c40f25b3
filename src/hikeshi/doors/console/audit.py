"""The record itself: its chains, their entries, what was signed over them, and a check that names what is damaged."""

from __future__ import annotations

from typing import Any

from django.db.models import Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_http_methods, require_safe

from hikeshi.custody.verify import OF_CHECKPOINTS
from hikeshi.desk.accounts.permissions import allowed
from hikeshi.desk.ledger import checkpoints as verbs, rounds
from hikeshi.desk.ledger.models import ORGANISATION, Chain
from hikeshi.doors import anchors, checkpoints, find
from hikeshi.doors.console.visit import actor, attempt, page
from hikeshi.errors import HikeshiError

PER_PAGE = 100
SHOWN_CHECKPOINTS = 10
SHOWN_PROBLEMS = 50


@require_safe
def chains(request: HttpRequest) -> HttpResponse:
    rows = find.chains(actor(request)).order_by("-pk")
    refused = verbs.refused()
    may_see_anchors = allowed(actor(request), "read")
    context = {
        "chains": [
            (row, row.signed, row.name in refused) for row in rows.annotate(signed=Max("checkpoints__size"))
        ],
        "organisation": ORGANISATION, "may_see_anchors": may_see_anchors,
        "round": rounds.last() if may_see_anchors else None,  # it names chains
        "needs_a_look": may_see_anchors and anchors.needs_a_look(),
    }  # fmt: skip
    return page(request, "console/audit.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def chain(request: HttpRequest, name: str) -> HttpResponse:
    """The entries, newest first. Sending the form recomputes every hash from the first entry on, and checks what was signed."""
    found = get_object_or_404(find.chains(actor(request)), name=name)
    checked: list[checkpoints.Checked] = []
    problem = attempt(lambda: checked.append(checkpoints.check(found))) if request.method == "POST" else None
    return show(request, found, problem, checked[0] if checked else None)


def show(
    request: HttpRequest, found: Chain, problem: HikeshiError | None = None, checked: checkpoints.Checked | None = None
) -> HttpResponse:
    """The page of a chain, after a check with what it found."""
    rows = found.entries.order_by("-seq")
    if request.GET.get("before", "").isdecimal():
        rows = rows.filter(seq__lt=int(request.GET["before"]))
    shown = list(rows[:PER_PAGE])
    context = {
        "chain": found, "entries": shown, "before": shown[-1].seq if shown and shown[-1].seq > 1 else None,
        "may_rebuild": allowed(actor(request), "read"), **_signed(found), **_found(checked),
    }  # fmt: skip
    return page(request, "console/chain.html", context, problem=problem)


def _signed(found: Chain) -> dict[str, Any]:
    """The newest checkpoints, how far they reach, and why the last one was refused."""
    rows = [checkpoints.shape(row) for row in checkpoints.rows(found)[:SHOWN_CHECKPOINTS]]
    covered = rows[0]["entries"] if rows else 0
    return {
        "checkpoints": rows, "covered": covered, "unsigned": max(0, found.head_seq - covered),
        "refusal": verbs.refusal(found),
    }  # fmt: skip


def _found(checked: checkpoints.Checked | None) -> dict[str, Any]:
    if checked is None:
        return {"verdict": None}
    damaged = {one.seq for one in checked.problems if one.kind not in OF_CHECKPOINTS}
    only_tiles = not checked.ok and all(one.kind == "tile" for one in checked.problems)
    return {
        "verdict": checked, "problems": checked.problems[:SHOWN_PROBLEMS], "damaged": damaged, "only_tiles": only_tiles
    }  # fmt: skip
