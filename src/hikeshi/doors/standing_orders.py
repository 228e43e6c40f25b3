"""Standing orders as plain data, the same for the API and for `--json`."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

from django.utils import timezone
from typing_extensions import TypedDict  # pydantic asks for this one below Python 3.12

from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.actor import Actor
from hikeshi.desk.runs.models import StandingOrder
from hikeshi.desk.runs.ordering import CONDITIONS
from hikeshi.desk.runs.orders import people_needed
from hikeshi.desk.runs.trying import Trial, Tried
from hikeshi.doors.find import NotThere


class OrderShape(TypedDict):
    """A response approved in advance. `needed` people have to stand behind this `version`; lists that are empty mean any.

    `state`: in-force, waiting (for people), off, stopped (by itself, `stopped_why`) or expired. Hours are local, caps are per hour.
    """

    order: int
    name: str
    state: str
    version: int
    needed: int
    approvals: list[dict[str, str]]
    finding_types: list[str]
    min_score: float
    accounts: list[str]
    regions: list[str]
    environments: list[str]
    kinds: list[str]
    roles: list[str]
    criticalities: list[int]
    hours_from: time | None
    hours_until: time | None
    playbook: str
    severity: int
    max_per_hour: int
    max_per_account: int
    max_resources: int
    max_resources_per_hour: int
    max_failed_percent: int
    reapply: bool
    enabled: bool
    approved_by: str
    approved_at: datetime
    expires_at: datetime | None
    stopped_why: dict[str, str]


class TriedShape(TypedDict):
    """Whether the order would have answered an alert of the past, and why. `before`: whether the version that stands would have."""

    alert: str
    title: str
    received_at: datetime
    answered: bool
    before: bool
    why: dict[str, str]


class TrialShape(TypedDict):
    """What the order would have done in so many days. `other_types`: alerts whose type it does not name; `not_asked`: those beyond the limit."""

    days: int
    answered_count: int
    before_count: int
    other_types: int
    not_asked: int
    alerts: list[TriedShape]


def state(row: StandingOrder) -> str:
    """In one word."""
    if row.expires_at is not None and row.expires_at <= timezone.now():
        return "expired"
    if row.tripped_at is not None:
        return "stopped"
    if not row.enabled:
        return "off"
    return "in-force" if row.yeses >= people_needed(row) else "waiting"


def order(row: StandingOrder) -> OrderShape:
    said: Any = {name: getattr(row, name) for name in CONDITIONS}
    shape: Any = said | {
        "order": row.pk, "name": row.name, "state": state(row), "version": row.version, "needed": people_needed(row),
        "approvals": row.approvals, "enabled": row.enabled, "approved_by": row.approved_by,
        "approved_at": row.approved_at, "stopped_why": row.tripped_why,
    }  # fmt: skip
    made: OrderShape = shape
    return made


def trial(found: Trial) -> TrialShape:
    return {
        "days": found.days, "answered_count": found.answered, "before_count": found.before,
        "other_types": found.others, "not_asked": found.older, "alerts": [_tried(row) for row in found.rows],
    }  # fmt: skip


def _tried(row: Tried) -> TriedShape:
    return {
        "alert": str(row.alert), "title": row.alert.title, "received_at": row.alert.received_at,
        "answered": row.answered, "before": row.before, "why": {"en": row.why.en, "ja": row.why.ja},
    }  # fmt: skip


def find_order(actor: Actor, reference: str) -> StandingOrder:
    """By its name or its number."""
    require(actor, "triage")
    rows = StandingOrder.objects.filter(name=reference)
    if not rows and reference.isascii() and reference.isdigit() and len(reference) < 19:
        rows = StandingOrder.objects.filter(pk=int(reference))
    found = rows.first()
    if found is None:
        raise NotThere(f"There is no standing order {reference[:80]!r}.", hint="`hikeshi order list` lists them.")
    return found
