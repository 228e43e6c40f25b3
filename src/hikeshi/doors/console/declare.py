"""Declaring an incident, by hand or from an alert."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.alerts.models import Alert
from hikeshi.desk.incidents import secrecy, sight, verbs
from hikeshi.desk.incidents.models import DUTIES, SEVERITIES, Incident
from hikeshi.desk.incidents.staffing import Proposed, proposal
from hikeshi.doors.console.visit import actor, attempt, done, page
from hikeshi.doors.find import DIGITS
from hikeshi.errors import Refused


@require_http_methods(["GET", "HEAD", "POST"])
def declare(request: HttpRequest) -> HttpResponse:
    """`?alert=` fills the form from an alert, which the incident then takes up."""
    require(actor(request), "triage")
    alert = _alert(request)
    taken = verbs.visible(actor(request)).filter(alerts=alert).first() if alert else None
    if request.method == "GET" and taken is not None:
        return redirect("room", taken.name)
    made: list[Incident] = []
    problem = attempt(lambda: made.append(_declare(request, alert))) if request.method == "POST" else None
    if made:
        return done(request, _("%(incident)s is declared.") % {"incident": made[0]}, "room", made[0].name)
    context = {"alert": alert, "severities": SEVERITIES, "proposed": _proposed(timezone.now()), "names": dict(DUTIES)}
    return page(request, "console/declare.html", context, problem=problem)


def _proposed(now: datetime) -> list[tuple[int, list[Proposed]]]:
    """Whom an incident of each severity would get."""
    return [(severity, proposal(severity, now)) for severity, _words in SEVERITIES]


def _alert(request: HttpRequest) -> Alert | None:
    key = request.POST.get("alert") or request.GET.get("alert", "")
    return sight.alerts(actor(request)).filter(pk=int(key)).first() if key.isdecimal() and len(key) < DIGITS else None


def _declare(request: HttpRequest, alert: Alert | None) -> Incident:
    typed = request.POST
    if not typed.get("title", "").strip() or not typed.get("reason", "").strip():
        raise Refused("An incident needs a title and a reason.", hint="One sentence each is enough.")
    severity = typed.get("severity", "")
    declare = secrecy.declare_restricted if typed.get("restricted") else verbs.declare
    return declare(
        typed["title"].strip(), int(severity) if severity.isdecimal() else 0, actor=actor(request),
        reason=typed["reason"].strip(), alerts=[alert] if alert else [], detected_at=moment_typed(typed.get("detected_at", "")),
        occurred_at=alert.first_seen_at if alert else None, simulated=bool(alert and alert.simulated), fill=not typed.get("roles_by_hand"),
    )  # fmt: skip


def moment_typed(text: str) -> datetime | None:
    """A `datetime-local` field in the person's own zone; empty is now."""
    if not text:
        return None
    try:
        at = parse_datetime(text)
    except ValueError:
        at = None
    if at is None:
        raise Refused(f"{text!r} is not a time.", hint="Write it as 2026-11-07T03:12.")
    at = at if timezone.is_aware(at) else timezone.make_aware(at)
    if at > timezone.now():
        raise Refused(
            "The time of detection is in the future.", hint="Times are in your own zone, named beside the field."
        )
    return at
