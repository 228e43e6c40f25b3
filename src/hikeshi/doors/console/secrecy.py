"""Who may know of an incident: restriction, code name, access, quiet mode; and the glass that administrators may break."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from hikeshi.desk.accounts.models import Person
from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.actor import Actor
from hikeshi.desk.incidents import secrecy as verbs
from hikeshi.desk.incidents.code_names import BIRDS, propose
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.incidents.sight import visible
from hikeshi.doors import secrecy as doors
from hikeshi.doors.console.room import head
from hikeshi.doors.console.visit import actor, attempt, done, incident_of, page
from hikeshi.errors import Conflict, HikeshiError, Refused


@require_safe
def secrecy(request: HttpRequest, name: str) -> HttpResponse:
    return _show(request, incident_of(request, name))


def _show(
    request: HttpRequest, incident: Incident, problem: HikeshiError | None = None, failed: str = ""
) -> HttpResponse:
    context = {
        **head(request, incident, "secrecy"), "failed": failed, "kanji": BIRDS.get(incident.code_name, ""),
        "accesses": incident.accesses.filter(until__isnull=True).select_related("person"),
        "past": incident.accesses.filter(until__isnull=False).select_related("person"),
        "people": Person.objects.filter(is_active=True).order_by("username"),
        "conflict": problem if isinstance(problem, Conflict) and problem.differences else None,
        "proposed": incident.code_name or propose(), "domains": "\n".join(incident.exposed_domains),
    }  # fmt: skip
    return page(request, "console/secrecy.html", context, problem=problem)


Act = Callable[[Incident, Actor, Any], object]


def _person(typed: Any) -> Person:
    key = typed.get("person", "")
    found = Person.objects.filter(pk=int(key), is_active=True).first() if key.isdecimal() and len(key) < 19 else None
    if found is None:
        raise Refused("Nobody was named.", hint="Choose a person.")
    return found


def _version(typed: Any) -> int | None:
    text = typed.get("version", "")
    return int(text) if text.isdecimal() and len(text) < 9 else None


ACTS: Final[dict[str, tuple[Act, str | Promise]]] = {
    "end": (lambda row, who, typed: verbs.end_access(row, _person(typed), actor=who, reason=typed.get("reason", "")), _("Access ended.")),
    "give": (lambda row, who, typed: verbs.give_access(row, _person(typed), actor=who, reason=typed.get("reason", "")), _("Access given.")),
    "loud": (lambda row, who, typed: verbs.end_quiet(row, actor=who, reason=typed.get("reason", ""), version=_version(typed)), _("Quiet mode is off.")),
    "quiet": (lambda row, who, typed: verbs.keep_quiet(row, actor=who, unaware=typed.get("unaware", ""), domains=typed.get("domains", "").splitlines(), version=_version(typed)), _("Quiet mode is on.")),
    "restrict": (lambda row, who, typed: verbs.restrict(row, actor=who, reason=typed.get("reason", ""), code_name=typed.get("code_name", ""), version=_version(typed)), _("The incident is restricted.")),
    "unrestrict": (lambda row, who, typed: verbs.unrestrict(row, actor=who, reason=typed.get("reason", ""), version=_version(typed)), _("The restriction is lifted.")),
}  # fmt: skip


@require_POST
def act(request: HttpRequest, name: str, act: str) -> HttpResponse:
    """One act; what is refused shows the page again with what was typed."""
    if act not in ACTS:
        raise Http404
    incident = incident_of(request, name)
    do, said = ACTS[act]
    problem = attempt(lambda: do(incident, actor(request), request.POST))
    if problem is None:
        still_in = visible(actor(request)).filter(pk=incident.pk).exists()
        return done(request, said, "secrecy", incident.name) if still_in else done(request, said, "board")
    incident.refresh_from_db()
    return _show(request, incident, problem, act)


@require_http_methods(["GET", "HEAD", "POST"])
def glass(request: HttpRequest) -> HttpResponse:
    """Break the glass: an administrator names a restricted incident and a reason, and is let in, recorded loudly."""
    who = actor(request)
    require(who, "manage")
    if request.method != "POST":
        return page(request, "console/glass.html", {})
    name = request.POST.get("incident", "").strip()
    problem = attempt(
        lambda: verbs.force_access(doors.behind_glass(who, name), actor=who, reason=request.POST.get("reason", ""))
    )
    if problem is None:
        return done(
            request, _("You were let in. It is recorded in both chains and shown on the incident."), "room", name
        )
    return page(request, "console/glass.html", {}, problem=problem)
