"""One resource, one step at a time: two steps that change the same thing never run at once, in whatever process.

One row for each resource; whose step it names may change it. A step holds all of its resources or none, renews them before every
call, and stops where one of them has gone to another step because its worker had been silent for too long.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from hikeshi.desk.queue import LeaseLost
from hikeshi.desk.runs.models import Lease, Step
from hikeshi.errors import Refused

LONGEST = 300


class Busy(Refused):
    """Another step is changing the same thing now. Try again in a moment."""


def _until(now: datetime) -> datetime:
    return now + timedelta(seconds=settings.ENVIRONMENT.lease_seconds)


@transaction.atomic
def take(step: Step, resources: Iterable[str]) -> int:
    """Hold these for the step; returns how many. Raises `Busy`, and holds none, where another step holds one of them."""
    account, now = str(step.run.facts.get("alert.account", "")), timezone.now()
    # In one order everywhere, so that two never wait for each other.
    names = sorted({name[:LONGEST] for name in resources})
    new = [Lease(account=account, resource=name, step=step, until=_until(now)) for name in names]
    Lease.objects.bulk_create(new, ignore_conflicts=True)
    rows = Lease.objects.filter(account=account, resource__in=names)
    for row in rows.select_for_update().order_by("resource"):
        if row.step_id != step.pk and row.until >= now:
            raise Busy(f"Another step is changing {row.resource} now.", hint="This one waits for it.")
    rows.update(step=step, until=_until(now))
    return len(names)


def keep(step: Step, count: int) -> None:
    """Renew what the step holds. Raises `LeaseLost` where it is less than it took."""
    if count and Lease.objects.filter(step=step).update(until=_until(timezone.now())) < count:
        raise LeaseLost(f"Another step has taken a resource of step {step.key} over.")


def release(step: Step) -> None:
    """Let go of all of them. Called inside the verb that ends the step's work."""
    Lease.objects.filter(step=step).delete()
