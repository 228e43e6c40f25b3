"""Who tried to gain rights: calls that give rights or a way back in, allowed or denied, and why each is here."""

from __future__ import annotations

from itertools import islice
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from hikeshi.desk.timelines.models import Timeline
from hikeshi.doors.console.room import head
from hikeshi.doors.console.search import PER_PAGE, Search, at, key_of
from hikeshi.doors.console.visit import incident_of, page
from hikeshi.errors import HikeshiError, Refused
from hikeshi.stores.duck import DuckStore
from hikeshi.stores.lookups import Attempt, escalation as attempts_in

OUTCOMES: Final = {"success": _("allowed"), "denied": _("denied"), "failure": _("failed")}
ADDRESS: Final = ("start", "end", "after")
"""What the address may say beside the timeline: other filters would not be seen on this page."""


@require_safe
def escalation(request: HttpRequest, name: str) -> HttpResponse:
    incident = incident_of(request, name)
    chosen = get_object_or_404(Timeline, incident=incident, name=request.GET.get("t", ""), state="ready")
    search = Search.read(chosen.name, {field: request.GET.get(field, "")[:80] for field in ADDRESS})
    context = {**head(request, incident, "timeline"), "chosen": chosen, "search": search}
    try:
        return page(request, "console/escalation.html", {**context, **_asked(chosen, search)})
    except HikeshiError as problem:
        return page(request, "console/escalation.html", context, problem=problem)


def _asked(chosen: Timeline, search: Search) -> dict[str, Any]:
    """One page of attempts. Raises `Refused` for a time that is not understood: a wider answer than was asked for would mislead."""
    for text, read in ((search.start, search.start_us), (search.end, search.end_us)):
        if text and read is None:
            raise Refused(f"{text!r} is no time.", hint="Write 2026-11-06 23:00.")
    tries = attempts_in(DuckStore(chosen.folder), search.query())
    found = list(islice(tries.found, PER_PAGE + 1))
    shown = found[:PER_PAGE]
    return {
        "asked": True, "rows": [_row(one, search) for one in shown], "cut": tries.cut,
        "next": search.link(after=key_of(shown[-1].event)) if len(found) > PER_PAGE else "",
        "first": search.link(after="") if search.after else "",
    }  # fmt: skip


def _row(one: Attempt, search: Search) -> dict[str, Any]:
    event = one.event
    before = f"{event['ts'] - 1}.{'f' * 32}"  # so that the explorer's list begins with this event
    return {
        "event": event, "at": at(event["ts"]), "who": event["actor_name"] or event["actor_id"] or "",
        "outcome": OUTCOMES.get(event["outcome"], event["outcome"] or ""), "stopped": event["outcome"] in ("denied", "failure"),
        "reasons": one.reasons, "techniques": one.techniques, "link": search.link(after=before, event=key_of(event)) + "#event",
    }  # fmt: skip
