"""Runs: a whole playbook at work. Its steps are in `steps.py`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ninja import Router, Status
from pydantic import Field

from hikeshi.desk.playbooks.reading import book, books
from hikeshi.desk.runs import adding, pausing, starting as runs, telling
from hikeshi.desk.runs.models import Run
from hikeshi.doors import find, shapes
from hikeshi.doors.api.bearer import Call
from hikeshi.doors.api.paging import Body
from hikeshi.doors.api.steps import Facts, Reason
from hikeshi.doors.runs import RunDetail, detail
from hikeshi.doors.starting import LookShape, known, look

router = Router()


class Start(Body):
    """`facts` add to what the incident's alert says, such as {"alert.instance_id": "i-0abc", "key_id": "AKIA..."}. `again`: a second run of
    the same playbook is meant.
    """

    playbook: str
    facts: Facts = Field(default_factory=dict)
    again: bool = False


class Told(Body):
    """Facts by name, declared ones also without "fact."."""

    facts: Facts


class Added(Body):
    """A step for people. `after` are keys of steps of the run; `phase` as in a playbook; `due` is a time with its zone."""

    title: str
    text: str = ""
    role: str = "responder"
    phase: str = "detection_analysis"
    after: list[str] = Field(default_factory=list)
    due: datetime | None = None


class Why(Body):
    reason: str = ""


@router.get("/incidents/{name}/runs", response=list[shapes.RunShape])
def list_runs(request: Call, name: str) -> list[shapes.RunShape]:
    """The playbooks running for the incident."""
    rows = find.incident(request.auth, name).runs.select_related("incident", "order")
    return [shapes.run(row) for row in rows]


@router.post("/incidents/{name}/runs", response={201: shapes.RunShape})
def start_run(request: Call, name: str, body: Start) -> Status[shapes.RunShape]:
    """Start a playbook. A fact that is missing is asked for when a step needs it."""
    row, found = find.incident(request.auth, name), book(body.playbook)
    facts = known(row, found, body.facts)
    run = runs.start(row, found, actor=request.auth, facts=facts, again=body.again, shelf=books())
    return Status(201, shapes.run(run))


@router.post("/incidents/{name}/look", response=LookShape)
def look_first(request: Call, name: str, body: Start) -> LookShape:
    """What starting would do first, and which facts are known. Nothing is written."""
    row, found = find.incident(request.auth, name), book(body.playbook)
    return look(found, known(row, found, body.facts))


@router.get("/incidents/{name}/runs/{run}", response=RunDetail)
def show_run(request: Call, name: str, run: str) -> RunDetail:
    """One run (its number, or its playbook's name): its facts, and whom each step that is not over waits for."""
    return detail(find.run(find.incident(request.auth, name), run))


@router.post("/incidents/{name}/runs/{run}/pause", response=RunDetail)
def pause_run(request: Call, name: str, run: str, body: Reason) -> RunDetail:
    """Hold the whole playbook: nothing opens, and workers leave its steps alone. Undoing goes on."""
    row = find.run(find.incident(request.auth, name), run)
    pausing.pause(row, actor=request.auth, reason=body.reason)
    return _fresh(row)


@router.post("/incidents/{name}/runs/{run}/resume", response=RunDetail)
def resume_run(request: Call, name: str, run: str, body: Why) -> RunDetail:
    """Let a paused playbook go on."""
    row = find.run(find.incident(request.auth, name), run)
    pausing.resume(row, actor=request.auth, reason=body.reason)
    return _fresh(row)


@router.post("/incidents/{name}/runs/{run}/facts", response=RunDetail)
def tell_facts(request: Call, name: str, run: str, body: Told) -> RunDetail:
    """Tell facts; steps that lacked them go on."""
    row = find.run(find.incident(request.auth, name), run)
    telling.tell(row, body.facts, actor=request.auth)
    return _fresh(row)


@router.post("/incidents/{name}/runs/{run}/steps", response={201: shapes.StepDetail})
def add_step(request: Call, name: str, run: str, body: Added) -> Status[shapes.StepDetail]:
    """Put a step for people into the run, for this incident only."""
    row = find.run(find.incident(request.auth, name), run)
    given: dict[str, Any] = {"role": body.role, "phase": body.phase, "after": body.after, "due": body.due}
    step = adding.add_manual(row.incident, body.title, body.text, actor=request.auth, run=row, **given)
    return Status(201, shapes.step_detail(step))


def _fresh(row: Run) -> RunDetail:
    row.refresh_from_db()
    return detail(row)
