"""Groups of alerts, suppressions and questions as the API and the command line write them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from typing_extensions import TypedDict

from hikeshi.desk.alerts import groups
from hikeshi.desk.alerts.folding import Related
from hikeshi.desk.alerts.models import Group, Question, Suppression
from hikeshi.desk.alerts.whys import WHYS
from hikeshi.doors.shapes import Both


class GroupShape(TypedDict):
    """Alerts of one cause. `alerts` is how many it has; `version` goes back with a decision, so that nobody is overruled unseen.
    `reopened` says what had been decided ({verdict, by, said, at, new}) where something worse has brought it back.
    """

    name: str
    state: str
    title: str
    source: str
    kind: str
    account: str
    score: float
    simulated: bool
    alerts: int
    times_seen: int
    first_at: datetime
    last_at: datetime
    suggested_severity: int | None
    reasons: list[Both]
    answer_by: datetime
    assigned_to: str
    verdict: str
    why: str
    verdict_reason: str
    judged_by: str
    judged_at: datetime | None
    snoozed_until: datetime | None
    snoozed_by: str
    snooze_reason: str
    suppression: str
    merged_into: str
    reopened: dict[str, str]
    version: int


class ObservableShape(TypedDict):
    """Something the alerts name."""

    kind: str
    value: str


class QuestionShape(TypedDict):
    """`answered_at` empty: nobody has answered yet."""

    question: int
    group: str
    to: str
    text: str
    asked_by: str
    asked_at: datetime
    answer: str
    answered_by: str
    answered_at: datetime | None


class GroupDetail(GroupShape):
    """A group with what it names, what was merged into it and what was asked."""

    observables: list[ObservableShape]
    merged: list[str]
    questions: list[QuestionShape]


class RelatedShape(TypedDict):
    """Another group, and what both name."""

    group: str
    state: str
    title: str
    verdict: str
    shared: list[str]


class SuppressionShape(TypedDict):
    """`hits` are the alerts it has hidden. Over when `ended_at` is set or `expires_at` has passed."""

    name: str
    active: bool
    match: dict[str, str]
    reason: str
    owner: str
    made_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    ended_by: str
    hides_sev1: bool
    hits: int
    last_hit_at: datetime | None


class WhyShape(TypedDict):
    """A reason that a verdict may have."""

    why: str
    verdicts: list[str]
    title: Both


SAME = (
    "state", "title", "source", "kind", "account", "score", "simulated", "times_seen", "first_at", "last_at", "suggested_severity",
    "reasons", "answer_by", "verdict", "why", "verdict_reason", "judged_by", "judged_at", "snoozed_until", "snoozed_by",
    "snooze_reason", "reopened", "version",
)  # fmt: skip


def group(row: Group) -> GroupShape:
    shape: Any = {"name": str(row), **{name: getattr(row, name) for name in SAME}}
    shape["alerts"] = row.size
    shape["assigned_to"] = row.assigned_to.username if row.assigned_to else ""
    shape["suppression"] = f"SUP-{row.suppression_id}" if row.suppression_id else ""
    shape["merged_into"] = f"GRP-{row.merged_into_id}" if row.merged_into_id else ""
    made: GroupShape = shape
    return made


MOST_NAMED = 200
"""Observables of a group that are written out."""


def detail(row: Group) -> GroupDetail:
    inside = [pk for pk in groups.tree([row.pk]) if pk != row.pk]
    return {
        **group(row),
        "observables": [{"kind": one.kind, "value": one.value} for one in row.observables.all()[:MOST_NAMED]],
        "merged": [f"GRP-{pk}" for pk in inside],
        "questions": [question(one) for one in row.questions.all()],
    }


def question(row: Question) -> QuestionShape:
    return {
        "question": row.pk, "group": f"GRP-{row.group_id}", "to": row.to, "text": row.text, "asked_by": row.asked_by,
        "asked_at": row.asked_at, "answer": row.answer, "answered_by": row.answered_by, "answered_at": row.answered_at,
    }  # fmt: skip


def related(found: Iterable[Related]) -> list[RelatedShape]:
    return [
        {
            "group": str(one.group), "state": one.group.state, "title": one.group.title, "verdict": one.group.verdict,
            "shared": [str(observable) for observable in one.shared],
        }
        for one in found
    ]  # fmt: skip


def suppression(row: Suppression, now: datetime) -> SuppressionShape:
    """`row` comes from `suppressing.counted`."""
    counts: Any = row
    return {
        "name": str(row), "active": row.ended_at is None and row.expires_at > now, "match": row.match, "reason": row.reason,
        "owner": row.owner.username, "made_at": row.made_at, "expires_at": row.expires_at, "ended_at": row.ended_at,
        "ended_by": row.ended_by, "hides_sev1": row.hides_sev1, "hits": counts.hits, "last_hit_at": counts.last_hit_at,
    }  # fmt: skip


def whys() -> list[WhyShape]:
    return [
        {"why": key, "verdicts": list(one.verdicts), "title": {"en": one.said.en, "ja": one.said.ja}}
        for key, one in WHYS.items()
    ]
