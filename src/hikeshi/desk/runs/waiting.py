"""Who a run waits for: of each step that is not over, since when, for whom, until when, and whether it is stuck."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, NamedTuple

from django.utils import timezone

from hikeshi.desk.duties.models import Clock
from hikeshi.desk.runs.models import Run, Step
from hikeshi.desk.runs.stuck import stuck
from hikeshi.desk.runs.targets import too_many
from hikeshi.playbooks.states import CLEAR
from hikeshi.text import Text

For = Literal["approver", "fact", "parts", "paused", "person", "playbook", "role", "steps", "targets", "time", "worker"]
"""What a step waits for. `time`: it is a wait; `parts` and `playbook`: it goes on by itself in other rows; `targets`: somebody who
commands has to say that so many are meant.
"""
WORKED = frozenset({"planning", "approved", "running", "pending", "undoing"})


class Waiting(NamedTuple):
    """One step that is not over. `names`: the person, the role, the worker, or the keys of the steps that it waits for."""

    step: Step
    since: datetime
    waits_for: For
    names: tuple[str, ...]
    why: Text | None
    due: datetime | None
    overdue: bool
    stuck: Text | None


def whom(run: Run) -> list[Waiting]:
    """Every step of the run that is not over, in the order of the playbook. Three questions to the database, whatever their number."""
    now, steps = timezone.now(), list(run.steps.select_related("run__incident"))
    states = {step.key: step.state for step in steps}
    wholes = {step.part_of_id for step in steps}
    due = _due(run)
    return [_waiting(step, states, wholes, due, now) for step in steps if not step.ended]


def _due(run: Run) -> dict[str, datetime]:
    """By key of the step, when its running clock is over."""
    prefix = f"step.due.{run.pk}:"
    rows = Clock.objects.filter(chain__name=run.incident.name, rule__startswith=prefix, stopped_at=None)
    return {rule.removeprefix(prefix): deadline for rule, deadline in rows.values_list("rule", "deadline")}


def _waiting(
    step: Step, states: Mapping[str, str], wholes: set[int | None], due: Mapping[str, datetime], now: datetime
) -> Waiting:  # fmt: skip
    waits_for, names = _for(step, states, wholes)
    until = due.get(step.key) or due.get(step.key.partition("/")[0])
    said = step.outcome if step.outcome.get("en") else None
    return Waiting(
        step, step.since, waits_for, names, Text(said["en"], said["ja"]) if said else None, until,
        until is not None and until < now, None if waits_for in {"paused", "parts", "playbook"} else stuck(step, now),
    )  # fmt: skip


def _for(step: Step, states: Mapping[str, str], wholes: set[int | None]) -> tuple[For, tuple[str, ...]]:
    if step.state == "waiting":
        return "steps", tuple(key for key in step.after if states.get(key) not in CLEAR)
    if step.state == "lacking":
        return ("targets", ("incident_commander",)) if too_many(step) else ("fact", ())
    if step.state in {"asked", "undo_asked"}:
        return "approver", ("incident_commander",)
    if step.state in WORKED:
        return _worked(step, wholes)
    return ("person", (step.owner,)) if step.owner else ("role", (step.role,))


def _worked(step: Step, wholes: set[int | None]) -> tuple[For, tuple[str, ...]]:
    if step.pk in wholes:
        return "parts", ()
    if step.run.state == "paused" and step.state != "undoing":
        return "paused", (step.run.paused_by,)
    if step.kind == "playbook" and step.due_at is None:
        return "playbook", ()
    return ("time", ()) if step.kind == "wait" else ("worker", (step.lease_owner,) if step.lease_owner else ())
