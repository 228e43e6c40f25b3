"""`board`: what is burning, which clock runs out next, what waits for a decision."""

from __future__ import annotations

from typing import Any

from hikeshi.desk.accounts.permissions import allowed
from hikeshi.desk.alerts import groups
from hikeshi.desk.duties.models import Clock
from hikeshi.desk.evidence import schedule
from hikeshi.desk.incidents import sight, verbs
from hikeshi.desk.runs.models import Step
from hikeshi.doors import group_shapes, shapes
from hikeshi.doors.cli import session
from hikeshi.doors.cli.who import actor

MOST = 20
SHOWN = {
    "incidents": ("name", "severity", "status", "title", "detected_at", "simulated"),
    "clocks": ("incident", "title", "state", "deadline"),
    "approvals": ("incident", "step", "action", "title", "asked_at"),
    "evidence": ("incident", "name", "title", "check_result", "checked_at"),
    "groups": ("name", "answer_by", "suggested_severity", "alerts", "title"),
}


def board() -> dict[str, Any]:
    """Open incidents, next deadlines, plans waiting for approval, evidence that is not as sealed, groups of alerts waiting for a verdict."""
    who = actor()
    mine = verbs.visible(who).exclude(status="closed")
    names, open_ones = mine.values("name"), list(mine)  # deadlines of merged ones too, where any is left
    clocks = Clock.objects.filter(chain__name__in=names, stopped_at__isnull=True).select_related("chain")
    asked = Step.objects.filter(run__incident__in=open_ones, state="asked").select_related("run__incident")
    waiting = groups.listed("waiting", who, sight.groups(who))[:MOST] if allowed(who, "triage") else []
    whole: dict[str, list[Any]] = {
        "incidents": [shapes.incident(row) for row in open_ones if row.status != "merged"],
        "clocks": [shapes.clock(row) for row in clocks[:MOST]],
        "approvals": [shapes.step(row) for row in asked.order_by("asked_at")[:MOST]],
        "evidence": [shapes.item(row) for row in schedule.doubtful(who)[:MOST]],
        "groups": [group_shapes.group(row) for row in waiting],
    }
    if session.options.json:
        return whole
    return {name: [{key: row[key] for key in SHOWN[name]} for row in rows] for name, rows in whole.items()}
