"""What opening a step means, by its kind."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from django.utils import timezone

from hikeshi.desk.runs.models import Step
from hikeshi.playbooks.playbook import StepSpec


def open_step(step: Step, spec: StepSpec | None) -> None:
    """Put it into the state in which somebody does it; the caller saves it."""
    step.ended_at, step.outcome = None, {}
    OPENED[step.kind](step, spec)


def _for_people(step: Step, _spec: StepSpec | None) -> None:
    step.state, step.due_at = "open", None


def _for_a_plan(step: Step, _spec: StepSpec | None) -> None:
    step.state, step.due_at = "planning", timezone.now()


def _for_a_worker(step: Step, spec: StepSpec | None) -> None:
    now, wait = timezone.now(), spec.wait if spec else None
    step.state, step.began_at = "running", now
    step.due_at = now + timedelta(seconds=wait.seconds) if wait and not wait.until else now


OPENED: Final[dict[str, Callable[[Step, StepSpec | None], None]]] = {
    "action": _for_a_plan,
    "decision": _for_people,
    "evidence": _for_people,
    "manual": _for_people,
    "notify": _for_a_worker,
    "playbook": _for_a_worker,
    "wait": _for_a_worker,
}
