"""Deleting a timeline: a page that says what would go and what relies on it, and the form that does it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from hikeshi.desk.timelines import removing
from hikeshi.desk.timelines.models import Timeline
from hikeshi.doors.console.room import head
from hikeshi.doors.console.visit import actor, attempt, done, incident_of, page
from hikeshi.errors import HikeshiError


@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: HttpRequest, name: str) -> HttpResponse:
    incident, typed = incident_of(request, name), request.POST
    chosen = get_object_or_404(Timeline, incident=incident, name=typed.get("t") or request.GET.get("t", ""))
    problem: HikeshiError | None = None
    if request.method == "POST":
        confirm, reason = typed.get("confirm", "").strip(), typed.get("reason", "")
        problem = attempt(lambda: removing.delete(chosen, actor=actor(request), confirm=confirm, reason=reason))
        if problem is None:
            return done(request, _("The timeline is deleted. Its sources stay sealed."), "timeline", incident.name)
    going = removing.plan(chosen, actor=actor(request))
    context = {**head(request, incident, "timeline"), "chosen": chosen, "going": going}
    return page(request, "console/timeline_delete.html", context, problem=problem)
