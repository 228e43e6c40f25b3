"""Suppressions: what is hidden from the queue, until when, for whom, why, and how often it hit."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.alerts import suppressing
from hikeshi.desk.alerts.models import Suppression
from hikeshi.desk.incidents import sight
from hikeshi.doors.console.visit import actor, attempt, done, page
from hikeshi.errors import HikeshiError, Refused

DAYS = (1, 7, 30, 90)
PER_PAGE = 100


@require_http_methods(["GET", "HEAD", "POST"])
def suppressions(request: HttpRequest) -> HttpResponse:
    """The list and the form; `?like=` fills the form from a group."""
    require(actor(request), "triage")
    problem = None
    if request.method == "POST":
        made: list[Suppression] = []
        problem = attempt(lambda: made.append(_make(request)))
        if problem is None:
            return done(
                request, _("%(suppression)s hides the same from now on.") % {"suppression": made[0]}, "suppressions"
            )
    return _page(request, problem)


def _page(request: HttpRequest, problem: HikeshiError | None) -> HttpResponse:
    like = request.GET.get("like", "")
    model = sight.groups(actor(request)).filter(pk=int(like[:18])).first() if like.isdecimal() else None
    lines = request.POST.getlist("match") or [
        f"{key}={value}" for key, value in (suppressing.proposal(model) if model else {}).items()
    ]
    now = timezone.now()
    rows = suppressing.counted(Suppression.objects.all())[:PER_PAGE]
    context = {
        "rows": [(row, row.ended_at is None and row.expires_at > now) for row in rows], "lines": "\n".join(lines), "days": DAYS,
        "like": model, "fields": (*suppressing.FIELDS, *suppressing.KINDS),
    }  # fmt: skip
    return page(request, "console/suppressions.html", context, problem=problem)


def _make(request: HttpRequest) -> Suppression:
    typed = request.POST
    match: dict[str, str] = {}
    for line in (line for part in typed.getlist("match") for line in part.splitlines() if line.strip()):
        key, equals, value = line.partition("=")
        if not equals:
            raise Refused(f"{line[:80]!r} is no field and value.", hint="One field=value in each line.")
        match[key.strip()] = value
    days = int(typed["days"]) if typed.get("days", "") in {str(days) for days in DAYS} else 0
    return suppressing.suppress(
        match, actor=actor(request), reason=typed.get("reason", ""), hides_sev1=bool(typed.get("hides_sev1")),
        expires_at=timezone.now() + timedelta(days=days, seconds=-1),
    )  # fmt: skip


@require_POST
def end(request: HttpRequest, pk: int) -> HttpResponse:
    """End one before its day."""
    who = actor(request)
    require(who, "triage")
    row = get_object_or_404(Suppression, pk=pk)
    problem = attempt(lambda: suppressing.unsuppress(row, actor=who, reason=request.POST.get("reason", "")))
    if problem is not None:
        return _page(request, problem)
    return done(request, _("%(suppression)s is ended.") % {"suppression": row}, "suppressions")
