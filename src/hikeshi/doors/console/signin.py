"""Coming in: nobody signs up by themselves, an invited person chooses a name and a password, then a second factor."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import perform_login
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.http import require_http_methods, require_safe

from hikeshi.desk.accounts import verbs
from hikeshi.desk.accounts.models import Invite, Person
from hikeshi.doors.console.limits import too_often
from hikeshi.doors.console.visit import attempt, page, status_of
from hikeshi.errors import HikeshiError, Refused


class InvitedOnly(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    """allauth's rules, with sign-up closed: accounts are made by `accounts.verbs` only."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002  # allauth calls it with the request
        return False


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def invite(request: HttpRequest, secret: str) -> HttpResponseBase:
    """The page behind an invite link. Every link that does not work gets the same answer."""
    if too_often(request, "invite"):
        return render(request, "console/too_often.html", status=429)
    links: list[Invite] = []
    problem = attempt(lambda: links.append(verbs.open_invite(secret)))
    if problem is not None:
        return render(request, "console/invite_gone.html", status=404)
    if request.method != "POST":
        return _form(request, links[0], None)
    people: list[Person] = []
    problem = attempt(lambda: people.append(_accept(request, secret)))
    return _form(request, links[0], problem) if problem is not None else _come_in(request, people[0])


def _form(request: HttpRequest, link: Invite, problem: HikeshiError | None) -> HttpResponse:
    return page(request, "console/invite.html", {"link": link}, problem=problem)


def _accept(request: HttpRequest, secret: str) -> Person:
    typed = request.POST
    if typed.get("password", "") != typed.get("again", ""):
        raise Refused("The two passwords are not the same.", hint="Type both again; the link still works.")
    language = translation.get_language() or settings.LANGUAGE_CODE
    return verbs.accept_invite(
        secret, username=typed.get("username", "").strip(), password=typed.get("password", ""), language=language
    )


def _come_in(request: HttpRequest, person: Person) -> HttpResponseBase:
    """Sign in. A person who has a second factor already is still asked for it: an invite replaces the password only."""
    record_authentication(request, person, method="password", username=person.username, reauthenticated=True)
    answer: HttpResponseBase = perform_login(request, person, email_verification="none", redirect_url="/welcome/")
    return answer


@require_safe
def welcome(request: HttpRequest) -> HttpResponse:
    """After the first sign-in: the offer of a passkey or an authenticator app."""
    return render(request, "console/welcome.html")


@login_not_required
def ask_for_link(request: HttpRequest) -> HttpResponse:
    """Where allauth would sign up or send mail: accounts and lost passwords go through an administrator's link."""
    return render(
        request,
        "console/ask_for_link.html",
        status=200 if request.method in {"GET", "HEAD"} else status_of(Refused("")),
    )
