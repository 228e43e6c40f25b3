"""Similar incidents as plain data, the same for every door."""

from __future__ import annotations

from datetime import datetime

from typing_extensions import TypedDict

from hikeshi.desk.accounts.permissions import allowed
from hikeshi.desk.actor import Actor
from hikeshi.desk.alerts.models import Group
from hikeshi.desk.incidents import similar
from hikeshi.desk.incidents.similar import Likeness
from hikeshi.doors import find
from hikeshi.doors.shapes import Both


class LikenessShape(TypedDict):
    """An incident of the past, how much it has in common (`points`), and what."""

    name: str
    title: str
    severity: int
    status: str
    declared_at: datetime
    points: float
    reasons: list[Both]


def shape(one: Likeness) -> LikenessShape:
    row = one.incident
    return {
        "name": row.name, "title": row.title, "severity": row.severity, "status": row.status, "declared_at": row.declared_at,
        "points": one.points, "reasons": [{"en": said.en, "ja": said.ja} for said in one.reasons],
    }  # fmt: skip


def to_alert(actor: Actor, name: str, *, exercises: bool = False, limit: int = 5) -> list[LikenessShape]:
    """To a group (GRP-7), or to the group of an alert (ALR-7)."""
    group = find.alert(actor, name).group if name.upper().startswith("ALR-") else find.group(actor, name)
    return [shape(one) for one in to_group(group, actor, exercises=exercises, limit=limit)]


def to_group(group: Group, actor: Actor, *, exercises: bool = False, limit: int = 5) -> list[Likeness]:
    if not allowed(actor, "triage"):
        return []
    return similar.similar(similar.of_group(group), actor=actor, exercises=exercises, limit=limit)


def to_incident(actor: Actor, name: str, *, exercises: bool = False, limit: int = 5) -> list[LikenessShape]:
    subject = similar.of_incident(find.incident(actor, name))
    return [shape(one) for one in similar.similar(subject, actor=actor, exercises=exercises, limit=limit)]
