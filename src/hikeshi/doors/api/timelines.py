"""Timelines: the events of sealed logs in order, how they spread, and the marks on them."""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from typing import Annotated, Any

import msgspec
from ninja import Query, Router, Status
from pydantic import Field
from typing_extensions import TypedDict

from hikeshi.desk.timelines import notes, removing, searches, verbs
from hikeshi.desk.timelines.models import EventNote, Timeline
from hikeshi.doors import find, shapes
from hikeshi.doors.api.bearer import Call
from hikeshi.doors.api.paging import MOST, Body, Page
from hikeshi.doors.attempts import attempt_shape
from hikeshi.doors.events import asked_for, entity_shape, key_of, moment, said, shown
from hikeshi.events.assumed import mapping
from hikeshi.stores.difference import difference
from hikeshi.stores.duck import DuckStore
from hikeshi.stores.entity import entity
from hikeshi.stores.integrity import integrity_of
from hikeshi.stores.lookups import activity, escalation
from hikeshi.stores.store import Query as StoreQuery

router = Router()


class MappingBody(Body):
    """A mapping (its YAML, not a path) for the sources whose path fits the pattern `source`, such as EV-001/*.csv."""

    source: str
    text: str


class Asking(Body):
    """The name of the timeline and the evidence (EV-001, ...) whose logs go into it.

    `skew` (SOURCE=+3.5s) is added to the times of a source, `zone` ([SOURCE=]Asia/Tokyo) is that of times written without one. A source
    is a kind of log or a pattern of its path (EV-001/var/log/auth.log). `mapping` says how logs without a parser are read. They replace
    what an earlier request said.
    """

    name: str
    evidence: list[str]
    skew: list[str] = Field(default_factory=list)
    zone: list[str] = Field(default_factory=list)
    mapping: list[MappingBody] = Field(default_factory=list)


class Marking(Body):
    """Whose the events are where `field` is `value`: attacker, suspect, responder or star."""

    kind: str
    field: str
    value: str
    reason: str


class Choice(Body):
    """Which events. `where` is field=value, several times for several; `start` and `end` are ISO 8601 with zone."""

    start: datetime | None = None
    end: datetime | None = None
    where: list[str] = Field(default_factory=list)
    search: str = ""
    tagged: list[str] = Field(default_factory=list, description="Tags that the events bear, all of them.")
    starred: bool = False
    saved: str = Field("", description="Within what this saved search finds.")


class EventPage(Choice):
    after: str = ""
    limit: int = Field(100, ge=1, le=MOST)
    descending: bool = False


class Bar(TypedDict):
    """How many events from `start` up to `end`."""

    start: datetime
    end: datetime
    count: int


class Share(TypedDict):
    """A value of a field and how many events have it."""

    value: Any
    count: int


@router.get("/incidents/{name}/timelines", response=list[shapes.TimelineShape])
def list_timelines(request: Call, name: str) -> list[shapes.TimelineShape]:
    """The timelines of the incident and what their builds counted."""
    return [shapes.timeline(row) for row in find.incident(request.auth, name).timelines.select_related("incident")]


@router.post("/incidents/{name}/timelines", response={202: shapes.TimelineShape})
def ask_timeline(request: Call, name: str, body: Asking) -> Status[shapes.TimelineShape]:
    """Ask for a timeline over sealed logs; a worker builds it. Asking again adds evidence to it."""
    row = find.incident(request.auth, name)
    items = [find.item(row, one) for one in body.evidence]
    assumed = said(body.skew, body.zone, (mapping(one.source, one.text) for one in body.mapping))
    return Status(202, shapes.timeline(verbs.ask(row, body.name, items, actor=request.auth, assumed=assumed)))


@router.get("/incidents/{name}/timelines/{timeline}/removal", response=shapes.RemovalShape)
def plan_removal(request: Call, name: str, timeline: str) -> shapes.RemovalShape:
    """What deleting the timeline would take away, what relies on it, and how many bytes it would free. Nothing is changed."""
    return shapes.removal(removing.plan(_timeline(request, name, timeline), actor=request.auth))


