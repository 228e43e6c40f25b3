"""All steps of an incident's playbooks, by phase."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from hikeshi.desk.incidents.models import PHASES, Incident
from hikeshi.desk.playbooks.reading import books
from hikeshi.desk.runs import answering, starting
from hikeshi.desk.runs.models import Run
from hikeshi.doors.console.contained import contained
from hikeshi.doors.console.room import head
from hikeshi.doors.console.visit import actor, attempt, done, incident_of, page
from hikeshi.errors import HikeshiError, Refused


@require_safe
def steps(request: HttpRequest, name: str) -> HttpResponse:
    return _show(request, incident_of(request, name))


def _show(request: HttpRequest, incident: Incident, problem: HikeshiError | None = None) -> HttpResponse:
    runs = list(incident.runs.prefetch_related("steps"))
    context = {
        **head(request, incident, "steps"), "runs": [{"run": run, "phases": _by_phase(run)} for run in runs],
        "held": contained(incident), "playbooks": list(books().values()), "parts": {"runs": "console/parts/runs.html"},
    }  # fmt: skip
    return page(request, "console/steps.html", context, problem=problem)


def _by_phase(run: Run) -> list[dict[str, Any]]:
    found = list(run.steps.all())
    groups = [{"words": words, "steps": [step for step in found if step.phase == name]} for name, words in PHASES]
    return [group for group in groups if group["steps"]]


@require_POST
def start(request: HttpRequest, name: str) -> HttpResponse:
    """Start a playbook with the facts of the incident's alert."""
    incident = incident_of(request, name)
    problem = attempt(lambda: _start(request, incident))
    if problem is not None:
        return _show(request, incident, problem)
    return done(request, _("The playbook has started."), "steps", incident.name)


def _start(request: HttpRequest, incident: Incident) -> Run:
    playbook = books().get(request.POST.get("playbook", ""))
    if playbook is None:
        raise Refused("There is no such playbook.", hint="Choose one from the list.")
    alert = incident.alerts.first()
    facts = answering.facts_of(alert, incident) if alert else {"incident.name": incident.name}
    return starting.start(incident, playbook, actor=actor(request), facts=facts)
