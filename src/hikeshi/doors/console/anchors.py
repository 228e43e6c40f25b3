"""Who signs the ledger, and what the outside world holds of it: keys, time stamps, copies, and a comparison with what is held."""

from __future__ import annotations

from typing import Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from hikeshi.desk.ledger import anchors as verbs, keys
from hikeshi.desk.ledger.models import Copy, Stamp
from hikeshi.doors import anchors as told, find
from hikeshi.doors.console.visit import actor, attempt, done, page, rights
from hikeshi.errors import Failed, HikeshiError, Refused

COMPARE_LIMIT: Final = 4 * 1024 * 1024
SHOWN: Final = 100
"""Stamps and copies of one chain on a page, the newest; the command line lists all."""


@require_safe
def anchors(request: HttpRequest) -> HttpResponse:
    return _show(request)


@require_POST
def act(request: HttpRequest, act: str) -> HttpResponse:
    """One of ACTS, or 404."""
    if act not in ACTS:
        raise Http404
    return ACTS[act](request)


@require_http_methods(["GET", "HEAD", "POST"])
def outside(request: HttpRequest, name: str) -> HttpResponse:
    """What is held outside of one chain, for whoever may read the chain. Sending the form checks every held stamp once more."""
    chain = get_object_or_404(find.chains(actor(request)), name=name)
    stamps = Stamp.objects.filter(checkpoint__chain=chain).select_related("checkpoint__chain").order_by("-pk")
    copies = Copy.objects.filter(checkpoint__chain=chain).select_related("checkpoint__chain").order_by("-pk")
    context = {
        "chain": chain, "stamps": [told.stamp(row) for row in stamps[:SHOWN]],
        "copies": [told.copy(row) for row in copies[:SHOWN]],
        "checked": told.check_stamps(chain) if request.method == "POST" else None,
    }  # fmt: skip
    return page(request, "console/outside.html", context)


def _show(request: HttpRequest, problem: HikeshiError | None = None, **more: object) -> HttpResponse:
    who, may = actor(request), rights(request)
    if not may["read"]:
        raise Http404
    oldest = told.unsigned()
    context = {
        "keys": told.all_keys(who), "parties": told.all_parties(who), "may_manage": may["manage"],
        "unsigned": oldest, "late": oldest is not None and told.is_late(oldest), **more,
    }  # fmt: skip
    return page(request, "console/anchors.html", context, problem=problem)


def _again(request: HttpRequest) -> HttpResponse:
    kind, name = request.POST.get("kind", ""), request.POST.get("name", "")
    if kind not in verbs.KINDS:
        raise Http404
    problem = attempt(lambda: verbs.again(kind, name, actor=actor(request)))
    return _show(request, problem) if problem else done(request, _("It is tried again."), "anchors")


def _check_key(request: HttpRequest) -> HttpResponse:
    """Ask the key that signs. On purpose a form: a key may be far away, and a page that is only looked at should not wait for it."""
    if not rights(request)["read"]:
        raise Http404
    found = told.key_problem()
    if found:
        return _show(request, Failed(found, permanent=False))
    return done(request, _("The key that signs can be reached."), "anchors")


def _compare(request: HttpRequest) -> HttpResponse:
    text = request.POST.get("text", "")
    rows: list[told.ComparedShape] = []

    def compare() -> None:
        if len(text) > COMPARE_LIMIT:
            raise Refused("That is too long for a page.", hint="`hikeshi audit compare FILE` takes larger files.")
        rows.extend(told.compare_text(actor(request), text, source=_("the text")))

    problem = attempt(compare)
    return _show(request, problem, compared=rows, held=text)


def _retire(request: HttpRequest) -> HttpResponse:
    problem = attempt(lambda: keys.retire(actor=actor(request), reason=request.POST.get("reason", "")))
    return (
        _show(request, problem) if problem else done(request, _("The key is withdrawn. Nothing is signed."), "anchors")
    )


def _rotate(request: HttpRequest) -> HttpResponse:
    """Where the new key is, is for the machine's own settings to say: a page must not name files and modules of the machine."""
    lost, reason = request.POST.get("lost") == "yes", request.POST.get("reason", "")
    problem = attempt(lambda: keys.rotate(actor=actor(request), reason=reason, lost=lost))
    return _show(request, problem) if problem else done(request, _("Another key signs from now on."), "anchors")


ACTS: Final = {"again": _again, "check": _check_key, "compare": _compare, "retire": _retire, "rotate": _rotate}
