"""The time limit of a step: its clock runs from when the step opens to when it ends, and counts from the start of the playbook."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.utils import timezone

from hikeshi.desk.actor import Actor
from hikeshi.desk.duties import verbs as duties
from hikeshi.desk.runs.models import Run, Step
from hikeshi.desk.runs.pinned import spec_of
from hikeshi.playbooks.playbook import DueFrom
from hikeshi.text import Text


def _suffix(step: Step) -> str:
    return f".{step.run_id}:{step.key}"


def open_clocks(run: Run, steps: Iterable[Step], *, actor: Actor) -> None:
    """Start the clocks of these steps, as far as the playbook gives them a limit (`due_within`). The targets of one share its clock."""
    for step in steps:
        spec = spec_of(step)
        if spec and (seconds := spec.due_within):
            start_clock(step, _start(run, spec.due_from), seconds, actor=actor)


def start_clock(step: Step, at: datetime, seconds: int, *, actor: Actor) -> None:
    """Limit one step to `seconds` from `at`."""
    duties.start(
        step.run.incident.name, "step.due", actor=actor, started_at=at, seconds=seconds, suffix=_suffix(step),
        title=Text(f"Step {step.key}: {step.title['en']}", f"ステップ {step.key}: {step.title['ja']}"),
    )  # fmt: skip


def _start(run: Run, due_from: DueFrom) -> datetime:
    incident = run.incident
    return {
        "declared": incident.declared_at, "detected": incident.detected_at, "open": timezone.now(), "run": run.started_at,
    }[due_from]  # fmt: skip


def stop_clock(step: Step, *, actor: Actor, at: datetime, skipped: bool = False) -> None:
    """The step has ended, or was left out, which is not the same as being on time."""
    spec = spec_of(step)
    if step.part_of_id is not None or (spec is not None and spec.due_within is None):
        return
    for clock in duties.running(step.run.incident.name, f"step.due{_suffix(step)}"):
        if clock.rule == f"step.due{_suffix(step)}":  # 2.1 begins like 2.10
            duties.stop(clock, actor=actor, at=at, replaced=skipped)
