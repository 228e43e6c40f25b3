"""The incident room: state, clocks, roles, what comes next, and the stream of what happened."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from hikeshi.clocks.rule import rules
from hikeshi.desk.accounts.models import Person
from hikeshi.desk.actor import Actor
from hikeshi.desk.duties.models import Clock
from hikeshi.desk.incidents import filling, similar, verbs
from hikeshi.desk.incidents.models import DUTIES, PHASES, SEVERITIES, Incident
from hikeshi.desk.ledger.models import Entry
from hikeshi.desk.ledger.phrases import PHRASES, STEP_CLOCK, UNTOLD_OF_STEPS
from hikeshi.desk.reviews import closing
from hikeshi.desk.runs.models import Step
from hikeshi.doors.console import standing
from hikeshi.doors.console.clocks import Face, faces
from hikeshi.doors.console.visit import actor, attempt, done, incident_of, page, rights
from hikeshi.doors.secrecy import forced as glass_broken
from hikeshi.errors import Conflict, HikeshiError, Refused
from hikeshi.playbooks.states import ENDED

LEGAL: Final = tuple(name for name, rule in rules().items() if rule.duty is not None)
STREAM = 40
"""Entries shown at first; `?all=1` shows the whole stream."""

KINDS: Final[dict[str, tuple[str, ...]]] = {
    "actions": ("step.", "run."),
    "evidence": ("evidence.", "timeline.", "report."),
    "notes": ("incident.note",),
}


@require_safe
def room(request: HttpRequest, name: str) -> HttpResponse:
    return show(request, incident_of(request, name))


def show(
    request: HttpRequest, incident: Incident, problem: HikeshiError | None = None, failed: str = ""
) -> HttpResponse:
    """The room. After a refused act `failed` names its form, so that it opens with what was typed."""
    now = timezone.now()
    stream, total, kind = _stream(request, incident)
    context = {
        **head(request, incident, "room"), **standing.context(request, incident, failed), "clocks": _clocks(incident, now), "phases": phases(incident),
        "roles": incident.roles.filter(until__isnull=True).select_related("person", "contact"), "duties": DUTIES, "names": dict(DUTIES),
        "people": Person.objects.filter(is_active=True).order_by("username"), "severities": SEVERITIES,
        "missing": filling.missing(incident, now) if incident.status not in {"closed", "merged"} else [],
        "next_steps": _next(incident), "stream": stream, "stream_total": total, "stream_kind": kind, "failed": failed,
        "gates_shut": [gate for gate in closing.gates(incident) if gate.open] if incident.status != "closed" else [],
        "similar": similar.similar(similar.of_incident(incident), actor=actor(request), limit=3),
        "conflict": problem if isinstance(problem, Conflict) and problem.differences else None,
        "parts": {
            "clocks": "console/parts/clocks.html", "stream": "console/parts/stream.html", "next": "console/parts/next.html",
        },
    }  # fmt: skip
    return page(request, "console/room.html", context, problem=problem)


def head(request: HttpRequest, incident: Incident, tab: str) -> dict[str, Any]:
    """What the head of every page of an incident shows."""
    steps = Step.objects.filter(run__incident=incident, part_of=None)
    return {
        "incident": incident, "tab": tab, "can": rights(request, incident),
        "steps_done": steps.filter(state__in=ENDED).count(), "steps_all": steps.count(),
        "steps_asked": steps.filter(state="asked").count(), "evidence_count": incident.evidence.count(),
        "reports_count": incident.reports.count(),
        "glass_broken": glass_broken(incident),
        "duties_open": Clock.objects.filter(chain__name=incident.name, stopped_at__isnull=True, rule__in=LEGAL).count(),
    }  # fmt: skip


def phases(incident: Incident) -> list[dict[str, Any]]:
    """The five phases in order, each with the row that says when it was entered and left."""
    rows = {row.name: row for row in incident.phases.all()}
    return [{"name": name, "words": words, "row": rows.get(name)} for name, words in PHASES]


def _clocks(incident: Incident, now: datetime) -> list[Face]:
    """All but the clocks of steps that have ended: the playbook shows those."""
    shown = faces([incident], now, stopped=True)
    return [one for one in shown if one.clock.running or not one.clock.rule.startswith(STEP_CLOCK)]


def _next(incident: Incident) -> list[Step]:
    ahead = ("asked", "unknown", "open", "planning", "approved", "running", "pending", "failed", "refused")
    steps = Step.objects.filter(run__incident=incident, state__in=ahead).select_related("run")
    return sorted(steps, key=lambda step: (ahead.index(step.state), step.place))[:6]


def _stream(request: HttpRequest, incident: Incident) -> tuple[list[Entry], int, str]:
    rows = Entry.objects.filter(chain__name=incident.name, verb__in=PHRASES).order_by("-seq")
    rows = rows.exclude(verb__in=UNTOLD_OF_STEPS, object__startswith=STEP_CLOCK)
    kind = request.GET.get("kind", "")
    if kind in KINDS:
        verbs_of_kind = [verb for verb in PHRASES if verb.startswith(KINDS[kind])]
        rows = rows.filter(verb__in=verbs_of_kind)
    total = rows.count()
    return list(rows if request.GET.get("all") else rows[:STREAM]), total, kind


Act = Callable[[Incident, Actor, Any], object]


def _severity(incident: Incident, who: Actor, typed: Any) -> None:
    verbs.change_severity(
        incident, _number(typed, "severity"), actor=who, reason=typed.get("reason", ""), version=_version(typed)
    )


def _summary(incident: Incident, who: Actor, typed: Any) -> None:
    verbs.summarise(incident, typed.get("summary", ""), actor=who, version=_version(typed))


def _role(incident: Incident, who: Actor, typed: Any) -> None:
    person = Person.objects.filter(pk=_number(typed, "person"), is_active=True).first()
    verbs.assign(incident, typed.get("duty", ""), actor=who, person=person)


def _phase(incident: Incident, who: Actor, typed: Any) -> None:
    change = verbs.leave_phase if typed.get("way") == "leave" else verbs.enter_phase
    change(incident, typed.get("phase", ""), actor=who)


def _close(incident: Incident, who: Actor, typed: Any) -> None:
    overrides = {gate: typed.get(f"override-{gate}", "") for gate in closing.GATES}
    closing.close(incident, actor=who, reason=typed.get("reason", ""), overrides=overrides)


def _number(typed: Any, field: str) -> int:
    text = typed.get(field, "")
    return int(text) if text.isdecimal() else 0


def _version(typed: Any) -> int:
    version = _number(typed, "version")
    if not version:
        raise Refused(
            "The form does not say which version it was opened on.", hint="Reload the page and send it again."
        )
    return version


ACTS: Final[dict[str, tuple[Act, str | Promise]]] = {
    "acknowledge": (lambda incident, who, _typed: verbs.acknowledge(incident, actor=who), _("You have it. The response clock has stopped.")),
    "close": (_close, _("The incident is closed.")),
    "note": (lambda incident, who, typed: verbs.note(incident, typed.get("text", ""), actor=who), _("Note added.")),
    "phase": (_phase, _("Phase changed.")),
    "reopen": (lambda incident, who, typed: verbs.reopen(incident, actor=who, reason=typed.get("reason", "")), _("The incident is open again.")),
    "role": (_role, _("Role assigned.")),
    "roles": (lambda incident, who, _typed: filling.fill(incident, actor=who), _("The roles are given.")),
    "severity": (_severity, _("Severity changed.")),
    "summary": (_summary, _("Summary saved.")),
    **standing.ACTS,
}  # fmt: skip


@require_POST
def act(request: HttpRequest, name: str, act: str) -> HttpResponse:
    """One act on the incident. What is refused shows the room again with the form as it was filled in."""
    if act not in ACTS:
        raise Http404
    incident = incident_of(request, name)
    do, said = ACTS[act]
    problem = attempt(lambda: do(incident, actor(request), request.POST))
    if problem is None:
        return done(request, said, "room", incident.name)
    incident.refresh_from_db()
    return show(request, incident, problem, act)
