"""My settings: language, look, API tokens, and the way to a second factor."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from hikeshi.desk.accounts import verbs
from hikeshi.desk.accounts.models import Person, Token
from hikeshi.doors.console.middleware import LANGUAGE_COOKIE
from hikeshi.doors.console.visit import actor, attempt, done, page, person_of
from hikeshi.errors import HikeshiError, Refused

COOKIE_SECONDS = 365 * 86400
LIVES = (30, 90, 365)
"""Days a token may live; one that never ends is made on the command line, on purpose."""


@require_safe
def me(request: HttpRequest) -> HttpResponse:
    return _show(request)


def _show(request: HttpRequest, problem: HikeshiError | None = None, secret: str = "") -> HttpResponse:
    tokens = person_of(request).tokens.order_by("-made_at")
    context = {"tokens": tokens, "lives": LIVES, "secret": secret, "zone": timezone.get_current_timezone_name()}
    return page(request, "console/me.html", context, problem=problem)


@require_POST
def issue_token(request: HttpRequest) -> HttpResponse:
    """The secret is shown in this one answer and nowhere again."""
    secrets: list[str] = []
    problem = attempt(lambda: secrets.append(_issue(request)))
    return _show(request, problem, secrets[0] if secrets else "")


def _issue(request: HttpRequest) -> str:
    days = request.POST.get("days", "")
    if not days.isdecimal() or int(days) not in LIVES:
        raise Refused("A token needs an end.", hint="Choose one from the list.")
    ends = timezone.now() + timedelta(days=int(days))
    name = request.POST.get("name", "").strip()
    return verbs.issue_token(person_of(request), name, actor=actor(request), expires_at=ends)


@require_POST
def revoke_token(request: HttpRequest, pk: int) -> HttpResponse:
    token = get_object_or_404(Token, pk=pk, person=person_of(request), revoked_at=None)
    problem = attempt(lambda: verbs.revoke_token(token, actor=actor(request)))
    return _show(request, problem) if problem else done(request, _("The token no longer works."), "me")


@login_not_required
@require_POST
def prefer(request: HttpRequest) -> HttpResponse:
    """Language and theme. Before sign-in the language is kept in a cookie, which the sign-in page reads."""
    language, theme = request.POST.get("language"), request.POST.get("theme")
    if language not in {None, *dict(settings.LANGUAGES)} or theme not in {None, "", "light", "dark"}:
        raise Refused("There is no such language or theme.", hint="Choose one from the list.")
    person = request.user
    if isinstance(person, Person):
        verbs.prefer(person, actor=actor(request), language=language, theme=theme)
    response = HttpResponseRedirect(_back(request))
    if language:
        response.set_cookie(
            LANGUAGE_COOKIE, language, max_age=COOKIE_SECONDS, secure=settings.ENVIRONMENT.secure, httponly=True, samesite="Lax"
        )  # fmt: skip
    return response


def _back(request: HttpRequest) -> str:
    """The page the form was on, if it is one of ours."""
    to = request.POST.get("next", "/")
    safe = url_has_allowed_host_and_scheme(to, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return to if safe and urlsplit(to).path.startswith("/") else "/"
