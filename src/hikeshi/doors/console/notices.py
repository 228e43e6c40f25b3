"""Notices and channels: who was told what and whether somebody has it; the page behind the link in a message; the places messages go to."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import get_language, gettext as _, override
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from hikeshi.desk.accounts.permissions import allowed, require
from hikeshi.desk.incidents.models import SEVERITIES, Incident
from hikeshi.desk.notices import channels as services, links, trying, verbs, words
from hikeshi.desk.notices.models import NOTICE_STATES, Channel, Notice
from hikeshi.desk.notices.sending import is_exercise
from hikeshi.doors import find
from hikeshi.doors.console.limits import too_often
from hikeshi.doors.console.middleware import LANGUAGE_COOKIE
from hikeshi.doors.console.room import head
from hikeshi.doors.console.visit import actor, attempt, done, incident_of, page, rights
from hikeshi.errors import HikeshiError

PER_PAGE = 50


@require_safe
def notices(request: HttpRequest) -> HttpResponse:
    """All this person may see, newest first; `?state=` is one state, `?before=` the key of the last row of the page before."""
    find.insider(actor(request))
    return _list(request, "console/notices.html", None)


@require_safe
def of_incident(request: HttpRequest, name: str) -> HttpResponse:
    return _list(request, "console/incident_notices.html", incident_of(request, name))


def _list(
    request: HttpRequest, template: str, incident: Incident | None, problem: HikeshiError | None = None
) -> HttpResponse:
    rows = verbs.visible(actor(request)).prefetch_related("tries").order_by("-pk")
    rows = rows.filter(incident=incident) if incident else rows
    state, before = request.GET.get("state", ""), request.GET.get("before", "")
    if state in dict(NOTICE_STATES):
        rows = rows.filter(state=state)
    if before.isdecimal() and len(before) < find.DIGITS:
        rows = rows.filter(pk__lt=int(before))
    found = list(rows[: PER_PAGE + 1])
    context = {
        "rows": found[:PER_PAGE], "older": found[PER_PAGE - 1].pk if len(found) > PER_PAGE else None, "state": state,
        "states": NOTICE_STATES, **(head(request, incident, "notices") if incident else {"can": rights(request)}),
    }  # fmt: skip
    return page(request, template, context, problem=problem)


@require_POST
def act(request: HttpRequest, pk: int, act: str) -> HttpResponse:
    """`ack` or `resend`. Goes back to the incident's notices, or to all."""
    row = get_object_or_404(verbs.visible(actor(request)), pk=pk)
    acts: dict[str, tuple[Callable[[], None], str]] = {
        "ack": (lambda: verbs.acknowledge(row, actor=actor(request)), _("You have it.")),
        "resend": (lambda: verbs.resend(row, actor=actor(request)), _("It is sent once more.")),
    }
    if act not in acts:
        raise Http404
    verb, said = acts[act]
    problem = attempt(verb)
    if problem:
        return _list(request, "console/notices.html", None, problem)
    return (
        done(request, said, "incident_notices", row.incident.name) if row.incident else done(request, said, "notices")
    )


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def take(request: HttpRequest, secret: str) -> HttpResponse:
    """Behind the link in a message, without signing in. Looking does nothing, because scanners of mails look; the button does."""
    if too_often(request, "notice"):
        return render(request, "console/too_often.html", status=429)
    found: list[Notice] = []
    if attempt(lambda: found.append(links.by_secret(secret))):
        return render(request, "console/notice_gone.html", status=404)
    if request.method == "POST":
        found = [verbs.acknowledge_by_link(secret)]
    context = {"notice": found[0], "exercise": is_exercise(found[0])}
    chosen = request.user.is_authenticated or LANGUAGE_COOKIE in request.COOKIES
    with override(get_language() if chosen else found[0].language):
        return render(request, "console/notice_take.html", context)


@require_safe
def channels(request: HttpRequest) -> HttpResponse:
    if not allowed(actor(request), "manage"):
        raise Http404
    return _channels(request)


def _channels(request: HttpRequest, problem: HikeshiError | None = None) -> HttpResponse:
    rows = [(row, services.shown(row.service, row.address)) for row in Channel.objects.all()]
    context = {
        "rows": rows, "services": services.CHANNELS, "severities": SEVERITIES, "templates": words.TEMPLATES,
    }  # fmt: skip
    return page(request, "console/channels.html", context, problem=problem)


@require_POST
def channel_act(request: HttpRequest, pk: int, act: str) -> HttpResponse:
    """`add` (with 0 for a key), `test`, `disable` or `enable`."""
    who, typed = actor(request), request.POST
    require(who, "manage")
    row = get_object_or_404(Channel, pk=pk) if act != "add" else Channel()
    severity = typed.get("from_severity", "4")
    acts: dict[str, tuple[Callable[[], object], str]] = {
        "add": (
            lambda: verbs.add_channel(
                typed.get("name", ""), typed.get("service", ""), typed.get("address", "").strip(), actor=who,
                from_severity=int(severity) if severity in {"1", "2", "3", "4"} else 4, language=typed.get("language", ""),
            ),
            _("The channel is there. Try it now."),
        ),
        "disable": (lambda: verbs.enable_channel(row, False, actor=who), _("Nothing is sent there any more.")),
        "enable": (lambda: verbs.enable_channel(row, True, actor=who), _("Messages are sent there again.")),
        "test": (lambda: trying.try_channel(row, actor=who, to=typed.get("to", "")), _("The service took the test.")),
    }  # fmt: skip
    if act not in acts:
        raise Http404
    verb, said = acts[act]
    problem = attempt(verb)
    return _channels(request, problem) if problem else done(request, said, "channels")
