"""The command board: what waits for a decision, which deadline comes next, what is burning."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from hikeshi.desk.accounts.permissions import allowed
from hikeshi.desk.evidence import schedule
from hikeshi.desk.incidents.models import PHASES, Incident
from hikeshi.desk.incidents.sight import allowed_on, visible
from hikeshi.desk.runs.models import Step
from hikeshi.doors.console.clocks import Face, faces
from hikeshi.doors.console.frame import waiting
from hikeshi.doors.console.visit import actor, page, rights

ASKS = 3
"""Cards at most; more than three things at once are a list, not a priority."""


@dataclass(frozen=True)
class Line:
    """One row of the table of incidents."""

    incident: Incident
    phase_marks: list[str]
    phase_words: str
    commander: str
    next: Face | None
    asked: int


@require_safe
def board(request: HttpRequest) -> HttpResponse:
    who, now = actor(request), timezone.now()
    shown = list(visible(who).exclude(status="closed").prefetch_related("phases", "roles__person", "roles__contact"))
    clocks = faces(shown, now)
    asked = list(_steps(shown, "asked"))
    unsure = list(_steps(shown, "unknown"))
    alerts = list(waiting()[:5]) if allowed(who, "triage") else []
    asks = [{"kind": "plan", "step": step, "mine": allowed_on(who, "command", step.run.incident)} for step in asked]
    asks += [{"kind": "look", "step": step, "mine": True} for step in unsure]
    asks += [{"kind": "evidence", "item": item, "mine": True} for item in schedule.doubtful(who)[:ASKS]]
    asks += [{"kind": "alert", "alert": alert, "mine": True} for alert in alerts]
    return page(
        request, "console/board.html",
        {
            "asks": asks[:ASKS], "asks_more": max(0, len(asks) - ASKS), "clocks": clocks[:8], "alerts": alerts,
            "lines": lines([row for row in shown if row.status != "merged"], clocks, asked), "asked": asked, "can": rights(request),
            "late": sum(face.state == "over" for face in clocks),
            "parts": {"asks": "console/parts/asks.html", "board": "console/parts/board_live.html"},
        },
    )  # fmt: skip


def _steps(shown: list[Incident], state: str) -> Iterable[Step]:
    return (
        Step.objects.filter(run__incident__in=shown, state=state)
        .select_related("run__incident")
        .order_by("asked_at", "pk")
    )


def lines(shown: list[Incident], clocks: list[Face], asked: list[Step]) -> list[Line]:
    """The table's rows. `shown` comes with its phases and roles already read."""
    soonest: dict[str, Face] = {}
    for face in clocks:
        soonest.setdefault(face.incident, face)
    return [
        Line(
            incident=incident, **_phase(incident), commander=_commander(incident), next=soonest.get(incident.name),
            asked=sum(step.run.incident_id == incident.pk for step in asked),
        )
        for incident in shown
    ]  # fmt: skip


def _phase(incident: Incident) -> dict[str, Any]:
    rows = {phase.name: phase for phase in incident.phases.all()}
    marks, active = [], []
    for name, words in PHASES:
        row = rows.get(name)
        marks.append("" if row is None else "c" if row.left_at is None else "d")
        if row is not None and row.left_at is None:
            active.append(str(words))
    separator = "、" if get_language() == "ja" else ", "
    return {"phase_marks": marks, "phase_words": separator.join(active)}


def _commander(incident: Incident) -> str:
    held = [role for role in incident.roles.all() if role.duty == "incident_commander" and role.until is None]
    return str(held[-1]) if held else ""
