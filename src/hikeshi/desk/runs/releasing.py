"""What opens next in a run. The engine says it (`playbooks/flow.py`), here it is written down, inside the verb that made it possible."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Final

import msgspec
from django.utils import timezone

from hikeshi.desk.actor import Actor
from hikeshi.desk.incidents import verbs as incidents
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.runs import due
from hikeshi.desk.runs.models import Run, Step
from hikeshi.desk.runs.pinned import playbook_of
from hikeshi.desk.runs.rows import write
from hikeshi.playbooks import flow
from hikeshi.playbooks.facts import bind
from hikeshi.playbooks.flow import Move
from hikeshi.playbooks.playbook import Playbook, StepSpec


def release(run: Run, *, actor: Actor) -> None:
    """Open every step that has nothing to wait for any more, and leave out what is not needed. Called inside the verb that ended one."""
    book = playbook_of(run)
    if book is None or run.state == "paused":
        return
    rows = {step.key: step for step in run.steps.filter(part_of=None)}
    states = {key: row.state for key, row in rows.items()}
    choices = {key: row.choice for key, row in rows.items() if row.choice}
    opened: list[Step] = []
    for move in flow.moves(book, states, choices, run.facts):
        opened += _carry(rows[move.key], book.step(move.key), move, book, actor)
    if opened:
        due.open_clocks(run, opened, actor=actor)
    _end_if_over(run, rows.values(), actor)


def _carry(step: Step, spec: StepSpec, move: Move, book: Playbook, actor: Actor) -> Iterable[Step]:
    """Write one move down, and give back what is now to be done."""
    if move.to != "open":
        step.state, step.outcome = move.to, msgspec.to_builtins(move.why) if move.why else {}
        step.ended_at = timezone.now() if move.to == "not_needed" else None
        step.save()
        write(step, actor, f"step.{move.to}", {"en": step.outcome.get("en", ""), "ja": step.outcome.get("ja", "")})
        return []
    if spec.action:
        incidents.enter_phase(step.run.incident, step.phase, actor=actor)
    if spec.for_each:
        return [step, *_unfold(step, spec, move, book)]
    step.inputs, step.outcome = dict(move.inputs), {}
    _open(step, spec)
    return [step]


def _open(step: Step, spec: StepSpec) -> None:
    OPENED[spec.kind](step, spec)
    step.save()


def _unfold(step: Step, spec: StepSpec, move: Move, book: Playbook) -> list[Step]:
    """A row for each target. The step itself runs as long as one of them does."""
    parts = []
    for number, item in enumerate(move.items, 1):
        part = Step(
            run=step.run, part_of=step, item=item, key=f"{step.key}/{number}", place=step.place, phase=step.phase, kind=step.kind,
            title=step.title, text=step.text, role=step.role, action=step.action, requested_by=step.requested_by,
            inputs=bind(book, spec, step.run.facts, item),
        )  # fmt: skip
        _open(part, spec)
        parts.append(part)
    step.state, step.due_at = "running", None
    step.save()
    return parts


def _for_people(step: Step, _spec: StepSpec) -> None:
    step.state, step.due_at = "open", None


def _for_a_plan(step: Step, _spec: StepSpec) -> None:
    step.state, step.due_at = "planning", timezone.now()


def _for_a_worker(step: Step, spec: StepSpec) -> None:
    now = timezone.now()
    step.state, step.began_at = "running", now
    step.due_at = now + timedelta(seconds=spec.wait.seconds) if spec.wait and not spec.wait.until else now


OPENED: Final[dict[str, Callable[[Step, StepSpec], None]]] = {
    "action": _for_a_plan,
    "decision": _for_people,
    "evidence": _for_people,
    "manual": _for_people,
    "notify": _for_a_worker,
    "playbook": _for_a_worker,
    "wait": _for_a_worker,
}
"""What opening a step means, by its kind."""


def _end_if_over(run: Run, steps: Iterable[Step], actor: Actor) -> None:
    if run.state == "running" and all(step.ended for step in steps):
        run.state, run.ended_at = "ended", timezone.now()
        run.save(update_fields=["state", "ended_at"])
        ledger.append(run.incident.name, actor=actor, verb="run.end", obj=run.playbook, data={"version": run.version})
