"""The timeline of an incident: histogram, facets, events, one event with its raw record, and the marks."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any
from urllib.parse import urlencode

import msgspec
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.timelines import verbs
from hikeshi.desk.timelines.models import EventNote, Hit, Mark, Timeline
from hikeshi.doors.completeness import testimony_shape
from hikeshi.doors.console.histogram import histogram
from hikeshi.doors.console.room import head
from hikeshi.doors.console.search import FACETS, PER_PAGE, Search, at, key_of
from hikeshi.doors.console.visit import actor, attempt, done, incident_of, page
from hikeshi.doors.events import said
from hikeshi.errors import HikeshiError, Refused
from hikeshi.events.assumed import Assumption, mapping
from hikeshi.stores.duck import DuckStore
from hikeshi.stores.entity import COLUMNS
from hikeshi.stores.witnesses import testimony

TOP = 8


@require_safe
def timeline(request: HttpRequest, name: str) -> HttpResponse:
    return show(request, incident_of(request, name))


def show(request: HttpRequest, incident: Incident, problem: HikeshiError | None = None) -> HttpResponse:
    timelines = list(incident.timelines.all())
    wanted = request.GET.get("t") or request.POST.get("t", "")
    chosen = next((one for one in timelines if one.name == wanted), timelines[0] if timelines else None)
    context: dict[str, Any] = {
        **head(request, incident, "timeline"), "timelines": timelines, "chosen": chosen,
        "items": incident.evidence.filter(kind__in=("logs", "file")).order_by("name"),
        **_known(chosen),
        "parts": {"built": "console/parts/timeline_state.html"},
    }  # fmt: skip
    if chosen is not None and chosen.state == "ready":
        context |= _explore(request, chosen)
    return page(request, "console/timeline.html", context, problem=problem)


def _explore(request: HttpRequest, chosen: Timeline) -> dict[str, Any]:
    started = time.perf_counter()
    search, store, marks = Search.of(chosen, request.GET), DuckStore(chosen.folder), list(chosen.marks.all())
    notes = list(chosen.notes.all())
    rows = store.events(search.query(limit=PER_PAGE + 1))
    more = len(rows) > PER_PAGE
    rows = rows[:PER_PAGE]
    for row in rows:
        _dress(row, marks, notes)
    return {
        "tags": _tags(search, notes), "starred": sum(note.kind == "star" for note in notes), "star_link": search.link(starred="" if search.starred else "1", after=""),
        "saved_searches": chosen.searches.all(), "search": search, "rows": rows, "marks": marks, "hits": _linked(search, chosen), "total": store.count(search.query(paged=False)),
        "histogram": histogram(store, search, marks), "facets": _facets(store, search),
        "next": search.link(after=key_of(rows[-1])) if more else "", "first": search.link(after="") if search.after else "",
        "event": _event(store, request.GET.get("event", ""), marks, notes), "close": search.link(event=""),
        "seconds": time.perf_counter() - started,
    }  # fmt: skip


def _linked(search: Search, chosen: Timeline) -> list[tuple[Hit, str]]:
    """Every hit with the address that shows its events."""
    return [(hit, search.link(hit=str(hit.pk), after="", event="")) for hit in chosen.hits.all()]


def _tags(search: Search, notes: list[EventNote]) -> list[dict[str, Any]]:
    """Every tag, how many events bear it, and the address that shows them or takes the filter out."""
    counted = Counter(note.text for note in notes if note.kind == "tag")
    return [
        {"tag": tag, "count": count, "link": search.link(tag="" if tag == search.tag else tag, after="")}
        for tag, count in sorted(counted.items())
    ]


def _dress(row: dict[str, Any], marks: list[Mark], notes: list[EventNote]) -> dict[str, Any]:
    """What a template needs beside the store's own columns."""
    mine = [note for note in notes if note.event_uid == row["event_uid"]]
    row["star"] = next((note for note in mine if note.kind == "star"), None)
    row["tags"] = [note for note in mine if note.kind == "tag"]
    row["comments"] = [note for note in mine if note.kind == "comment"]
    row["at"], row["key"] = at(row["ts"]), key_of(row)
    row["lanes"] = {mark.kind for mark in marks if str(row.get(mark.field)) == mark.value}
    return row


def _event(store: DuckStore, key: str, marks: list[Mark], notes: list[EventNote]) -> dict[str, Any] | None:
    """The event of the drawer, with every column that says something."""
    search = Search.exactly(key)
    if search is None:
        return None
    row = next((row for row in store.events(search.query()) if key_of(row) == key), None)
    if row is None:
        return None
    hidden = {
        "event_uid",
        "raw",
        "attrs",
        "message",
        "ts",
        "path",
        "dup_of",
    }  # paths are those of this server, not of the log
    row["columns"] = [
        (name, value) for name, value in row.items() if name not in hidden and value not in (None, "", [])
    ]
    row["testimony"] = testimony_shape(testimony(store, row["event_uid"], row["ts"])) if row["dup_count"] > 1 else None
    row["raw_text"], row["attrs_text"] = _text(row.get("raw")), _text(row.get("attrs"))
    row["markable"] = [
        (field, row[field]) for field in ("src_ip", "actor_name", "access_key", "session_name") if row.get(field)
    ]
    row["named"] = {field: value for field, value in row["columns"] if field in COLUMNS and isinstance(value, str)}
    return _dress(row, marks, notes)


