"""The time limit of a step: its clock runs from when the step opens to when it ends, and counts from the start of the playbook."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime

from hikeshi.desk.actor import Actor
from hikeshi.desk.duties import verbs as duties
from hikeshi.desk.runs.models import Run, Step
from hikeshi.text import Text


def _suffix(step: Step) -> str:
    return f".{step.run_id}:{step.key}"


def open_clocks(run: Run, steps: Iterable[Step], *, actor: Actor) -> None:
    """Start the clocks of these steps, as far as the playbook gives them a limit (`due_within`)."""
    limits = {spec["key"]: spec.get("due_within") for spec in json.loads(run.text).get("steps", [])}
    for step in steps:
        if seconds := limits.get(step.key):
            duties.start(
                run.incident.name, "step.due", actor=actor, started_at=run.started_at, seconds=seconds,
                suffix=_suffix(step),
                title=Text(f"Step {step.key}: {step.title['en']}", f"ステップ {step.key}: {step.title['ja']}"),
            )  # fmt: skip


def stop_clock(step: Step, *, actor: Actor, at: datetime, skipped: bool = False) -> None:
    """The step has ended, or was left out, which is not the same as being on time."""
    for clock in duties.running(step.run.incident.name, f"step.due{_suffix(step)}"):
        if clock.rule == f"step.due{_suffix(step)}":  # 2.1 begins like 2.10
            duties.stop(clock, actor=actor, at=at, replaced=skipped)
