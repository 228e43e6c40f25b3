"""A step as people read it before they say yes: what changes, what gets through all the same, who is asked. Programs get the step as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from hikeshi.doors import shapes
from hikeshi.doors.changes import changes
from hikeshi.doors.cli.answer import Answer

HEAD: Final = (
    "step", "title", "state", "since", "incident", "playbook", "role", "action", "inputs", "text", "after", "grade", "outcome", "requested_by",
    "receipts", "began_at", "ended_at",
)  # fmt: skip
PLAN: Final = ("will_not_stop", "dependants", "warnings", "resources")


def answer(step: shapes.StepDetail) -> Answer:
    """The step for both: as it is for programs, in the order of a decision for people; what else a step at work has comes after its head."""
    plan = step["plan"] or {}
    people: dict[str, Any] = {name: step.get(name) for name in HEAD}
    people |= {name: value for name, value in step.items() if name not in shapes.StepDetail.__annotations__}
    people |= {name: plan.get(name) for name in PLAN}
    people |= _asked(step["asked"])
    people["plan_digest"] = step["plan_digest"]
    rows = changes(plan.get("before", {}), plan.get("after", {}))
    people["changes"] = [{"part": row["part"], "before": row["before"], "afterwards": row["after"]} for row in rows]
    people["planned"] = plan.get("calls", [])
    people["gate"] = [
        {"state": state, "kind": line["kind"], "target": line["target"], "item": line["item"], "reason": line["reason"]}
        for state in ("missing", "open", "held")
        for line in step["gate"][state]
    ]
    people |= {name: step.get(name) for name in ("calls", "approvals")}
    return Answer(step, people=people)


def _asked(asked: Mapping[str, Any] | None) -> dict[str, Any]:
    """Whose yes it waits for; nothing where it waits for none."""
    if asked is None:
        return {}
    return {
        "yeses_needed": asked["needed"], "why_so_many": asked["because"], "yeses": asked["yes"], "yeses_missing": asked["missing"],
        "valid_until": asked["until"], "does_not_count": asked["left_out"], "narrowable": asked["parts"], "seconds_after_yes": asked["seconds"],
        "plans_together": asked["plans"],
    }  # fmt: skip
