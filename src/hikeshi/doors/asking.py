"""Who has been asked to say yes, and what was done without: plain data, the same for the API and for `--json`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
from typing_extensions import TypedDict  # pydantic asks for this one below Python 3.12

from hikeshi.desk.runs import at_once
from hikeshi.desk.runs.approvals import parts_of, standing
from hikeshi.desk.runs.eta import eta
from hikeshi.desk.runs.models import Approval, BrokenGlass, Step
from hikeshi.desk.runs.plans import plan_of
from hikeshi.errors import Refused


class ApprovalShape(TypedDict):
    """Somebody's yes or no to exactly one plan. `ended` is empty while it counts, else redeemed, revoked or expired; `glass`: nobody else was asked."""

    plan_digest: str
    purpose: str
    yes: bool
    by: str
    order: str
    glass: bool
    reason: str
    at: datetime
    ended: str


class AskedShape(TypedDict):
    """Where the asking stands. `left_out` asked for it and does not count; `parts` are what an approver may take out.

    `seconds` is how long it takes once all `plans` of the incident that are asked for are approved: this one, and those that wait with it.
    """

    purpose: str
    needed: int
    because: list[dict[str, str]]
    yes: list[str]
    missing: int
    until: datetime
    left_out: str
    parts: list[str]
    seconds: float
    plans: int


class PlannedShape(TypedDict):
    """The plan of one target. `calls` that change something are in it; `needed` yeses it needs, `missing` of them are not there yet."""

    step: str
    item: str
    plan_digest: str
    calls: int
    resources: list[str]
    needed: int
    missing: int
    until: datetime
    left_out: str


class TogetherShape(TypedDict):
    """The plans of a step's targets that wait for a yes. `plan_digest` names exactly all of them; `seconds` counts from a yes to all."""

    plans: list[PlannedShape]
    plan_digest: str
    seconds: float


class LeftShape(TypedDict):
    """A plan that a yes to all did not count for, and why."""

    step: str
    why: str


class SaidShape(TypedDict):
    """What one yes to many plans came to: the steps it counts for, and those left out."""

    approved: list[str]
    left: list[LeftShape]


class GlassShape(TypedDict):
    """What was carried out by breaking the glass. `right` is null until somebody else has looked at it."""

    step: str
    incident: str
    plan_digest: str
    by: str
    reason: str
    at: datetime
    due_at: datetime
    closed_by: str
    closed_at: datetime | None
    right: bool | None
    note: str


def approval(row: Approval) -> ApprovalShape:
    return {
        "plan_digest": row.plan_digest, "purpose": row.purpose, "yes": row.yes, "by": row.by,
        "order": row.order.name if row.order else "", "glass": row.glass, "reason": row.reason, "at": row.at,
        "ended": row.ended,
    }  # fmt: skip


def asked(step: Step) -> AskedShape | None:
    """None where nobody is being asked, or where the saved plan may not be believed (which is said elsewhere)."""
    try:
        found = standing(step)
    except Refused:
        return None
    if found is None or step.state == "approved":
        return None
    ahead = eta(step)
    return {
        "purpose": found.purpose, "needed": found.need.count,
        "because": [msgspec.to_builtins(text) for text in found.need.because], "yes": [row.by for row in found.yes],
        "missing": found.missing, "until": found.until, "left_out": found.left_out,
        "parts": parts_of(step) if found.purpose == "do" else [], "seconds": round(ahead.seconds, 1), "plans": ahead.plans,
    }  # fmt: skip


def together(steps: Sequence[Step]) -> TogetherShape:
    """Plans that may not be believed are left out, as they are everywhere."""
    found = [(step, shape) for step in steps if (shape := _planned(step))]
    return {
        "plans": [shape for _, shape in found], "plan_digest": at_once.digest_of([step for step, _ in found]),
        "seconds": round(eta(found[0][0]).seconds, 1) if found else 0.0,
    }  # fmt: skip


def _planned(step: Step) -> PlannedShape | None:
    try:
        now, plan = standing(step), plan_of(step)
    except Refused:
        return None
    if now is None:
        return None
    return {
        "step": f"{step.run_id}:{step.key}", "item": step.item, "plan_digest": step.plan_digest, "calls": len(plan.calls),
        "resources": list(plan.resources), "needed": now.need.count, "missing": now.missing, "until": now.until, "left_out": now.left_out,
    }  # fmt: skip


def said(whole: Step, plans: Mapping[str, str], left: Sequence[at_once.Left]) -> SaidShape:
    out = {one.step.key for one in left}
    return {
        "approved": [f"{whole.run_id}:{key}" for key in plans if key not in out],
        "left": [{"step": f"{whole.run_id}:{one.step.key}", "why": str(one.why)} for one in left],
    }  # fmt: skip


def glass(row: BrokenGlass) -> GlassShape:
    return {
        "step": f"{row.step.run_id}:{row.step.key}", "incident": row.step.run.incident.name,
        "plan_digest": row.plan_digest, "by": row.by, "reason": row.reason, "at": row.at, "due_at": row.due_at,
        "closed_by": row.closed_by, "closed_at": row.closed_at, "right": row.right, "note": row.note,
    }  # fmt: skip
