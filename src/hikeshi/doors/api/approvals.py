"""Yes, no, and what happens without: each names the digest of exactly the plan that was read."""

from __future__ import annotations

from ninja import Router, Status
from pydantic import Field

from hikeshi.desk.runs import approvals, at_once, glass, holding
from hikeshi.desk.runs.models import BrokenGlass, Step
from hikeshi.doors import asking, find, shapes
from hikeshi.doors.api.bearer import Call
from hikeshi.doors.api.paging import Body
from hikeshi.doors.watches import WatchShape, watch

router = Router()
STEP = "/incidents/{name}/steps/{step}"


class Yes(Body):
    """The digest of the plan as it was read."""

    plan_digest: str
    reason: str = Field(default="", max_length=500)


class YesToAll(Body):
    """By step of a target, the digest of its plan as it was read."""

    plans: dict[str, str] = Field(min_length=1, max_length=1000)
    reason: str = Field(default="", max_length=500)


class Said(Body):
    """The digest of the plan as it was read, and why."""

    plan_digest: str
    reason: str


class Why(Body):
    reason: str


class Narrower(Body):
    """Parts of the plan to leave out."""

    without: list[str] = Field(min_length=1, max_length=1000)
    reason: str = ""


class Reviewed(Body):
    """Whether breaking the glass was right, and what was found."""

    right: bool
    note: str


@router.post(STEP + "/approve", response=shapes.StepDetail)
def approve_step(request: Call, name: str, step: str, body: Yes) -> shapes.StepDetail:
    """Say yes to exactly this plan, or to undoing it. 409 when it has changed since it was read, or you have said it already."""
    row = _step(request, name, step)
    approvals.approve(row, body.plan_digest, actor=request.auth, reason=body.reason)
    return _fresh(row)


@router.get(STEP + "/plans", response=asking.TogetherShape)
def list_plans(request: Call, name: str, step: str) -> asking.TogetherShape:
    """The plans of the step's targets that wait for a yes, and how long all of them take from a yes to all."""
    return asking.together(at_once.asked(_step(request, name, step)))


@router.post(STEP + "/approve-all", response=asking.SaidShape)
def approve_all_plans(request: Call, name: str, step: str, body: YesToAll) -> asking.SaidShape:
    """Say yes to exactly these plans of the step's targets. Those that your yes does not count for are left out and named with the reason."""
    row = _step(request, name, step)
    plans = {key.rpartition(":")[2]: digest for key, digest in body.plans.items()}
    return asking.said(row, plans, at_once.approve_all(row, plans, actor=request.auth, reason=body.reason))


@router.post(STEP + "/reject", response=shapes.StepDetail)
def reject_step(request: Call, name: str, step: str, body: Said) -> shapes.StepDetail:
    """Say no to exactly this plan, or to undoing it, with a reason."""
    row = _step(request, name, step)
    approvals.reject(row, body.plan_digest, actor=request.auth, reason=body.reason)
    return _fresh(row)


@router.post(STEP + "/revoke", response=shapes.StepDetail)
def revoke_approval(request: Call, name: str, step: str, body: Why) -> shapes.StepDetail:
    """Take your own yes back, before a worker has begun."""
    row = _step(request, name, step)
    approvals.revoke(row, actor=request.auth, reason=body.reason)
    return _fresh(row)


@router.post(STEP + "/keep", response=WatchShape)
def keep_contained(request: Call, name: str, step: str, body: Why) -> WatchShape:
    """You have looked, and it stays contained. The next review is due as long from now as the severity says."""
    return watch(holding.keep(_step(request, name, step), actor=request.auth, reason=body.reason))


@router.post(STEP + "/narrow", response=shapes.StepDetail)
def narrow_plan(request: Call, name: str, step: str, body: Narrower) -> shapes.StepDetail:
    """Take parts out of the plan. A worker makes it anew without them, and that one is to be approved."""
    row = _step(request, name, step)
    approvals.narrow(row, body.without, actor=request.auth, reason=body.reason)
    return _fresh(row)


@router.post(STEP + "/break-glass", response={201: asking.GlassShape})
def break_glass(request: Call, name: str, step: str, body: Said) -> Status[asking.GlassShape]:
    """Have exactly this plan carried out now, without the yeses it needs. People are told; somebody else reviews it within 24 hours."""
    row = _step(request, name, step)
    return Status(201, asking.glass(glass.break_glass(row, body.plan_digest, actor=request.auth, reason=body.reason)))


@router.post(STEP + "/glass-review", response=asking.GlassShape)
def review_glass(request: Call, name: str, step: str, body: Reviewed) -> asking.GlassShape:
    """The after-review, by somebody other than the one who broke the glass."""
    row = _step(request, name, step)
    return asking.glass(glass.close_review(row, actor=request.auth, right=body.right, note=body.note))


@router.get("/incidents/{name}/broken-glass", response=list[asking.GlassShape])
def list_broken_glass(request: Call, name: str) -> list[asking.GlassShape]:
    """What was carried out by breaking the glass, reviewed or not."""
    rows = BrokenGlass.objects.filter(step__run__incident=find.incident(request.auth, name))
    return [asking.glass(row) for row in rows.select_related("step__run__incident")]


def _step(request: Call, name: str, step: str) -> Step:
    return find.step(find.incident(request.auth, name), step)


def _fresh(row: Step) -> shapes.StepDetail:
    return shapes.step_detail(Step.objects.select_related("run__incident").get(pk=row.pk))
