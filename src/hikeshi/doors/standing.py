"""Where an incident stands, as plain data for the API and `--json`: assets, decisions, tasks, sections, gates. Times are UTC."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

import msgspec
from django.db.models import Model, QuerySet
from django.utils import timezone
from typing_extensions import TypedDict  # pydantic asks for this one below Python 3.12

from hikeshi.desk.incidents import tasks
from hikeshi.desk.incidents.models import AffectedAsset, Decision, Incident, Section, Task
from hikeshi.desk.reports import standing
from hikeshi.desk.reviews import closing
from hikeshi.doors import shapes
from hikeshi.doors.find import NotThere
from hikeshi.doors.shapes import Both

Row = TypeVar("Row", bound=Model)


class AffectedShape(TypedDict):
    """An asset in the incident. `compromise` says what was found, `clearance` whether it may be used; `note` is why."""

    asset: int
    incident: str
    identifier: str
    in_register: bool
    compromise: str
    clearance: str
    note: str
    changed_by: str
    changed_at: datetime
    version: int


class DecisionShape(TypedDict):
    """A decision; while `decided_at` is empty it is open. `objections` are {by, text}."""

    decision: int
    incident: str
    question: str
    options: list[str]
    chosen: str
    reason: str
    objections: list[dict[str, str]]
    decide_by: datetime | None
    asked_by: str
    asked_at: datetime
    decided_by: str
    decided_at: datetime | None
    later_verdict: str
    version: int


class TaskShape(TypedDict):
    """A task. `owner` is a username, empty for nobody's."""

    task: int
    incident: str
    title: str
    owner: str
    state: str
    due: datetime | None
    overdue: bool
    outcome: str
    made_by: str
    made_at: datetime
    ended_at: datetime | None
    version: int


class SectionShape(TypedDict):
    """One written section of the state document. `version` 0: nobody has written it yet."""

    section: str
    text: str
    written_by: str
    written_at: datetime | None
    version: int


class GateShape(TypedDict):
    """A gate before closing; nothing `open`: passed."""

    gate: str
    title: Both
    open: list[Both]


class UpdateShape(TypedDict):
    """An update that was put on record."""

    number: int
    at: str
    by: str
    audience: str
    text: str


class StateShape(TypedDict):
    """The state document. `markdown` is all of it as text, in both languages."""

    incident: str
    as_of: datetime
    severity: int
    severity_since: datetime
    severity_reason: str
    summary: str
    sections: list[SectionShape]
    impact: list[dict[str, str]]
    decisions: list[DecisionShape]
    actions: list[shapes.EntryShape]
    assets: list[AffectedShape]
    counts: dict[str, int]
    tasks: list[TaskShape]
    clocks: list[shapes.ClockShape]
    gates: list[GateShape]
    markdown: Both


def affected(row: AffectedAsset) -> AffectedShape:
    return {
        "asset": row.pk, "incident": row.incident.name, "identifier": row.identifier,
        "in_register": row.asset_id is not None, "compromise": row.compromise, "clearance": row.clearance,
        "note": row.note, "changed_by": row.changed_by, "changed_at": row.changed_at, "version": row.version,
    }  # fmt: skip


def decision(row: Decision) -> DecisionShape:
    return {
        "decision": row.pk, "incident": row.incident.name, "question": row.question, "options": row.options,
        "chosen": row.chosen, "reason": row.reason, "objections": row.objections, "decide_by": row.decide_by,
        "asked_by": row.asked_by, "asked_at": row.asked_at, "decided_by": row.decided_by, "decided_at": row.decided_at,
        "later_verdict": row.later_verdict, "version": row.version,
    }  # fmt: skip


def task(row: Task) -> TaskShape:
    return {
        "task": row.pk, "incident": row.incident.name, "title": row.title,
        "owner": row.owner.username if row.owner else "", "state": row.state, "due": row.due,
        "overdue": tasks.over(row, timezone.now()), "outcome": row.outcome, "made_by": row.made_by,
        "made_at": row.made_at, "ended_at": row.ended_at, "version": row.version,
    }  # fmt: skip


def section(row: Section) -> SectionShape:
    return {
        "section": row.key, "text": row.text, "written_by": row.written_by, "written_at": row.written_at,
        "version": row.version,
    }  # fmt: skip


def _both(text: Any) -> Both:
    return {"en": text.en, "ja": text.ja}


def gates(incident: Incident) -> list[GateShape]:
    return [
        {"gate": one.key, "title": _both(one.title), "open": [_both(text) for text in one.open]}
        for one in closing.gates(incident)
    ]


def state(incident: Incident) -> StateShape:
    found = standing.document(incident)
    return {
        "incident": incident.name, "as_of": found["as_of"], "severity": incident.severity,
        "severity_since": found["severity_since"], "severity_reason": incident.severity_reason,
        "summary": incident.summary, "sections": [section(row) for row in found["sections"].values()],
        "impact": [msgspec.to_builtins(one) for one in found["impact"]],
        "decisions": [decision(row) for row in found["decisions"]],
        "actions": [shapes.entry(row) for row in found["actions"]],
        "assets": [affected(row) for row in found["assets"]], "counts": found["counts"],
        "tasks": [task(row) for row in found["tasks"]], "clocks": [shapes.clock(row) for row in found["clocks"]],
        "gates": gates(incident),
        "markdown": {"en": standing.markdown(incident, "en"), "ja": standing.markdown(incident, "ja")},
    }  # fmt: skip


def find_asset(incident: Incident, identifier: str) -> AffectedAsset:
    """By what it is called, or by its number."""
    rows = incident.assets.filter(identifier=identifier.replace("\x00", "\ufffd"))
    return _one(rows.first() or _by_number(incident.assets.all(), identifier), "affected asset", identifier)


def find_asset_by_number(incident: Incident, number: str) -> AffectedAsset:
    """A page sends numbers only: an asset may be called like another's number."""
    return _one(_by_number(incident.assets.all(), number), "affected asset", number)


def find_decision(incident: Incident, number: str | int) -> Decision:
    return _one(_by_number(incident.decisions.all(), number), "decision", number)


def find_task(incident: Incident, number: str | int) -> Task:
    return _one(_by_number(incident.tasks.all(), number), "task", number)


def _by_number(rows: QuerySet[Row], number: str | int) -> Row | None:
    text = str(number)
    return rows.filter(pk=int(text)).first() if text.isascii() and text.isdigit() and len(text) < 19 else None


def _one(found: Row | None, what: str, name: object) -> Row:
    if found is None:
        raise NotThere(f"There is no {what} {str(name)[:80]!r} here.", hint="`hikeshi incident state` lists them.")
    return found