def _text(value: Any) -> str:
    return value.decode("utf-8", errors="replace") if isinstance(value, bytes) else str(value or "")


def _facets(store: DuckStore, search: Search) -> list[dict[str, Any]]:
    return [
        {
            "field": field, "words": words, "set": search.where.get(field, ""),
            "values": [
                {"value": value, "count": count, "link": search.link(**{field: "" if search.where.get(field) == str(value) else str(value), "after": ""})}
                for value, count in store.facet(field, search.query(paged=False, without=field), top=TOP)
                if value not in (None, "")
            ],
        }
        for field, words in FACETS.items()
    ]  # fmt: skip


@require_POST
def ask(request: HttpRequest, name: str) -> HttpResponse:
    """Ask for a timeline over the evidence ticked; a worker builds it."""
    incident = incident_of(request, name)
    items = list(incident.evidence.filter(name__in=request.POST.getlist("item")))
    called = request.POST.get("t", "").strip() or "main"
    problem = attempt(lambda: verbs.ask(incident, called, items, actor=actor(request), assumed=_assumed(request)))
    return (
        show(request, incident, problem)
        if problem
        else _to(incident, called, request, _("The timeline is being built."))
    )


def _known(chosen: Timeline | None) -> dict[str, Any]:
    """What is assumed of sources now, as it is typed."""
    known = msgspec.convert(chosen.assumed if chosen else [], list[Assumption])
    return {
        "skewed": [str(one) for one in known if one.skew_us],
        "zoned": [str(one) for one in known if one.zone],
        "mapped": [one for one in known if one.mapping],
    }


def _assumed(request: HttpRequest) -> tuple[Assumption, ...]:
    """What was typed of sources: clocks, one in each line; mappings, whose lines end as in a file."""
    skew, zone = (filter(None, map(str.strip, request.POST.get(name, "").splitlines())) for name in ("skew", "zone"))
    typed = zip(request.POST.getlist("mapped"), request.POST.getlist("mapping"), strict=False)
    mappings = (
        mapping(source.strip(), text.replace("\r\n", "\n")) for source, text in typed if source.strip() or text.strip()
    )
    return said(skew, zone, mappings)


def _to(incident: Incident, called: str, request: HttpRequest, said: str) -> HttpResponse:
    return done(request, said, f"{reverse('timeline', args=[incident.name])}?{urlencode({'t': called})}")


@require_POST
def detect(request: HttpRequest, name: str) -> HttpResponse:
    """Ask our own pack of rules."""
    incident = incident_of(request, name)
    chosen = get_object_or_404(Timeline, incident=incident, name=request.POST.get("t", ""))
    problem = attempt(lambda: verbs.detect(chosen, [], actor=actor(request)))
    return (
        show(request, incident, problem) if problem else _to(incident, chosen.name, request, _("The rules were asked."))
    )


@require_POST
def mark(request: HttpRequest, name: str) -> HttpResponse:
    """Say whose events these are: every event where a field has this value."""
    incident, typed = incident_of(request, name), request.POST
    chosen = get_object_or_404(Timeline, incident=incident, name=typed.get("t", ""))
    problem = attempt(lambda: _mark(request, chosen))
    return show(request, incident, problem) if problem else _to(incident, chosen.name, request, _("Marked."))


def _mark(request: HttpRequest, chosen: Timeline) -> None:
    typed = request.POST
    field, _sep, value = typed.get("what", "").partition("=")
    if not field or not value or not typed.get("reason", "").strip():
        raise Refused(
            "A mark needs a field, a value and a reason.", hint="Say in one sentence why these events are theirs."
        )
    verbs.mark(chosen, typed.get("kind", ""), field, value, actor=actor(request), reason=typed["reason"].strip())


@require_POST
def unmark(request: HttpRequest, name: str) -> HttpResponse:
    incident, typed = incident_of(request, name), request.POST
    key = typed.get("mark", "")
    row = get_object_or_404(Mark, pk=int(key) if key.isdecimal() else 0, timeline__incident=incident)
    called, reason = row.timeline.name, typed.get("reason", "").strip() or "taken back"
    problem = attempt(lambda: verbs.unmark(row, actor=actor(request), reason=reason))
    return show(request, incident, problem) if problem else _to(incident, called, request, _("The mark is taken back."))
