"""The form anybody in the company may fill in, without an account: what happened, in one's own words. Off unless it is switched on."""

from __future__ import annotations

import hmac
import re
import unicodedata
from typing import Final

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from hikeshi.desk.actor import system
from hikeshi.desk.alerts.reporting import LETTERS, LINE_LIMIT, WHAT_LIMIT, report
from hikeshi.doors.console.limits import too_often
from hikeshi.errors import Refused

TRAP: Final = "website"
"""A field that people do not see and programs fill in."""

SENT_LIMIT: Final = 16 * 1024
"""Characters of all that is sent: more than the fields can hold together."""

NUMBER: Final = re.compile(rf"[{LETTERS}]{{3}}-[{LETTERS}]{{3}}")
FIELDS: Final = ("what", "when", "device", "call_back")


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def self_report(request: HttpRequest) -> HttpResponse:
    """The form; sent, it becomes an alert, and its writer is told a number and what to do now."""
    if not settings.ENVIRONMENT.self_report:
        raise Http404
    if request.method != "POST":
        return _form(request)
    if too_often(request, "report"):
        return render(request, "console/too_often.html", status=429)
    if wrong := _wrong(request):
        return _form(request, wrong)
    try:
        kept = report(
            actor=system("self-report form", "console"), language=translation.get_language() or "en",
            address=request.META.get("REMOTE_ADDR", ""), simulated=bool(settings.ENVIRONMENT.aws_endpoint_url),
            **{name: request.POST.get(name, "") for name in FIELDS},
        )  # fmt: skip
    except Refused:
        return _form(request, _("This is too long. Shorten it and send it again."))
    return redirect("self_reported", kept.number)


@login_not_required
@require_safe
def self_reported(request: HttpRequest, number: str) -> HttpResponse:
    """What to do now. The number is only shown again: nothing is looked up, so that nothing can be found out."""
    if not settings.ENVIRONMENT.self_report or not NUMBER.fullmatch(number):
        raise Http404
    return render(request, "console/self_reported.html", {"number": number})


def _wrong(request: HttpRequest) -> str:
    """Why the form is not taken, in the reader's language; empty when it is."""
    sent = request.POST
    word = settings.ENVIRONMENT.self_report_word
    if sum(len(value) for name in sent for value in sent.getlist(name)) > SENT_LIMIT:
        return _("This is too long. Shorten it and send it again.")
    if sent.get(TRAP):
        return _("Leave the field “website” empty: it is there to stop programs.")
    if word and not hmac.compare_digest(_plain(sent.get("word", "")), _plain(word)):
        return _("The company's word is not right. Ask a colleague, or call instead.")
    return "" if sent.get("what", "").strip() else _("Say in a few words what happened.")


def _plain(word: str) -> bytes:
    """Full-width or not, large letters or small: people type it as they can."""
    return unicodedata.normalize("NFKC", word).strip().casefold().encode("utf-8", "replace")


def _form(request: HttpRequest, wrong: str = "") -> HttpResponse:
    context = {
        "wrong": wrong, "typed": request.POST, "ask_word": bool(settings.ENVIRONMENT.self_report_word),
        "what_limit": WHAT_LIMIT, "line_limit": LINE_LIMIT, "trap": TRAP,
    }  # fmt: skip
    return render(request, "console/self_report.html", context, status=422 if wrong else 200)
