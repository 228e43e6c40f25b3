"""The record itself: its chains, their entries, and a check that names the damaged one."""

from __future__ import annotations

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_http_methods, require_safe

from hikeshi.custody.verify import Verdict
from hikeshi.desk.accounts.permissions import allowed
from hikeshi.desk.incidents.verbs import visible
from hikeshi.desk.ledger import verbs
from hikeshi.desk.ledger.models import ORGANISATION, Chain
from hikeshi.doors.console.visit import actor, attempt, page

PER_PAGE = 100
SHOWN_PROBLEMS = 50


def _readable(request: HttpRequest) -> QuerySet[Chain]:
    """The chains of incidents this person may see; the organisation's own for those who command."""
    who = actor(request)
    mine = Q(name__in=visible(who).values("name"))
    if allowed(who, "command"):
        mine |= Q(name=ORGANISATION)
    return Chain.objects.filter(mine)


@require_safe
def chains(request: HttpRequest) -> HttpResponse:
    context = {
        "chains": _readable(request).order_by("-pk"), "organisation": ORGANISATION,
        "may_see_anchors": allowed(actor(request), "read"),
    }  # fmt: skip
    return page(request, "console/audit.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def chain(request: HttpRequest, name: str) -> HttpResponse:
    """The entries, newest first. Sending the form recomputes every hash from the first entry on."""
    found = get_object_or_404(_readable(request), name=name)
    verdicts: list[Verdict] = []
    problem = attempt(lambda: verdicts.append(verbs.verify(found.name))) if request.method == "POST" else None
    rows = found.entries.order_by("-seq")
    if request.GET.get("before", "").isdecimal():
        rows = rows.filter(seq__lt=int(request.GET["before"]))
    shown = list(rows[:PER_PAGE])
    context = {
        "chain": found, "entries": shown, "before": shown[-1].seq if shown and shown[-1].seq > 1 else None,
        "verdict": verdicts[0] if verdicts else None, "problems": verdicts[0].problems[:SHOWN_PROBLEMS] if verdicts else (),
        "damaged": {one.seq for one in verdicts[0].problems} if verdicts else set(),
    }  # fmt: skip
    return page(request, "console/chain.html", context, problem=problem)
