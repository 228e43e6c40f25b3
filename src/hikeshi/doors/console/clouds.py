"""Cloud accounts: which ones actions may enter, by which roles and how far, and what in them is never touched."""

from __future__ import annotations

from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from hikeshi.desk.assets.models import ENVIRONMENTS
from hikeshi.desk.clouds import verbs
from hikeshi.desk.clouds.models import MODES, Account
from hikeshi.doors import clouds as plain
from hikeshi.doors.console.visit import actor, attempt, done, page
from hikeshi.errors import HikeshiError

TEXTS: Final = ("acquire_role", "contain_role", "environment", "eradicate_role", "evidence_bucket", "evidence_key", "external_id", "forensic_account", "mode", "name", "read_role")  # fmt: skip


@require_safe
def clouds(request: HttpRequest) -> HttpResponse:
    """`?retired=1`: the registrations that have ended."""
    return _list(request)


def _list(request: HttpRequest, problem: HikeshiError | None = None) -> HttpResponse:
    who, retired = actor(request), bool(request.GET.get("retired"))
    rows = plain.clouds_for(who, retired=retired)
    context = {
        "rows": [_words(row) for row in rows], "retired": retired, "protected": plain.protected_for(who),
        "never_any": not Account.objects.exists(), **_choices(),
    }  # fmt: skip
    return page(request, "console/clouds.html", context, problem=problem)


@require_safe
def cloud(request: HttpRequest, number: str) -> HttpResponse:
    return _one(request, number)


def _one(request: HttpRequest, number: str, problem: HikeshiError | None = None) -> HttpResponse:
    row = plain.cloud(actor(request), number)
    context = {
        "cloud": _words(row),
        "given": request.POST if problem else {**row, "regions": " ".join(row["regions"])},
        **_choices(),
    }
    return page(request, "console/cloud.html", context, problem=problem)


def _words(row: plain.CloudShape) -> dict[str, Any]:
    """With the words for its environment and mode."""
    return {
        **row,
        "environment_word": dict(ENVIRONMENTS).get(row["environment"], ""),
        "mode_word": dict(MODES)[row["mode"]],
    }


def _choices() -> dict[str, Any]:
    return {"environments": ENVIRONMENTS, "modes": MODES}


@require_POST
def add(request: HttpRequest) -> HttpResponse:
    who, number = actor(request), request.POST.get("number", "").strip()
    problem = attempt(lambda: verbs.add(number, actor=who, **_typed(request)))
    if problem is not None:
        return _list(request, problem)
    return done(request, _("%(account)s is registered.") % {"account": number}, "clouds")


@require_POST
def act(request: HttpRequest, number: str, act: str) -> HttpResponse:
    """Change or retire one account."""
    who, reason = actor(request), request.POST.get("reason", "")
    row = plain.named(who, number)
    if act == "change":
        problem = attempt(lambda: verbs.change(row, actor=who, **_typed(request)))
    elif act == "retire":
        problem = attempt(lambda: verbs.retire(row, actor=who, reason=reason))
    else:
        raise Http404
    if problem is not None:
        return _one(request, number, problem)
    return done(request, _("Saved.") if act == "change" else _("No action enters it any more."), "cloud", number)


def _typed(request: HttpRequest) -> dict[str, Any]:
    """The fields of the form that were sent: all of them on an account's page, a few for a new one."""
    typed = request.POST
    said: dict[str, Any] = {name: typed[name].strip() for name in TEXTS if name in typed}
    if "regions" in typed:
        said |= {"regions": typed["regions"].replace(",", " ").split(), "management": bool(typed.get("management"))}
    return said


@require_POST
def protect(request: HttpRequest, act: str) -> HttpResponse:
    """Put a pattern on the list of what is never touched, or take it off."""
    who, pattern, reason = actor(request), request.POST.get("pattern", ""), request.POST.get("reason", "")
    doing = {"add": verbs.protect, "remove": verbs.unprotect}.get(act)
    if doing is None:
        raise Http404
    problem = attempt(lambda: doing(pattern, actor=who, reason=reason))
    if problem is not None:
        return _list(request, problem)
    said = _("No action touches %(pattern)s.") if act == "add" else _("Actions may touch %(pattern)s again.")
    return done(request, said % {"pattern": pattern}, "clouds")
