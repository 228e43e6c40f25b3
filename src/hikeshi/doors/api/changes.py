"""Incidents moved on, linked and merged; and notes for counsel. Editing is beside showing, in `incidents.py`: it has the same address."""

from __future__ import annotations

from typing import Literal

from ninja import Router, Status

from hikeshi.desk.incidents import counsel, editing, linking as verbs
from hikeshi.desk.incidents.models import Incident
from hikeshi.doors import find, linking, shapes
from hikeshi.doors.api.bearer import Call
from hikeshi.doors.api.paging import Body

router = Router()
Kind = Literal["related", "caused_by", "same_actor", "duplicate"]


class Move(Body):
    status: Literal["active", "monitoring", "resolved"]
    reason: str
    version: int | None = None


class NewLink(Body):
    other: str
    kind: Kind = "related"
    reason: str = ""


class Into(Body):
    into: str
    reason: str


class Why(Body):
    reason: str


class Text(Body):
    text: str


@router.post("/incidents/{name}/status", response=shapes.IncidentDetail)
def set_status(request: Call, name: str, body: Move) -> shapes.IncidentDetail:
    """Move it between active, monitoring and resolved."""
    row = find.incident(request.auth, name)
    editing.set_status(row, body.status, actor=request.auth, reason=body.reason, version=body.version)
    return _fresh(row)


@router.get("/incidents/{name}/links", response=list[linking.LinkShape])
def list_links(request: Call, name: str) -> list[linking.LinkShape]:
    """The links from and to it, as far as you may know of the other end."""
    return [linking.link(row) for row in verbs.links_of(request.auth, find.incident(request.auth, name))]


@router.post("/incidents/{name}/links", response={201: linking.LinkShape})
def link_incidents(request: Call, name: str, body: NewLink) -> Status[linking.LinkShape]:
    """Say how it hangs together with another incident."""
    row, other = find.incident(request.auth, name), find.incident(request.auth, body.other)
    return Status(201, linking.link(verbs.link(row, other, body.kind, actor=request.auth, reason=body.reason)))


@router.post("/incidents/{name}/links/remove", response={204: None})
def unlink_incidents(request: Call, name: str, body: NewLink) -> Status[None]:
    """Take a link back, with a reason; the ledger keeps that it was there."""
    row, other = find.incident(request.auth, name), find.incident(request.auth, body.other)
    verbs.unlink(row, other, body.kind, actor=request.auth, reason=body.reason)
    return Status(204, None)


@router.post("/incidents/{name}/merge", response=shapes.IncidentDetail)
def merge_incident(request: Call, name: str, body: Into) -> shapes.IncidentDetail:
    """It goes on in another incident; the earliest deadlines of the law count there. Answers with that other one."""
    row, into = find.incident(request.auth, name), find.incident(request.auth, body.into)
    verbs.merge(row, into, actor=request.auth, reason=body.reason)
    return _fresh(into)


@router.post("/incidents/{name}/unmerge", response=shapes.IncidentDetail)
def unmerge_incident(request: Call, name: str, body: Why) -> shapes.IncidentDetail:
    """They were two after all."""
    row = find.incident(request.auth, name)
    verbs.unmerge(row, actor=request.auth, reason=body.reason)
    return _fresh(row)


@router.get("/incidents/{name}/counsel", response=list[linking.CounselShape])
def read_counsel(request: Call, name: str) -> list[linking.CounselShape]:
    """The notes for counsel: all for those with the role of Legal on it, for others their own."""
    return [linking.counsel(row) for row in counsel.readable(find.incident(request.auth, name), actor=request.auth)]


@router.post("/incidents/{name}/counsel", response={201: linking.CounselShape})
def write_counsel(request: Call, name: str, body: Text) -> Status[linking.CounselShape]:
    """Write a note for counsel only. The ledger has its SHA-256, never its text."""
    row = find.incident(request.auth, name)
    return Status(201, linking.counsel(counsel.write(row, body.text, actor=request.auth)))


def _fresh(row: Incident) -> shapes.IncidentDetail:
    return shapes.incident_detail(Incident.objects.get(pk=row.pk))
