"""Who has been asked to say yes, and what was done without: plain data, the same for the API and for `--json`."""

from __future__ import annotations

from datetime import datetime

import msgspec
from typing_extensions import TypedDict  # pydantic asks for this one below Python 3.12

from hikeshi.desk.runs.approvals import parts_of, standing
from hikeshi.desk.runs.eta import eta
from hikeshi.desk.runs.models import Approval, BrokenGlass, Step
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


def glass(row: BrokenGlass) -> GlassShape:
    return {
        "step": f"{row.step.run_id}:{row.step.key}", "incident": row.step.run.incident.name,
        "plan_digest": row.plan_digest, "by": row.by, "reason": row.reason, "at": row.at, "due_at": row.due_at,
        "closed_by": row.closed_by, "closed_at": row.closed_at, "right": row.right, "note": row.note,
    }  # fmt: skip
