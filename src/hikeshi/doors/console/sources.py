"""Who may hand alerts in and how they are, and what they sent that was not understood."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.actor import Actor
from hikeshi.desk.alerts import aside, sources as verbs
from hikeshi.desk.alerts.models import PROOFS
from hikeshi.doors import deliveries
from hikeshi.doors.console.visit import actor, attempt, done, page, rights
from hikeshi.errors import HikeshiError, Refused

SHOWN: Final = 50
"""Set-aside deliveries on the page, the newest; the command line lists all."""


@require_safe
def sources(request: HttpRequest) -> HttpResponse:
    return _show(request)


@require_POST
def add(request: HttpRequest) -> HttpResponse:
    """Answers with the page itself: the secret is shown once, and a redirect could only show it from a store."""
    who, made = actor(request), list[str]()
    name, proof = request.POST.get("name", ""), request.POST.get("proof", "")
    problem = attempt(lambda: made.append(verbs.add(name, actor=who, proof=proof)[1]))
    return _show(request, problem, secret=made[0] if made else "", secret_of=name)


@require_POST
def act(request: HttpRequest, name: str, act: str) -> HttpResponse:
    """Rotate, disable or enable one source."""
    who, made = actor(request), list[str]()
    require(who, "triage")

    def verb() -> None:
        row = deliveries.find_source(who, name)
        if act == "rotate":
            made.append(verbs.rotate(row, actor=who, overlap=timedelta(hours=24)))
        elif act == "disable":
            verbs.disable(row, actor=who, reason=request.POST.get("reason", ""))
        else:
            verbs.enable(row, actor=who)

    problem = attempt(verb)
    if problem is None and not made:
        return done(request, _("Saved: %(name)s.") % {"name": name}, "sources")
    return _show(request, problem, secret=made[0] if made else "", secret_of=name)


@require_POST
def delivery(request: HttpRequest, pk: int) -> HttpResponse:
    """Read one again, or dismiss it with a reason."""
    who = actor(request)
    problem = attempt(lambda: _delivery(request, pk, who))
    return _show(request, problem) if problem else done(request, _("Done: delivery %(n)d.") % {"n": pk}, "sources")


def _delivery(request: HttpRequest, pk: int, who: Actor) -> None:
    row = deliveries.find_delivery(who, pk)
    if request.POST.get("act") == "dismiss":
        aside.dismiss(row, actor=who, reason=request.POST.get("reason", ""))
        return
    aside.reread(row, actor=who)
    row.refresh_from_db()
    if row.problem:
        raise Refused(row.problem, hint="It stays on the list: mend the mapping, or dismiss it with a reason.")


def _show(
    request: HttpRequest, problem: HikeshiError | None = None, *, secret: str = "", secret_of: str = ""
) -> HttpResponse:
    who = actor(request)
    require(who, "triage")
    waiting = deliveries.set_aside(who)
    context = {
        "sources": deliveries.source_shapes(verbs.shown(who)), "proofs": PROOFS, "may_manage": rights(request)["manage"],
        "secret": secret, "secret_of": secret_of, "address": f"{settings.ENVIRONMENT.public_url}/in/",
        "set_aside": waiting[:SHOWN], "set_aside_count": waiting.count(),
    }  # fmt: skip
    return page(request, "console/sources.html", context, problem=problem)
