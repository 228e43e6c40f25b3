"""Reports: freezing them from the record in either language, reading them, taking them along."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.reports import verbs
from hikeshi.desk.reports.models import KINDS, Report
from hikeshi.desk.reviews import verbs as reviews
from hikeshi.doors.console.room import head
from hikeshi.doors.console.visit import actor, attempt, done, incident_of, page
from hikeshi.errors import Refused


@require_http_methods(["GET", "HEAD", "POST"])
def reports(request: HttpRequest, name: str) -> HttpResponse:
    incident = incident_of(request, name)
    made: list[Report] = []
    problem = attempt(lambda: made.append(_freeze(request, incident))) if request.method == "POST" else None
    if made:
        return done(request, _("The report is frozen."), "report", incident.name, made[0].pk)
    context = {**head(request, incident, "reports"), "reports": incident.reports.all(), "kinds": KINDS}
    return page(request, "console/reports.html", context, problem=problem)


def _freeze(request: HttpRequest, incident: Incident) -> Report:
    kind, language = request.POST.get("kind", ""), request.POST.get("language", "")
    if kind not in dict(KINDS):
        raise Refused("There is no such report.", hint="Choose one from the list.")
    if kind == "post-mortem":
        return reviews.draft(incident, language, actor=actor(request))
    return verbs.freeze(incident, kind, language, actor=actor(request))


@require_safe
def report(request: HttpRequest, name: str, pk: int) -> HttpResponse:
    incident = incident_of(request, name)
    found = get_object_or_404(Report, incident=incident, pk=pk)
    return page(request, "console/report.html", {**head(request, incident, "reports"), "report": found})


@require_safe
def markdown(request: HttpRequest, name: str, pk: int) -> HttpResponse:
    """The frozen text, byte for byte what its hash says."""
    incident = incident_of(request, name)
    found = get_object_or_404(Report, incident=incident, pk=pk)
    filename = f"{incident.name}-{found.kind}-{found.language}.md"
    return HttpResponse(
        found.markdown.encode(), content_type="application/octet-stream",
        headers={"Content-Disposition": f'attachment; filename="{filename}"'},
    )  # fmt: skip
