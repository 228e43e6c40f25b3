"""Playbooks at work as plain data, the same for the API and the command line: what a run knows, and whom each of its steps waits for."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from typing_extensions import TypedDict  # pydantic asks for this one below Python 3.12

from hikeshi.desk.runs import handing_in, telling
from hikeshi.desk.runs.kinds import facts_now
from hikeshi.desk.runs.models import Run, Step
from hikeshi.desk.runs.pinned import playbook_of, spec_of
from hikeshi.desk.runs.waiting import Waiting, whom
from hikeshi.doors import shapes
from hikeshi.doors.shapes import Both
from hikeshi.playbooks.messages import rendered
from hikeshi.playbooks.playbook import Message


class WaitingShape(TypedDict):
    """One step that is not over. `waits_for`: approver, fact, parts, paused, person, playbook, role, steps, targets, time or worker;
    `names` says which ones. `stuck` says why workers do not get on with it, else null.
    """

    step: str
    title: Both
    state: str
    since: datetime
    waits_for: str
    names: list[str]
    why: Both | None
    due: datetime | None
    overdue: bool
    stuck: Both | None


class KnownShape(TypedDict):
    """A fact of a run. `value` is null while nobody has told it; `given`: the alert or the incident says it, and people cannot tell it."""

    name: str
    label: Both
    type: str
    value: Any
    wanted_by: list[str]
    given: bool


class RunDetail(shapes.RunShape):
    """The run with its facts, whom it waits for, and what has to be true before it is over. `over` of `steps` steps are over."""

    over: int
    steps: int
    facts: list[KnownShape]
    waiting: list[WaitingShape]
    end: list[Both]


class ChoiceShape(TypedDict):
    """One option of a decision: `value` is what is handed in."""

    value: str
    label: Both


class MessageShape(TypedDict):
    """A text with the facts put in. `to` names roles, or says in words who it is for."""

    to: list[str]
    subject: Both
    body: Both


class StepAtWork(shapes.StepDetail):
    """The step with what whoever does it needs: `asks` are facts to be told with it, `collects` kinds of evidence to be handed in."""

    waiting: WaitingShape | None
    options: list[ChoiceShape]
    asks: list[str]
    collects: list[str]
    message: MessageShape | None
    draft: MessageShape | None
    targets: list[str]


def waiting(one: Waiting) -> WaitingShape:
    return {
        "step": f"{one.step.run_id}:{one.step.key}", "title": one.step.title, "state": one.step.state, "since": one.since,
        "waits_for": one.waits_for, "names": list(one.names), "why": _both(one.why), "due": one.due, "overdue": one.overdue,
        "stuck": _both(one.stuck),
    }  # fmt: skip


def detail(row: Run) -> RunDetail:
    book, states = playbook_of(row), [step.ended for step in row.steps.filter(part_of=None)]
    return {
        **shapes.run(row), "over": sum(states), "steps": len(states),
        "facts": [_known(one) for one in telling.facts_of_run(row)],
        "waiting": [waiting(one) for one in whom(row)],
        "end": [msgspec.to_builtins(text) for text in (book.end if book else ())],
    }  # fmt: skip


def _known(one: telling.Known) -> KnownShape:
    label: Both = msgspec.to_builtins(one.label)
    return {
        "name": one.name, "label": label, "type": one.type, "value": one.value, "wanted_by": list(one.wanted_by), "given": one.given,
    }  # fmt: skip


def step(row: Step) -> StepAtWork:
    spec = spec_of(row)
    return {
        **shapes.step_detail(row),
        "waiting": next((waiting(one) for one in whom(row.run) if one.step.pk == row.pk), None),
        "options": [{"value": one.value, "label": msgspec.to_builtins(one.label)} for one in (spec.options if spec else ())],
        "asks": list(spec.asks) if spec else [],
        "collects": [kind for kind, _ in handing_in.wanted(row)] if row.kind == "evidence" else [],
        "message": _message(row, spec.message if spec else None), "draft": _message(row, spec.draft if spec else None),
        "targets": [f"{part.run_id}:{part.key}" for part in row.parts.all()],
    }  # fmt: skip


def _message(row: Step, message: Message | None) -> MessageShape | None:
    if message is None:
        return None
    facts = facts_now(row.run)
    subject, body = (msgspec.to_builtins(rendered(text, facts)) for text in (message.subject, message.body))
    return {"to": list(message.to), "subject": subject, "body": body}


def _both(text: Any) -> Both | None:
    found: Both | None = None if text is None else msgspec.to_builtins(text)
    return found
