"""Stars, tags and comments from the timeline's page, and saved searches: what is sent; the page itself shows them."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from hikeshi.desk.timelines import notes, searches
from hikeshi.desk.timelines.models import EventNote, SavedSearch, Timeline
from hikeshi.doors.console.search import Search
from hikeshi.doors.console.timeline import show
from hikeshi.doors.console.visit import actor, attempt, done, incident_of


@require_POST
def note(request: HttpRequest, name: str) -> HttpResponse:
    """Star, tag or comment one event, and come back to it."""
    incident, typed = incident_of(request, name), request.POST
    chosen = get_object_or_404(Timeline, incident=incident, name=typed.get("t", ""))
    uid, kind, text = (typed.get(field, "") for field in ("uid", "kind", "text"))
    problem = attempt(lambda: notes.note(chosen, uid, kind, text, actor=actor(request)))
    return (
        show(request, incident, problem)
        if problem
        else done(request, _("Kept with the event."), _back(request, chosen))
    )


@require_POST
def unnote(request: HttpRequest, name: str) -> HttpResponse:
    """Take a star, a tag or a comment back."""
    incident, typed = incident_of(request, name), request.POST
    row = get_object_or_404(EventNote, pk=_number(typed.get("note", "")), timeline__incident=incident)
    chosen = row.timeline
    problem = attempt(lambda: notes.take_back(row, actor=actor(request), reason=typed.get("reason", "")))
    return show(request, incident, problem) if problem else done(request, _("Taken back."), _back(request, chosen))


@require_POST
def save_search(request: HttpRequest, name: str) -> HttpResponse:
    """Keep what is searched for under a name."""
    incident, typed = incident_of(request, name), request.POST
    chosen = get_object_or_404(Timeline, incident=incident, name=typed.get("t", ""))
    search = Search.of(chosen, typed)
    saved = search.saved
    tags = [*(saved.tags if saved else []), *([search.tag] if search.tag else [])]
    problem = attempt(
        lambda: searches.save(
            chosen, typed.get("name", ""), search.bare(paged=False), actor=actor(request), tags=tags,
            starred=search.starred or bool(saved and saved.starred),
        )
    )  # fmt: skip
    return (
        show(request, incident, problem)
        if problem
        else done(request, _("The search is saved."), _back(request, chosen))
    )


@require_POST
def delete_search(request: HttpRequest, name: str) -> HttpResponse:
    incident = incident_of(request, name)
    row = get_object_or_404(SavedSearch, pk=_number(request.POST.get("search", "")), timeline__incident=incident)
    chosen = row.timeline
    problem = attempt(lambda: searches.delete(row, actor=actor(request)))
    return (
        show(request, incident, problem)
        if problem
        else done(request, _("The search is deleted."), _back(request, chosen))
    )


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def _back(request: HttpRequest, chosen: Timeline) -> str:
    """The page as the form found it: its filters, and the event that was open."""
    search, event = Search.of(chosen, request.POST), request.POST.get("event", "")
    link = search.link(event=event) if Search.exactly(event) else search.link()
    return f"{reverse('timeline', args=[chosen.incident.name])}{link}" + ("#event" if "event=" in link else "")