@router.delete("/incidents/{name}/timelines/{timeline}", response=shapes.RemovalShape)
def delete_timeline(request: Call, name: str, timeline: str, confirm: str, reason: str = "") -> shapes.RemovalShape:
    """Delete a timeline; `confirm` is its name once more. Sources stay sealed. Where something relies on it, it needs a reason."""
    row = _timeline(request, name, timeline)
    return shapes.removal(removing.delete(row, actor=request.auth, confirm=confirm, reason=reason))


@router.get("/incidents/{name}/timelines/{timeline}/sources", response=list[shapes.SourceShape])
def list_sources(request: Call, name: str, timeline: str) -> list[shapes.SourceShape]:
    """Every source: what read it, how the count adds up, what was assumed of it."""
    store = _store(request, name, timeline)
    proven = integrity_of(store.folder)
    return [shapes.source(row, proven) for row in store.sources()]


@router.get("/incidents/{name}/timelines/{timeline}/events", response=Page[dict[str, Any]])
def list_events(request: Call, name: str, timeline: str, choice: Annotated[EventPage, Query()]) -> Page[dict[str, Any]]:
    """The events in time order."""
    row = _timeline(request, name, timeline)
    query = _query(row, choice, after=choice.after, limit=choice.limit + 1, descending=choice.descending)
    found = DuckStore(row.folder).events(query)
    page = found[: choice.limit]
    return {"items": _told(row, page), "next": key_of(page[-1]) if len(found) > len(page) else None}


def _query(row: Timeline, choice: Choice, **page: Any) -> StoreQuery:
    query = asked_for(choice.where, start=choice.start, end=choice.end, search=choice.search, **page)
    if choice.saved:
        query = searches.within(find.search(row, choice.saved), query)
    return notes.noted(row, query, tags=choice.tagged, starred=choice.starred)


