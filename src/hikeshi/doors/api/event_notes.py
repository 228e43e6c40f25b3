"""Stars, tags and comments on single events, and saved searches: what people keep beside the events of a timeline."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from ninja import Query, Router, Status
from pydantic import Field

from hikeshi.desk.timelines import notes, searches
from hikeshi.desk.timelines.models import Timeline
from hikeshi.doors import find, shapes
from hikeshi.doors.api.bearer import Call
from hikeshi.doors.api.paging import Body
from hikeshi.doors.events import asked_for

router = Router()


class Noting(Body):
    """What is said of one event. `text` is the tag or the comment; a star has none."""

    event_uid: str
    kind: Literal["star", "tag", "comment"]
    text: str = ""


class Asked(Body):
    """A search to keep. `where` is field=value; `tagged` and `starred` narrow it to events with these notes."""

    name: str
    start: datetime | None = None
    end: datetime | None = None
    where: list[str] = Field(default_factory=list)
    search: str = ""
    tagged: list[str] = Field(default_factory=list)
    starred: bool = False


@router.get("/incidents/{name}/timelines/{timeline}/notes", response=list[shapes.NoteShape])
def list_notes(request: Call, name: str, timeline: str, event_uid: str = "") -> list[shapes.NoteShape]:
    """The stars, tags and comments of the timeline, or of one event, in the order of the events."""
    rows = _timeline(request, name, timeline).notes.all()
    return [shapes.note(row) for row in (rows.filter(event_uid=event_uid.lower()) if event_uid else rows)]


@router.post("/incidents/{name}/timelines/{timeline}/notes", response={201: shapes.NoteShape})
def put_note(request: Call, name: str, timeline: str, body: Noting) -> Status[shapes.NoteShape]:
    """Star, tag or comment one event."""
    row = _timeline(request, name, timeline)
    return Status(201, shapes.note(notes.note(row, body.event_uid, body.kind, body.text, actor=request.auth)))


@router.delete("/incidents/{name}/timelines/{timeline}/notes/{note}", response={204: None})
def take_note_back(
    request: Call, name: str, timeline: str, note: int, reason: Annotated[str, Query()] = ""
) -> Status[None]:
    """Remove a star, a tag or a comment; a comment needs a reason. The ledger keeps what it said."""
    notes.take_back(find.note(_timeline(request, name, timeline), pk=note), actor=request.auth, reason=reason)
    return Status(204, None)


@router.get("/incidents/{name}/timelines/{timeline}/searches", response=list[shapes.SearchShape])
def list_searches(request: Call, name: str, timeline: str) -> list[shapes.SearchShape]:
    """The saved searches. `saved=NAME` asks one again, wherever events are asked for."""
    return [shapes.search(row) for row in _timeline(request, name, timeline).searches.all()]


@router.post("/incidents/{name}/timelines/{timeline}/searches", response={201: shapes.SearchShape})
def save_search(request: Call, name: str, timeline: str, body: Asked) -> Status[shapes.SearchShape]:
    """Keep a search. Under a name that is taken, it takes the place of the old one."""
    query = asked_for(body.where, start=body.start, end=body.end, search=body.search)
    row = _timeline(request, name, timeline)
    made = searches.save(row, body.name, query, actor=request.auth, tags=body.tagged, starred=body.starred)
    return Status(201, shapes.search(made))


@router.delete("/incidents/{name}/timelines/{timeline}/searches/{search}", response={204: None})
def delete_search(request: Call, name: str, timeline: str, search: str) -> Status[None]:
    """Forget a saved search."""
    searches.delete(find.search(_timeline(request, name, timeline), search), actor=request.auth)
    return Status(204, None)


def _timeline(request: Call, name: str, timeline: str) -> Timeline:
    return find.timeline(find.incident(request.auth, name), timeline)
