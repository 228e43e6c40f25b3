"""Where an incident stands: the state document, its sections, the impact, updates, and what keeps it from being closed."""

from __future__ import annotations

from typing import Any

from ninja import Router, Status

from hikeshi.desk.incidents import containment, impacts, sections, updates
from hikeshi.desk.incidents.models import Incident
from hikeshi.doors import find, shapes, standing
from hikeshi.doors.api.bearer import Call
from hikeshi.doors.api.paging import Body

router = Router()


class SectionText(Body):
    """`version` is the one the writer saw, 0 where there was none. Lines of the impact begin with confirmed:, suspected: or unknown:."""

    text: str
    version: int


class Impact(Body):
    functional_impact: str
    information_impact: str
    recoverability: str
    version: int | None = None


class Update(Body):
    text: str
    audience: str


class Rhythm(Body):
    """`minutes` null: as the severity says."""

    minutes: int | None
    reason: str
    version: int | None = None


class Why(Body):
    reason: str


@router.get("/incidents/{name}/state", response=standing.StateShape)
def read_state(request: Call, name: str) -> standing.StateShape:
    """The state document as data, and as Markdown in both languages."""
    return standing.state(find.incident(request.auth, name))


@router.get("/incidents/{name}/gates", response=list[standing.GateShape])
def list_gates(request: Call, name: str) -> list[standing.GateShape]:
    """What keeps the incident from being closed."""
    return standing.gates(find.incident(request.auth, name))


@router.put("/incidents/{name}/sections/{key}", response=standing.SectionShape)
def write_section(request: Call, name: str, key: str, body: SectionText) -> standing.SectionShape:
    """Replace one section: objective, impact or next."""
    row = find.incident(request.auth, name)
    return standing.section(sections.write(row, key, body.text, actor=request.auth, version=body.version))


@router.get("/incidents/{name}/sections/{key}/history", response=list[dict[str, Any]])
def section_history(request: Call, name: str, key: str) -> list[dict[str, Any]]:
    """All texts this section has had, newest first."""
    return sections.history(find.incident(request.auth, name), key)


@router.put("/incidents/{name}/impact", response=shapes.IncidentDetail)
def judge_impact(request: Call, name: str, body: Impact) -> shapes.IncidentDetail:
    """Judge the impact: function, information, recoverability."""
    row = find.incident(request.auth, name)
    impacts.judge(
        row, actor=request.auth, functional_impact=body.functional_impact, information_impact=body.information_impact,
        recoverability=body.recoverability, version=body.version,
    )  # fmt: skip
    return shapes.incident_detail(Incident.objects.get(pk=row.pk))


@router.get("/incidents/{name}/updates", response=list[standing.UpdateShape])
def list_updates(request: Call, name: str) -> list[dict[str, Any]]:
    """The updates so far, newest first."""
    return updates.sent(find.incident(request.auth, name))


@router.post("/incidents/{name}/updates", response={201: standing.UpdateShape})
def send_update(request: Call, name: str, body: Update) -> Status[dict[str, Any]]:
    """Put an update on record; the clock of the next one starts."""
    row = find.incident(request.auth, name)
    updates.send(row, body.text, actor=request.auth, audience=body.audience)
    return Status(201, updates.sent(row)[0])


@router.post("/incidents/{name}/rhythm", response=shapes.IncidentDetail)
def change_rhythm(request: Call, name: str, body: Rhythm) -> shapes.IncidentDetail:
    """Change how often an update is due."""
    row = find.incident(request.auth, name)
    updates.set_rhythm(row, body.minutes, actor=request.auth, reason=body.reason, version=body.version)
    return shapes.incident_detail(Incident.objects.get(pk=row.pk))


@router.post("/incidents/{name}/contained", response=shapes.IncidentDetail)
def state_contained(request: Call, name: str, body: Why) -> shapes.IncidentDetail:
    """State that it is contained, where no action of ours has proven it."""
    row = find.incident(request.auth, name)
    containment.state_contained(row, actor=request.auth, reason=body.reason)
    return shapes.incident_detail(Incident.objects.get(pk=row.pk))
