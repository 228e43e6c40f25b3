"""When evidence is read again by itself: HIKESHI_VERIFY_DAYS after it was sealed or last checked."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from hikeshi.desk.actor import Actor
from hikeshi.desk.evidence.models import Item
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.incidents.verbs import require_on, visible
from hikeshi.desk.ledger import verbs as ledger

AGAIN: Final = timedelta(days=1)
"""After a check that could not be made: what was in the way may be gone, and the record should not fill with the same line."""


def next_check(result: str = "match") -> datetime | None:
    """When the item is due after this result; None where checks by themselves are switched off."""
    days = timedelta(days=settings.ENVIRONMENT.verify_days)
    if not days:
        return None
    return timezone.now() + (min(days, AGAIN) if result == "could-not-check" else days)


def doubtful(actor: Actor) -> QuerySet[Item]:
    """What is not as it was sealed, or could not be checked, on any incident this actor may read; the worse first."""
    rows = Item.objects.filter(incident__in=visible(actor), check_result__in=("mismatch", "could-not-check"))
    return rows.filter(disposed_at=None).select_related("incident").order_by("-check_result", "checked_at")


@transaction.atomic
def ask(incident: Incident, *, actor: Actor) -> int:
    """Have everything held for the incident read again as soon as a worker has nothing else to do. Returns how many items."""
    require_on(actor, "read", incident)
    count = Item.objects.filter(incident=incident, disposed_at=None).update(due_at=timezone.now())
    if count:
        ledger.append(incident.name, actor=actor, verb="evidence.verify_ask", obj=incident.name, data={"items": count})
    return count
