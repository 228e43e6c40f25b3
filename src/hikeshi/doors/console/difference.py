"""Two windows of a timeline side by side: what came, what went, what changed how often it occurs."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from hikeshi.desk.timelines.models import Timeline
from hikeshi.doors.console.room import head
from hikeshi.doors.console.search import FIELDS, Search
from hikeshi.doors.console.visit import incident_of, page
from hikeshi.errors import HikeshiError
from hikeshi.stores.difference import Change, difference as changes_between
from hikeshi.stores.duck import DuckStore

SHOWN: Final = 500
"""Rows of the table; the heading counts all."""

KINDS: Final = {"new": _("new"), "gone": _("gone"), "more": _("more often"), "less": _("less often")}
TIMES: Final = ("before_start", "before_end", "after_start", "after_end")


@require_safe
def difference(request: HttpRequest, name: str) -> HttpResponse:
    incident, asked = incident_of(request, name), request.GET
    chosen = get_object_or_404(Timeline, incident=incident, name=asked.get("t", ""), state="ready")
    field = asked.get("field", "action")
    times = {one: asked.get(one, "")[:40] for one in TIMES}
    context = {**head(request, incident, "timeline"), "chosen": chosen, "fields": FIELDS, "field": field, **times}
    if not any(times.values()):
        return page(request, "console/difference.html", context)
    before = Search.read(chosen.name, {"start": times["before_start"], "end": times["before_end"]})
    after = Search.read(chosen.name, {"start": times["after_start"], "end": times["after_end"]})
    try:
        found = changes_between(DuckStore(chosen.folder), field, before.query(), after.query())
    except HikeshiError as problem:
        return page(request, "console/difference.html", context, problem=problem)
    rows = [_row(change, field, before, after) for change in found[:SHOWN]]
    return page(request, "console/difference.html", {**context, "asked": True, "rows": rows, "total": len(found)})


def _row(change: Change, field: str, before: Search, after: Search) -> dict[str, Any]:
    """A change with the address of its events, in the window that has them."""
    window = before if change.kind == "gone" else after
    link = window.link(**{field: str(change.value)}) if field in FIELDS else ""
    return {"change": change, "kind": KINDS[change.kind], "link": link}
