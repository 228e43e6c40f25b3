"""Incidents: declared, taken, worked on, closed. A change names the version it saw, where two people may write at once."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from ninja import Query, Router, Status
from pydantic import Field

from hikeshi.desk.incidents import editing, secrecy, verbs
from hikeshi.desk.incidents.linking import OVER
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.reviews import closing
from hikeshi.doors import find, shapes
from hikeshi.doors.api.bearer import Call
from hikeshi.doors.api.paging import Body, Page, Paging, by_place, newest_first

router = Router()


class Declaration(Body):
    """`severity` is 1 (critical) to 4 (low). The response clock counts from `detected_at`; without it, from now.
    `roles`: give the roles as `/oncall/proposal` says.
    """

    title: str = Field(min_length=1, max_length=300)
    severity: int = Field(ge=1, le=4)
    reason: str
    alerts: list[str] = Field(default_factory=list)
    detected_at: datetime | None = None
    occurred_at: datetime | None = None
    simulated: bool = False
    restricted: bool = False
    roles: bool = True


class Edit(Body):
    """What is left out stays. `occurred_at: null` takes it back. `version` is the one the writer saw; times need a reason."""

    title: str = ""
    occurred_at: datetime | None = None
    detected_at: datetime | None = None
    marking: str = ""
    code_name: str = ""
    reason: str = ""
    version: int | None = None


class SeverityChange(Body):
    """`version` is the one the writer saw."""

    severity: int
    reason: str
    version: int | None = None


class PhaseChange(Body):
    """Enter the phase, or leave it with `leave`."""

    phase: str
    leave: bool = False


class Note(Body):
    text: str


class Summary(Body):
    """`version` is the one the writer saw: when somebody else wrote meanwhile the answer is 409 with the current text."""

    summary: str
    version: int


class Reason(Body):
    reason: str


@router.get("/incidents", response=Page[shapes.IncidentShape])
def list_incidents(
    request: Call, paging: Annotated[Paging, Query()], status: str = "", severity: int | None = None
) -> Page[shapes.IncidentShape]:
    """The incidents you may read, newest first. `status=open`: all but the closed and merged ones."""
    rows = verbs.visible(request.auth)
    if status:
        rows = rows.exclude(status__in=OVER) if status == "open" else rows.filter(status=status)
    if severity is not None:
        rows = rows.filter(severity=severity)
    return newest_first(rows, paging, shapes.incident)


@router.post("/incidents", response={201: shapes.IncidentDetail})
def declare_incident(request: Call, body: Declaration) -> Status[shapes.IncidentDetail]:
    """Declare an incident: number, first phase, response clock, roles from the contact list."""
    alerts = [find.alert(request.auth, name) for name in body.alerts]
    row = (secrecy.declare_restricted if body.restricted else verbs.declare)(
        body.title, body.severity, actor=request.auth, reason=body.reason, alerts=alerts,
        detected_at=body.detected_at, occurred_at=body.occurred_at, simulated=body.simulated, fill=body.roles,
    )  # fmt: skip
    return Status(201, shapes.incident_detail(row))


@router.get("/incidents/{name}", response=shapes.IncidentDetail)
def show_incident(request: Call, name: str) -> shapes.IncidentDetail:
    """The incident with its phases, roles, clocks and alerts."""
    return shapes.incident_detail(find.incident(request.auth, name))


@router.patch("/incidents/{name}", response=shapes.IncidentDetail)
def edit_incident(request: Call, name: str, body: Edit) -> shapes.IncidentDetail:
    """Correct title, times, marking or code name. 409 with `differences` where somebody else changed the same field."""
    row = find.incident(request.auth, name)
    fields = body.dict(exclude_unset=True, exclude={"reason", "version"})
    editing.edit(row, actor=request.auth, version=body.version, reason=body.reason, **fields)
    return _fresh(row)


@router.post("/incidents/{name}/acknowledge", response=shapes.IncidentDetail)
def acknowledge_incident(request: Call, name: str) -> shapes.IncidentDetail:
    """A responder has it: the response clock stops. Doing it twice changes nothing."""
    row = find.incident(request.auth, name)
    verbs.acknowledge(row, actor=request.auth)
    return _fresh(row)


@router.post("/incidents/{name}/severity", response=shapes.IncidentDetail)
def change_severity(request: Call, name: str, body: SeverityChange) -> shapes.IncidentDetail:
    """Raise or lower the severity, with a reason."""
    row = find.incident(request.auth, name)
    verbs.change_severity(row, body.severity, actor=request.auth, reason=body.reason, version=body.version)
    return _fresh(row)


@router.post("/incidents/{name}/phase", response=shapes.IncidentDetail)
def change_phase(request: Call, name: str, body: PhaseChange) -> shapes.IncidentDetail:
    """Enter a phase, again too, or leave it for now."""
    row = find.incident(request.auth, name)
    (verbs.leave_phase if body.leave else verbs.enter_phase)(row, body.phase, actor=request.auth)
    return _fresh(row)


@router.post("/incidents/{name}/notes", response={204: None})
def write_note(request: Call, name: str, body: Note) -> Status[None]:
    """Write into the incident's stream."""
    verbs.note(find.incident(request.auth, name), body.text, actor=request.auth)
    return Status(204, None)


@router.put("/incidents/{name}/summary", response=shapes.IncidentDetail)
def write_summary(request: Call, name: str, body: Summary) -> shapes.IncidentDetail:
    """Replace the summary."""
    row = find.incident(request.auth, name)
    verbs.summarise(row, body.summary, actor=request.auth, version=body.version)
    return _fresh(row)


class Closing(Body):
    """`overrides` names gates that are open, each with the reason to close all the same."""

    reason: str
    overrides: dict[str, str] = Field(default_factory=dict)


@router.post("/incidents/{name}/close", response=shapes.IncidentDetail)
def close_incident(request: Call, name: str, body: Closing) -> shapes.IncidentDetail:
    """End it, with a reason. Refused while a gate is open that `overrides` does not name."""
    row = find.incident(request.auth, name)
    closing.close(row, actor=request.auth, reason=body.reason, overrides=body.overrides)
    return _fresh(row)


@router.post("/incidents/{name}/reopen", response=shapes.IncidentDetail)
def reopen_incident(request: Call, name: str, body: Reason) -> shapes.IncidentDetail:
    """It was not over after all."""
    row = find.incident(request.auth, name)
    verbs.reopen(row, actor=request.auth, reason=body.reason)
    return _fresh(row)


@router.get("/incidents/{name}/stream", response=Page[shapes.EntryShape])
def read_stream(request: Call, name: str, paging: Annotated[Paging, Query()]) -> Page[shapes.EntryShape]:
    """Everything done so far, oldest first, each line with its sentence in both languages. `after` is the last `seq` seen."""
    row = find.incident(request.auth, name)
    entries = find.chain(request.auth, row.name).entries.select_related("chain")
    return by_place(entries, paging, shapes.entry)


def _fresh(row: Incident) -> shapes.IncidentDetail:
    return shapes.incident_detail(Incident.objects.get(pk=row.pk))