def _told(row: Timeline, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The events as they are shown, each with what people said about it."""
    said: dict[str, list[EventNote]] = {event["event_uid"]: [] for event in events}
    for note in row.notes.filter(event_uid__in=said):
        said[note.event_uid].append(note)
    return [shapes.with_notes(shown(event), said[event["event_uid"]]) for event in events]


@router.get("/incidents/{name}/timelines/{timeline}/histogram", response=list[Bar])
def draw_histogram(
    request: Call, name: str, timeline: str, choice: Annotated[Choice, Query()],
    buckets: Annotated[int, Query(ge=1, le=1000)] = 60,
) -> list[Bar]:  # fmt: skip
    """How the events spread over time."""
    row = _timeline(request, name, timeline)
    bars = DuckStore(row.folder).histogram(_query(row, choice), buckets=buckets)
    return [{"start": moment(start), "end": moment(end), "count": count} for start, end, count in bars]


@router.get("/incidents/{name}/timelines/{timeline}/facets/{field}", response=list[Share])
def count_values(
    request: Call, name: str, timeline: str, field: str, choice: Annotated[Choice, Query()],
    top: Annotated[int, Query(ge=1, le=1000)] = 10,
) -> list[Share]:  # fmt: skip
    """The most frequent values of a field."""
    row = _timeline(request, name, timeline)
    found = DuckStore(row.folder).facet(field, _query(row, choice), top=top)
    return [{"value": value, "count": count} for value, count in found]


@router.get("/incidents/{name}/timelines/{timeline}/about", response=dict[str, Any])
def tell_about(
    request: Call, name: str, timeline: str, value: str, start: datetime | None = None, end: datetime | None = None
) -> dict[str, Any]:
    """Everything about one name: first and last seen, where it is named, what its events have in common."""
    return entity_shape(entity(_store(request, name, timeline), value, asked_for([], start=start, end=end)))


class Whose(Body):
    """Whose calls: an address, a principal (name, ARN, session or role), an access key; of several, all hold."""

    ip: str = ""
    principal: str = ""
    key: str = ""


class Lookup(Body):
    start: datetime | None = None
    end: datetime | None = None
    after: str = ""
    limit: int = Field(100, ge=1, le=MOST)


@router.get("/incidents/{name}/timelines/{timeline}/activity", response=Page[dict[str, Any]])
def tell_activity(
    request: Call, name: str, timeline: str, whose: Annotated[Whose, Query()], choice: Annotated[Lookup, Query()]
) -> Page[dict[str, Any]]:
    """Everything from one address, principal or access key, in time order."""
    query = asked_for([], start=choice.start, end=choice.end, after=choice.after)
    row = _timeline(request, name, timeline)
    asked = activity(DuckStore(row.folder), query, ip=whose.ip, principal=whose.principal, key=whose.key)
    found = list(islice(asked, choice.limit + 1))
    page = found[: choice.limit]
    return {"items": _told(row, page), "next": key_of(page[-1]) if len(found) > len(page) else None}


@router.get("/incidents/{name}/timelines/{timeline}/escalation", response=Page[dict[str, Any]])
def tell_escalation(
    request: Call, name: str, timeline: str, choice: Annotated[Lookup, Query()]
) -> Page[dict[str, Any]]:
    """Who tried to gain rights, in time order: each call, allowed or denied, with its reasons and techniques. A hint, never proof."""
    query = asked_for([], start=choice.start, end=choice.end, after=choice.after)
    found = list(islice(escalation(_store(request, name, timeline), query).found, choice.limit + 1))
    page = found[: choice.limit]
    return {
        "items": [attempt_shape(one) for one in page],
        "next": key_of(page[-1].event) if len(found) > len(page) else None,
    }


@router.get("/incidents/{name}/timelines/{timeline}/diff/{field}", response=list[dict[str, Any]])
def compare_windows(
    request: Call, name: str, timeline: str, field: str,
    before_start: datetime, before_end: datetime, after_start: datetime, after_end: datetime,
) -> list[dict[str, Any]]:  # fmt: skip
    """What came, went, or changed how often it occurs from the first window to the second."""
    windows = (asked_for([], start=before_start, end=before_end), asked_for([], start=after_start, end=after_end))
    return [msgspec.to_builtins(change) for change in difference(_store(request, name, timeline), field, *windows)]


@router.get("/incidents/{name}/timelines/{timeline}/marks", response=list[shapes.MarkShape])
def list_marks(request: Call, name: str, timeline: str) -> list[shapes.MarkShape]:
    """Whose events are whose, and why."""
    return [shapes.mark(row) for row in _timeline(request, name, timeline).marks.all()]


@router.post("/incidents/{name}/timelines/{timeline}/marks", response={201: shapes.MarkShape})
def put_mark(request: Call, name: str, timeline: str, body: Marking) -> Status[shapes.MarkShape]:
    """Mark all events where a field has a value."""
    row = _timeline(request, name, timeline)
    made = verbs.mark(row, body.kind, body.field, body.value, actor=request.auth, reason=body.reason)
    return Status(201, shapes.mark(made))


@router.post("/incidents/{name}/timelines/{timeline}/accuse", response={201: list[shapes.MarkShape]})
def accuse_suspect(request: Call, name: str, timeline: str) -> Status[list[shapes.MarkShape]]:
    """Mark the events of the likeliest attacker's address, and as suspected those of the principal."""
    made = verbs.accuse(_timeline(request, name, timeline), actor=request.auth)
    return Status(201, [shapes.mark(row) for row in made])


@router.get("/incidents/{name}/timelines/{timeline}/hits", response=list[shapes.HitShape])
def list_hits(request: Call, name: str, timeline: str) -> list[shapes.HitShape]:
    """The rules that hit when they were last asked, the worst level first."""
    return [shapes.hit(row) for row in _timeline(request, name, timeline).hits.all()]


@router.post("/incidents/{name}/timelines/{timeline}/detect", response={201: list[shapes.HitShape]})
def ask_rules(request: Call, name: str, timeline: str) -> Status[list[shapes.HitShape]]:
    """Ask our own pack of Sigma rules. What rules hit before is replaced. Other folders are asked at the command line."""
    made = verbs.detect(_timeline(request, name, timeline), [], actor=request.auth)
    return Status(201, [shapes.hit(row) for row in made])


@router.delete("/incidents/{name}/timelines/{timeline}/marks/{mark}", response={204: None})
def take_mark_back(request: Call, name: str, timeline: str, mark: int, reason: str) -> Status[None]:
    """Take a mark back. The events were never touched."""
    row = find.mark(_timeline(request, name, timeline), mark)
    verbs.unmark(row, actor=request.auth, reason=reason)
    return Status(204, None)


def _timeline(request: Call, name: str, timeline: str) -> Timeline:
    return find.timeline(find.incident(request.auth, name), timeline)


def _store(request: Call, name: str, timeline: str) -> DuckStore:
    return DuckStore(_timeline(request, name, timeline).folder)
