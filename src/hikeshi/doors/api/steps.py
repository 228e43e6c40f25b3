"""Steps of playbooks at work. Who says yes to an action is in `approvals.py`."""

from __future__ import annotations

from ninja import Router
from pydantic import Field

from hikeshi.desk.runs import again, by_hand, deciding, overriding, plans, taking, targets, undoing
from hikeshi.desk.runs.models import Step
from hikeshi.doors import find, shapes
from hikeshi.doors.api.bearer import Call
from hikeshi.doors.api.paging import Body
from hikeshi.doors.runs import StepAtWork, step as at_work

router = Router()


Facts = dict[str, str | bool | int | list[str]]
"""Facts as they are told, by name."""


class Done(Body):
    """`facts` are those that the step asks for; `evidence` are names of items ("EV-003"); `unobtainable` says of a kind of evidence why it
    cannot be had.
    """

    note: str = ""
    facts: Facts = Field(default_factory=dict)
    evidence: list[str] = Field(default_factory=list)
    unobtainable: dict[str, str] = Field(default_factory=dict)


class Decided(Body):
    """`choice` is the value of one of the step's options."""

    choice: str
    note: str = ""
    facts: Facts = Field(default_factory=dict)


class Taken(Body):
    """`reason` is needed where somebody else has the step, and with `from_worker`, which takes a step that is stuck from a worker."""

    reason: str = ""
    from_worker: bool = False


class Given(Body):
    """`to` is a username; empty: nobody, whoever has the role is asked again."""

    to: str = ""
    reason: str = ""


class Reason(Body):
    reason: str


@router.get("/incidents/{name}/steps", response=list[shapes.StepShape])
def list_steps(request: Call, name: str, state: str = "") -> list[shapes.StepShape]:
    """All steps in order, or those in one state (asked, open, running, ...)."""
    rows = Step.objects.filter(run__incident=find.incident(request.auth, name)).select_related("run__incident")
    return [shapes.step(row) for row in (rows.filter(state=state) if state else rows)]


@router.get("/incidents/{name}/steps/{step}", response=StepAtWork)
def show_step(request: Call, name: str, step: str) -> StepAtWork:
    """One step (2.1, or 7:2.1 with its run) with its plan, approvals and calls, and what whoever does it needs."""
    return at_work(_step(request, name, step))


@router.post("/incidents/{name}/steps/{step}/done", response=shapes.StepDetail)
def finish_step(request: Call, name: str, step: str, body: Done) -> shapes.StepDetail:
    """A person has done a manual step."""
    row = _step(request, name, step)
    by_hand.finish_by_hand(row, actor=request.auth, note=body.note, facts=body.facts, evidence=body.evidence, unobtainable=body.unobtainable)  # fmt: skip
    return _fresh(row)


@router.post("/incidents/{name}/steps/{step}/decide", response=shapes.StepDetail)
def decide_step(request: Call, name: str, step: str, body: Decided) -> shapes.StepDetail:
    """Take an open decision."""
    row = _step(request, name, step)
    deciding.decide(row, body.choice, actor=request.auth, note=body.note, facts=body.facts)
    return _fresh(row)


@router.post("/incidents/{name}/steps/{step}/fail", response=shapes.StepDetail)
def fail_step(request: Call, name: str, step: str, body: Reason) -> shapes.StepDetail:
    """It was tried and did not work; the playbook says what follows."""
    row = _step(request, name, step)
    by_hand.fail_by_hand(row, actor=request.auth, reason=body.reason)
    return _fresh(row)


@router.post("/incidents/{name}/steps/{step}/again", response=shapes.StepDetail)
def run_step_again(request: Call, name: str, step: str, body: Reason) -> shapes.StepDetail:
    """Do the step once more; what has opened after it stays as it is."""
    row = _step(request, name, step)
    again.run_again(row, actor=request.auth, reason=body.reason)
    return _fresh(row)


@router.post("/incidents/{name}/steps/{step}/take", response=shapes.StepDetail)
def take_step(request: Call, name: str, step: str, body: Taken) -> shapes.StepDetail:
    """You do it; from a worker only where the step is stuck there."""
    row = _step(request, name, step)
    verb = taking.take_from_worker if body.from_worker else taking.take
    verb(row, actor=request.auth, reason=body.reason)
    return _fresh(row)


@router.post("/incidents/{name}/steps/{step}/give", response=shapes.StepDetail)
def give_step(request: Call, name: str, step: str, body: Given) -> shapes.StepDetail:
    """Somebody else does it."""
    row = _step(request, name, step)
    taking.hand_over(row, find.person(body.to) if body.to else None, actor=request.auth, reason=body.reason)
    return _fresh(row)


@router.post("/incidents/{name}/steps/{step}/allow", response=shapes.StepDetail)
def allow_targets(request: Call, name: str, step: str, body: Reason) -> shapes.StepDetail:
    """So many targets are meant: the step opens for each."""
    row = _step(request, name, step)
    targets.allow_targets(row, actor=request.auth, reason=body.reason)
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
    """Ask for the exact way back; a worker does it. What people had contained they have taken back before."""
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
