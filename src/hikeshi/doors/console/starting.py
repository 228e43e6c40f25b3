"""Starting a playbook: the one that answers the alert stands first; its facts and what it would do at once are seen before it starts."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _, gettext_lazy
from django.views.decorators.http import require_http_methods

from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.playbooks.reading import book as book_named, books
from hikeshi.desk.runs import starting
from hikeshi.desk.runs.models import Run
from hikeshi.doors.console.room import head
from hikeshi.doors.console.visit import actor, attempt, done, incident_of, page
from hikeshi.doors.starting import FactShape, known, look, proposed
from hikeshi.errors import HikeshiError, Refused
from hikeshi.playbooks.playbook import Playbook

MOVES: Final = {
    "open": gettext_lazy("opens"),
    "lacking": gettext_lazy("waiting for a fact"),
    "not_needed": gettext_lazy("not needed"),
}


@require_http_methods(["GET", "HEAD", "POST"])
def start(request: HttpRequest, name: str) -> HttpResponse:
    """Choose (`?playbook=`), look at it with the facts typed so far, and start it."""
    incident = incident_of(request, name)
    problem: HikeshiError | None = None
    if request.method == "POST":
        made: list[Run] = []
        problem = attempt(lambda: made.append(_start(request, incident)))
        if problem is None:
            return done(request, _("The playbook has started."), "steps", incident.name)
    return _show(request, incident, problem)


def _start(request: HttpRequest, incident: Incident) -> Run:
    book, typed = book_named(request.POST.get("playbook", "")), typed_facts(request)
    return starting.start(
        incident,
        book,
        actor=actor(request),
        facts=known(incident, book, typed),
        shelf=books(),
        again=request.POST.get("again") == "yes",
    )


def typed_facts(request: HttpRequest) -> dict[str, str]:
    """The facts of a form by full name; a field that was left empty tells nothing."""
    typed = request.POST if request.method == "POST" else request.GET
    return {name: typed[name] for name in typed if name.startswith(("fact.", "alert.")) and typed[name].strip()}


def _show(request: HttpRequest, incident: Incident, problem: HikeshiError | None) -> HttpResponse:
    typed, first = request.POST if request.method == "POST" else request.GET, proposed(incident)
    shelf = books()
    book = shelf.get(typed.get("playbook", "")) if typed.get("playbook") else first
    context = {
        **head(request, incident, "steps"), "proposed": first, "book": book,
        "others": [other for other in shelf.values() if book is None or other.name != book.name],
        **(_look(request, incident, book) if book else {}),
    }  # fmt: skip
    return page(request, "console/start_playbook.html", context, problem=problem)


def _look(request: HttpRequest, incident: Incident, book: Playbook) -> dict[str, Any]:
    """The facts as far as they can be read: what does not fit stays in its field, with what is expected."""
    given, wrong = typed_facts(request), ""
    try:
        facts = known(incident, book, given)
    except Refused as problem:
        facts, wrong = known(incident, book, {}), str(problem)
    seen = look(book, facts)
    return {
        "has_run": incident.runs.filter(playbook=book.name, within=None).exists(), "look": seen, "wrong_fact": wrong, "asked": [_field(fact, given) for fact in seen["facts"]],
        "first": [{**move, "word": MOVES[move["to"]]} for move in seen["first"]],
    }  # fmt: skip


def _field(fact: FactShape, given: dict[str, str]) -> dict[str, Any]:
    """A fact as a field shows it: a list one a line, yes and no as words."""
    value = fact["value"]
    shown = "\n".join(value) if isinstance(value, list) else {True: "yes", False: "no", None: ""}.get(value, value)
    return {
        **fact,
        "id": fact["name"].replace(".", "-"),
        "typed": given.get(fact["name"], shown),
        "known": value is not None,
    }
