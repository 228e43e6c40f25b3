"""One alert: what it says, as it came, and what a person makes of it alone. Groups of them: `triage.py`."""

from __future__ import annotations

import json

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.alerts import verbs
from hikeshi.desk.alerts.models import VERDICTS, Delivery
from hikeshi.desk.incidents.sight import alerts, visible
from hikeshi.doors.console.visit import actor, attempt, done, page

SHOWN_BYTES = 64 * 1024
"""How much of a payload the page shows; the whole of it can be downloaded."""


@require_http_methods(["GET", "HEAD", "POST"])
def alert(request: HttpRequest, pk: int) -> HttpResponse:
    """One alert, its raw payloads, and the verdict form."""
    who = actor(request)
    require(who, "triage")
    found = get_object_or_404(alerts(who), pk=pk)
    problem = None
    if request.method == "POST":
        verdict, reason = request.POST.get("verdict", ""), request.POST.get("reason", "")
        problem = attempt(lambda: verbs.triage(found, actor=who, verdict=verdict, reason=reason))
        if problem is None:
            return done(request, _("Verdict saved for %(alert)s.") % {"alert": found}, "alerts")
        found.refresh_from_db()
    context = {
        "alert": found, "verdicts": VERDICTS, "deliveries": [(row, _shown(bytes(row.payload))) for row in found.deliveries.all()[:5]],
        "incidents": visible(who).filter(alerts=found),
    }  # fmt: skip
    return page(request, "console/alert.html", context, problem=problem)


def _shown(payload: bytes) -> str:
    """The payload as text: indented where it is JSON, else as it came. It is escaped by the template, never interpreted."""
    text = payload[:SHOWN_BYTES].decode("utf-8", errors="replace")
    if len(payload) > SHOWN_BYTES:
        return text
    try:
        return json.dumps(json.loads(text), ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        return text


@require_safe
def payload(request: HttpRequest, pk: int) -> FileResponse:
    """One delivery, byte for byte, as an attachment: a browser must never interpret it."""
    require(actor(request), "triage")
    row = get_object_or_404(Delivery, pk=pk)
    if row.alerts.exists() and not alerts(actor(request)).filter(deliveries=row).exists():
        raise Http404
    response = FileResponse(iter([bytes(row.payload)]), as_attachment=True, filename=f"delivery-{row.pk}.bin")
    response["Content-Type"] = "application/octet-stream"
    return response
