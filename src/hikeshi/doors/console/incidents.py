"""All incidents this person may see, closed ones too."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from hikeshi.desk.incidents.verbs import visible
from hikeshi.doors.console.board import lines
from hikeshi.doors.console.clocks import faces
from hikeshi.doors.console.visit import actor, page

PER_PAGE = 50


@require_safe
def incidents(request: HttpRequest) -> HttpResponse:
    """Newest first; `?before=` is the key of the last row of the page before, `?search=` part of a name or title."""
    rows = visible(actor(request)).order_by("-pk").prefetch_related("phases", "roles__person", "roles__contact")
    search = request.GET.get("search", "").strip()
    if search:
        rows = (rows.filter(title__icontains=search) | rows.filter(name__icontains=search)).distinct()
    if request.GET.get("before", "").isdecimal():
        rows = rows.filter(pk__lt=int(request.GET["before"]))
    shown = list(rows[: PER_PAGE + 1])
    more = len(shown) > PER_PAGE
    shown = shown[:PER_PAGE]
    now = timezone.now()
    context = {
        "lines": lines(shown, faces(shown, now), []),
        "search": search,
        "before": shown[-1].pk if more else None,
    }
    return page(request, "console/incidents.html", context)
