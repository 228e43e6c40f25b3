"""Who is asking, about which incident, and how a page answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise

from hikeshi.desk.accounts.models import Person
from hikeshi.desk.accounts.permissions import Right, allowed
from hikeshi.desk.accounts.verbs import actor_of
from hikeshi.desk.actor import Actor
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.incidents.sight import allowed_on, visible
from hikeshi.errors import Conflict, Failed, HikeshiError, Refused, Unreadable

RIGHTS: tuple[Right, ...] = ("read", "write", "command", "triage", "manage")


def person_of(request: HttpRequest) -> Person:
    """The person signed in. Only called behind sign-in."""
    if not isinstance(request.user, Person):
        raise Http404
    return request.user


def actor(request: HttpRequest) -> Actor:
    return actor_of(person_of(request), "console")


def incident_of(request: HttpRequest, name: str) -> Incident:
    """The incident, or 404 alike where it does not exist and where this person may not know that it does."""
    found = visible(actor(request)).filter(name=name).first()
    if found is None:
        raise Http404
    return found


def rights(request: HttpRequest, incident: Incident | None = None) -> dict[str, bool]:
    """What this person may do, for templates: a button that would be refused is not offered."""
    who = actor(request)
    return {right: allowed_on(who, right, incident) if incident else allowed(who, right) for right in RIGHTS}


def status_of(problem: HikeshiError) -> int:
    """The HTTP status of an error (see `hikeshi.errors`)."""
    if isinstance(problem, Conflict):
        return 409
    if isinstance(problem, Refused):
        return 403
    if isinstance(problem, Unreadable):
        return 422
    return 502 if isinstance(problem, Failed) and problem.permanent else 503


def page(
    request: HttpRequest, template: str, context: Mapping[str, Any], *, problem: HikeshiError | None = None
) -> HttpResponse:
    """Render a page, or only the live region `?part=` names. With `problem`, say what was refused and keep what was typed."""
    part = request.GET.get("part", "")
    if part and part in context.get("parts", {}):
        return render(request, context["parts"][part], dict(context))
    typed = request.POST if problem else {}
    status = status_of(problem) if problem else 200
    return render(request, template, {**context, "problem": problem, "typed": typed}, status=status)


def attempt(verb: Callable[[], object]) -> HikeshiError | None:
    """Call one verb. Returns what went wrong on purpose, or None when it was done."""
    try:
        verb()
    except HikeshiError as problem:
        return problem
    except ValidationError as problem:
        return Refused(" ".join(problem.messages))
    return None


def done(request: HttpRequest, said: str | Promise, to: str, *args: object) -> HttpResponse:
    """Say what was done and go on."""
    messages.success(request, str(said))
    return redirect(to, *args)
