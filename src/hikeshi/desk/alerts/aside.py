"""Deliveries that were not understood: kept, counted, and waiting for a person who has them read again or dismisses them."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.actor import Actor
from hikeshi.desk.alerts.models import Delivery, Source
from hikeshi.desk.alerts.receiving import NAMED, Parcel, alerts_of, fit, one_at_a_time, understood
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.ledger.models import ORGANISATION
from hikeshi.errors import Conflict, Refused


def waiting(source: str = "") -> QuerySet[Delivery]:
    """What waits, the newest first; of one source where it is named."""
    rows = Delivery.objects.filter(~Q(problem=""), dismissed_at=None)
    return rows.filter(source=source) if source else rows


@transaction.atomic
def reread(row: Delivery, *, actor: Actor) -> tuple[int, ...]:
    """Read a payload again, after the reader or a mapping was mended. Returns the numbers of the alerts in it, known ones included.

    It leaves the list when nothing of it is left to understand, and stays with the new reason otherwise. Safe to repeat.
    """
    require(actor, "triage")
    one_at_a_time()
    row = _locked(row)
    reader = Source.objects.filter(name=row.source).values_list("reader", flat=True).first() or ""
    parcel = Parcel(bytes(row.payload), row.source, row.message_id, bool(settings.ENVIRONMENT.aws_endpoint_url), reader)
    reading = understood(parcel)
    (found,) = alerts_of([(parcel, reading.signals)], timezone.now())
    row.alerts.add(*found.alerts)
    row.problem = fit(reading.problem, 2000)
    row.save(update_fields=["problem"])
    data = {"problem": row.problem, "alerts": [f"ALR-{pk}" for pk in found.alerts[:NAMED]], "count": len(found.alerts)}
    data["left"] = found.left
    ledger.append(ORGANISATION, actor=actor, verb="alert.reread", obj=str(row), data=data)
    return found.alerts


@transaction.atomic
def dismiss(row: Delivery, *, actor: Actor, reason: str) -> None:
    """Take a delivery off the list, with the reason. Its payload stays."""
    require(actor, "triage")
    if not reason.strip():
        raise Refused("Dismissing a delivery needs a reason.", hint="Say in one sentence what it was.")
    row = _locked(row)
    row.dismissed_at, row.dismissed_by, row.dismiss_reason = timezone.now(), actor.name, reason.strip()
    row.full_clean(validate_unique=False, validate_constraints=False)
    row.save(update_fields=["dismissed_at", "dismissed_by", "dismiss_reason"])
    ledger.append(ORGANISATION, actor=actor, verb="alert.dismiss", obj=str(row), data={"reason": row.dismiss_reason})


def _locked(row: Delivery) -> Delivery:
    row = Delivery.objects.select_for_update().get(pk=row.pk)
    if row.dismissed_at is not None or not row.problem:
        done = f"dismissed by {row.dismissed_by}: {row.dismiss_reason}" if row.dismissed_at else "understood already"
        raise Conflict(f"{row} does not wait any more.", current=done, hint=f"It was {done}.")
    return row
