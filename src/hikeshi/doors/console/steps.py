"""The playbooks at work for an incident: all steps by phase, and one of them in full."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.runs.models import Step
from hikeshi.doors.console import runner
from hikeshi.doors.console.contained import contained
from hikeshi.doors.console.room import head
from hikeshi.doors.console.step import detail, of_incident
from hikeshi.doors.console.visit import actor, incident_of, page
from hikeshi.errors import HikeshiError


@require_safe
def steps(request: HttpRequest, name: str) -> HttpResponse:
    """The playbooks of an incident, at the step the reader most likely came for."""
    return show(request, incident_of(request, name))


@require_safe
def step(request: HttpRequest, name: str, pk: int) -> HttpResponse:
    incident = incident_of(request, name)
    return show(request, incident, of_incident(incident, pk))


def show(
    request: HttpRequest, incident: Incident, here: Step | None = None, problem: HikeshiError | None = None
) -> HttpResponse:
    """The list of steps, and beside it the card of one of them."""
    seen = runner.context(actor(request).name, incident, here)
    found = seen["here"]
    context = {
        **head(request, incident, "steps"), **seen, **(detail(request, found) if found else {}),
        "all_held": contained(incident),
        "parts": {"runs": "console/parts/runs.html", "step": "console/parts/step_state.html"},
    }  # fmt: skip
    return page(request, "console/steps.html", context, problem=problem)
