"""Deliveries and sources as the doors show them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone
from typing_extensions import TypedDict

from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.actor import Actor
from hikeshi.desk.alerts import aside, sources
from hikeshi.desk.alerts.models import Delivery, Source
from hikeshi.desk.incidents.sight import alerts
from hikeshi.errors import Refused


class SourceShape(TypedDict):
    """Who may hand alerts in. `trouble` is disabled, never, silent or empty; `set_aside` counts what waits for a person."""

    name: str
    kind: str
    proof: str
    reader: str
    enabled: bool
    owner: str
    last_seen_at: datetime | None
    deliveries: int
    set_aside: int
    trouble: str
    window_seconds: int
    size_limit: int
    per_minute: int
    silent_seconds: int
    rotated_at: datetime


class AsideShape(TypedDict):
    """One delivery that was not understood, in whole or in part."""

    delivery: int
    source: str
    received_at: datetime
    problem: str
    bytes: int
    payload_sha256: str
    alerts: list[str]


def source_shapes(rows: QuerySet[Source]) -> list[SourceShape]:
    """The troubled ones first."""
    counts, now = sources.aside_counts(), timezone.now()
    shaped = [source_shape(row, counts.get(row.name, 0), now) for row in rows]
    return sorted(shaped, key=lambda row: (not row["trouble"] and not row["set_aside"], row["name"]))


def source_shape(row: Source, set_aside: int, now: datetime) -> SourceShape:
    same: Any = {name: getattr(row, name) for name in SourceShape.__annotations__ if name in row.__dict__}
    shape: SourceShape = same | {
        "owner": str(row.owner or ""), "set_aside": set_aside, "trouble": sources.trouble(row, now),
    }  # fmt: skip
    return shape


def find_source(who: Actor, name: str) -> Source:
    found = sources.shown(who).filter(name=name).first()
    if found is None:
        raise Refused(f"There is no source {name}.", hint="`hikeshi source list` shows them.")
    return found


def set_aside(who: Actor, source: str = "") -> QuerySet[Delivery]:
    """What waits because it was not understood, without what belongs to incidents that the actor may not know of."""
    require(who, "triage")
    return seen_by(who, aside.waiting(source))


def seen_by(who: Actor, rows: QuerySet[Delivery]) -> QuerySet[Delivery]:
    hidden = Delivery.alerts.through.objects.exclude(alert__in=alerts(who)).values("delivery_id")
    return rows.filter(~Q(pk__in=hidden))


def find_delivery(who: Actor, number: int) -> Delivery:
    require(who, "triage")
    found = seen_by(who, Delivery.objects.filter(pk=number)).first()
    if found is None:
        raise Refused(
            f"There is no delivery {number}.", hint="`hikeshi alert deliveries --set-aside` shows those that wait."
        )
    return found


def aside_shape(row: Delivery) -> AsideShape:
    return {
        "delivery": row.pk, "source": row.source, "received_at": row.received_at, "problem": row.problem,
        "bytes": len(row.payload), "payload_sha256": row.payload_sha256,
        "alerts": [f"ALR-{pk}" for pk in row.alerts.order_by("pk").values_list("pk", flat=True)[:100]],
    }  # fmt: skip
