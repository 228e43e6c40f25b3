"""What every answer carries and every request brings: security headers, the person's preferences, and errors as pages."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from django.views.defaults import page_not_found

from hikeshi.desk.accounts.models import Person
from hikeshi.doors.console.visit import status_of
from hikeshi.errors import HikeshiError, Refused

Answer = Callable[[HttpRequest], HttpResponse]
LANGUAGE_COOKIE: Final = "hikeshi_language"

POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; font-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": (
        "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=(), "
        "publickey-credentials-create=(self), publickey-credentials-get=(self)"
    ),
}


def security_headers(get_response: Answer) -> Answer:
    """The strict policy on every answer, and nothing about an incident left in a cache."""

    def answer(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return answer


def preferences(get_response: Answer) -> Answer:
    """Language and time zone of the person; before they sign in, of their browser (cookie, then what it asks for); or of the installation."""

    def answer(request: HttpRequest) -> HttpResponse:
        person = request.user if isinstance(request.user, Person) else None
        language = _language(request, person)
        with translation.override(language), timezone.override(_zone(person)):
            response = get_response(request)
        response.headers.setdefault("Content-Language", language)
        if person is None:
            patch_vary_headers(response, ("Accept-Language",))
        return response

    return answer


def _language(request: HttpRequest, person: Person | None) -> str:
    chosen = (person.language if person else "") or request.COOKIES.get(LANGUAGE_COOKIE, "")
    if chosen in dict(settings.LANGUAGES):
        return chosen
    return settings.LANGUAGE_CODE if person else translation.get_language_from_request(request)


def _zone(person: Person | None) -> zoneinfo.ZoneInfo:
    try:
        return zoneinfo.ZoneInfo((person.time_zone if person else "") or settings.TIME_ZONE)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return zoneinfo.ZoneInfo(settings.TIME_ZONE)


class Errors:
    """An error raised on purpose becomes a page that says how to go on.

    Refused while reading is "not found": a refusal would say that there is something to refuse.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.headers.get("HX-Request") and response.status_code in {301, 302}:
            # A live region that was sent to the sign-in page would swap that page into itself.
            return HttpResponse(status=401)
        return response

    def process_exception(self, request: HttpRequest, problem: Exception) -> HttpResponse | None:
        if request.path.startswith("/api/"):
            return None
        if isinstance(problem, ValidationError):
            problem = Refused(" ".join(problem.messages))
        if not isinstance(problem, HikeshiError):
            return None
        if isinstance(problem, Refused) and request.method in {"GET", "HEAD"}:
            return page_not_found(request, Http404())
        return render(request, "console/problem.html", {"problem": problem}, status=status_of(problem))


errors = Errors
