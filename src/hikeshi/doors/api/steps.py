"""Steps: the playbooks at work. Who says yes to an action is in `approvals.py`."""

from __future__ import annotations

from ninja import Router, Status
from pydantic import Field

from hikeshi.desk.playbooks.reading import book
from hikeshi.desk.runs import by_hand, overriding, plans, starting, undoing
from hikeshi.desk.runs.models import Step
from hikeshi.doors import find, shapes
from hikeshi.doors.api.bearer import Call
from hikeshi.doors.api.paging import Body
from hikeshi.doors.facts import facts

router = Router()


class Start(Body):
    """`facts` add to what the incident's alert says, such as {"alert.instance_id": "i-0abc"}."""

    playbook: str
    facts: dict[str, str] = Field(default_factory=dict)


class Done(Body):
    note: str = ""


class Reason(Body):
    reason: str


@router.get("/incidents/{name}/runs", response=list[shapes.RunShape])
def list_runs(request: Call, name: str) -> list[shapes.RunShape]:
    """The playbooks running for the incident."""
    rows = find.incident(request.auth, name).runs.select_related("incident", "order")
    return [shapes.run(row) for row in rows]


@router.post("/incidents/{name}/runs", response={201: shapes.RunShape})
def start_run(request: Call, name: str, body: Start) -> Status[shapes.RunShape]:
    """Start a playbook. A fact that one of its steps needs and nobody knows is named in the refusal."""
    row = find.incident(request.auth, name)
    run = starting.start(row, book(body.playbook), actor=request.auth, facts=facts(row, body.facts))
    return Status(201, shapes.run(run))


@router.get("/incidents/{name}/steps", response=list[shapes.StepShape])
def list_steps(request: Call, name: str, state: str = "") -> list[shapes.StepShape]:
    """All steps in order, or those in one state (asked, open, running, ...)."""
    rows = Step.objects.filter(run__incident=find.incident(request.auth, name)).select_related("run__incident")
    return [shapes.step(row) for row in (rows.filter(state=state) if state else rows)]


@router.get("/incidents/{name}/steps/{step}", response=shapes.StepDetail)
def show_step(request: Call, name: str, step: str) -> shapes.StepDetail:
    """One step (2.1, or 7:2.1 with its run) with its plan, approvals and calls."""
    return shapes.step_detail(_step(request, name, step))


@router.post("/incidents/{name}/steps/{step}/done", response=shapes.StepDetail)
def finish_step(request: Call, name: str, step: str, body: Done) -> shapes.StepDetail:
    """A person has done a manual step."""
    row = _step(request, name, step)
    by_hand.finish_by_hand(row, actor=request.auth, note=body.note)
    return _fresh(row)


@router.post("/incidents/{name}/steps/{step}/skip", response=shapes.StepDetail)
def skip_step(request: Call, name: str, step: str, body: Reason) -> shapes.StepDetail:
    """Leave a step out, with a reason."""
    row = _step(request, name, step)
    by_hand.skip(row, actor=request.auth, reason=body.reason)
    return _fresh(row)


@router.post("/incidents/{name}/steps/{step}/override", response=shapes.StepDetail)
def override_gate(request: Call, name: str, step: str, body: Reason) -> shapes.StepDetail:
    """Let the step go on although evidence is not safe: each line of its gate is waived by name, with the reason."""
    row = _step(request, name, step)
    overriding.override_gate(row, actor=request.auth, reason=body.reason)
    return _fresh(row)


@router.post("/incidents/{name}/steps/{step}/undo", response=shapes.StepDetail)
def undo_step(request: Call, name: str, step: str, body: Reason) -> shapes.StepDetail:
    """Ask for the exact way back; a worker does it."""
    row = _step(request, name, step)
    undoing.undo(row, actor=request.auth, reason=body.reason)
    return _fresh(row)


@router.post("/incidents/{name}/steps/{step}/plan", response=shapes.StepDetail)
def plan_step_again(request: Call, name: str, step: str) -> shapes.StepDetail:
    """Have the plan made anew; a worker does it. Refused once the old one has begun."""
    row = _step(request, name, step)
    plans.plan_again(row, actor=request.auth)
    return _fresh(row)


def _step(request: Call, name: str, step: str) -> Step:
    return find.step(find.incident(request.auth, name), step)


def _fresh(row: Step) -> shapes.StepDetail:
    return shapes.step_detail(Step.objects.select_related("run__incident").get(pk=row.pk))
