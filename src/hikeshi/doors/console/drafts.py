"""The draft of one report: what is known of each item, in both languages, with its certainty and source."""

from __future__ import annotations

from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import get_language, gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from hikeshi.desk.duties import drafts
from hikeshi.desk.duties.models import CERTAINTIES
from hikeshi.desk.incidents import obligations
from hikeshi.desk.incidents.models import Incident
from hikeshi.doors.console.clock_rules import say
from hikeshi.doors.console.room import head
from hikeshi.doors.console.visit import actor, attempt, done, incident_of, page
from hikeshi.errors import HikeshiError, Refused

LOOKS: Final = {
    "confirmed": "badge-green",
    "suspected": "badge-amber",
    "investigating": "badge-line",
    "unknown": "badge-line",
}


@require_http_methods(["GET", "HEAD", "POST"])
def draft(request: HttpRequest, name: str, rule: str) -> HttpResponse:
    """The items; each form writes one of them."""
    incident = incident_of(request, name)
    title = _title(rule)
    problem = attempt(lambda: _state(request, incident)) if request.method == "POST" else None
    if request.method == "POST" and problem is None:
        return done(request, _("The item is written."), "draft", incident.name, rule)
    items = [_item(one, request, problem) for one in drafts.said(incident.name, rule)]
    hints = [
        {"item": one.item, "language": language, "found": hint.found, "why": say(hint.why)}
        for one, language, hint in drafts.hints_of(incident.name, rule)
    ]
    context = {
        **head(request, incident, "duties"), "rule": rule, "title": title, "items": items, "hints": hints,
        "certainties": CERTAINTIES, "known": sum(one["said"].version > 0 for one in items),
    }  # fmt: skip
    return page(request, "console/draft.html", context, problem=problem)


@require_safe
def text(request: HttpRequest, name: str, rule: str, language: str) -> HttpResponse:
    """The draft as a Markdown file, in the language asked for."""
    incident = incident_of(request, name)
    _title(rule)
    if language not in {"en", "ja"}:
        raise Http404
    return HttpResponse(
        drafts.draft(incident.name, rule, language).encode(), content_type="application/octet-stream",
        headers={"Content-Disposition": f'attachment; filename="{incident.name}-{rule}-{language}.md"'},
    )  # fmt: skip


def _title(rule: str) -> str:
    try:
        return say(drafts.paper(rule).title)
    except Refused as problem:
        raise Http404 from problem


def _state(request: HttpRequest, incident: Incident) -> None:
    form = request.POST
    numbers = {name: form.get(name, "") for name in ("item", "version")}
    if not all(value.isdecimal() and len(value) < 10 for value in numbers.values()):
        raise Refused("No item was named.", hint="Use the form of the item.")
    obligations.state(
        incident, form.get("content", ""), int(numbers["item"]), actor=actor(request), certainty=form.get("certainty", ""),
        en=form.get("en", ""), ja=form.get("ja", ""), sources=form.get("sources", ""), version=int(numbers["version"]),
    )  # fmt: skip


def _item(one: drafts.Said, request: HttpRequest, problem: HikeshiError | None) -> dict[str, Any]:
    """An item with what stands in its form: after a refusal, what was typed into it."""
    form = request.POST
    typed = problem is not None and (form.get("content"), form.get("item")) == (one.content, str(one.item))
    fields = {
        name: form.get(name, "") if typed else getattr(one, name) for name in ("certainty", "en", "ja", "sources")
    }
    words = dict(CERTAINTIES)[one.certainty]
    return {
        "said": one, "what": say(one.what), "fields": fields, "open": typed, "look": LOOKS[one.certainty], "word": words,
        "key": f"{one.content}-{one.item}", "text": one.ja if get_language() == "ja" and one.ja else one.en or one.ja,
    }  # fmt: skip
