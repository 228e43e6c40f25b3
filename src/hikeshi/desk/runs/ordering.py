"""Standing orders: written, approved by as many people as they need, changed, switched.

Whoever writes a version is the first to stand behind it. An order that may contain something in production without a person needs a
second one; any change makes a new version, which needs them again.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.actor import Actor
from hikeshi.desk.assets.models import ENVIRONMENTS
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.ledger.models import ORGANISATION
from hikeshi.desk.playbooks.reading import book
from hikeshi.desk.runs.models import StandingOrder
from hikeshi.desk.runs.orders import people_needed
from hikeshi.errors import Conflict, Refused
from hikeshi.text import Text

LONGEST: Final = timedelta(days=366)
CONDITIONS: Final = (
    "finding_types", "min_score", "accounts", "regions", "environments", "kinds", "roles", "criticalities",
    "hours_from", "hours_until", "playbook", "severity", "max_per_hour", "max_per_account", "max_resources",
    "max_resources_per_hour", "max_failed_percent", "reapply", "expires_at",
)  # fmt: skip
"""What an order says: everything that people stand behind."""


@transaction.atomic
def write(name: str, *, actor: Actor, **said: Any) -> StandingOrder:
    """A new order; `said` are those of CONDITIONS that matter. Raises `Refused` where it has no end, or ends in more than a year."""
    require(actor, "command")
    row = StandingOrder(name=name, version=1)
    _say(row, said, actor)
    ledger.append(ORGANISATION, actor=actor, verb="order.approve", obj=name, data=_data(row))
    return row


@transaction.atomic
def edit(order: StandingOrder, *, actor: Actor, version: int, **said: Any) -> StandingOrder:
    """Change what it says: a new version, which whoever changed it stands behind, and nobody else yet."""
    require(actor, "command")
    row = _locked(order, version)
    row.version += 1
    _say(row, said, actor)
    ledger.append(ORGANISATION, actor=actor, verb="order.edit", obj=row.name, data=_data(row))
    return row


def draft(order: StandingOrder, said: Mapping[str, Any]) -> StandingOrder:
    """The order as an edit would leave it, not saved. Raises `Refused` or `ValidationError` as the edit would."""
    row = copy(order)
    _fill(row, said)
    row.full_clean()
    return row


def _say(row: StandingOrder, said: Mapping[str, Any], actor: Actor) -> None:
    _fill(row, said)
    now = timezone.now()
    row.approvals = [{"by": actor.name, "at": now.isoformat()}]
    row.approved_by, row.approved_at = actor.name, now
    row.full_clean()
    row.save()


def _fill(row: StandingOrder, said: Mapping[str, Any]) -> None:
    strange = sorted(set(said) - set(CONDITIONS))
    if strange:
        raise Refused(
            f"A standing order says nothing of {', '.join(strange)}.", hint=f"Known: {', '.join(CONDITIONS)}."
        )
    for name, value in said.items():
        setattr(row, name, list(value) if isinstance(value, list | tuple) else value)
    now = timezone.now()
    if row.expires_at is None or not now < row.expires_at <= now + LONGEST:
        raise Refused(
            "A standing order needs an end, in a year at the latest.", hint="Say when it expires: --expires-at."
        )
    book(row.playbook)
    if not row.finding_types or not all(isinstance(one, str) and len(one) >= 3 for one in row.finding_types):
        raise Refused("A standing order names types of findings, at least three letters each.", hint="Backdoor:EC2/")
    if strange := sorted(set(row.environments) - {name for name, _ in ENVIRONMENTS}):
        raise Refused(
            f"There is no environment {', '.join(strange)[:80]}.", hint=f"Known: {', '.join(dict(ENVIRONMENTS))}."
        )
    if (row.hours_from is None) != (row.hours_until is None):
        raise Refused("Hours have a beginning and an end.", hint="22:00-06:00, over midnight; neither: at any hour.")


def _data(row: StandingOrder) -> dict[str, Any]:
    said = {name: getattr(row, name) for name in CONDITIONS}
    said |= {name: value.isoformat() for name, value in said.items() if hasattr(value, "isoformat")}
    return {**said, "min_score": f"{row.min_score:g}", "version": row.version, "needed": people_needed(row)}


def _locked(order: StandingOrder, version: int) -> StandingOrder:
    row = StandingOrder.objects.select_for_update().get(pk=order.pk)
    if row.version != version:
        raise Conflict(f"{row} is at version {row.version} now.", current=str(row.version), hint="Read it again.")
    return row


@transaction.atomic
def approve(order: StandingOrder, *, actor: Actor, version: int) -> StandingOrder:
    """Stand behind exactly this version, as another person."""
    require(actor, "command")
    row = _locked(order, version)
    if any(one["by"] == actor.name for one in row.approvals):
        raise Conflict(f"{actor.name} stands behind it already.", hint="Somebody else has to approve it now.")
    row.approvals = [*row.approvals, {"by": actor.name, "at": timezone.now().isoformat()}]
    row.approved_by = ", ".join(one["by"] for one in row.approvals)[:150]
    row.save(update_fields=["approvals", "approved_by"])
    ledger.append(ORGANISATION, actor=actor, verb="order.approve", obj=row.name, data={"version": row.version})
    return row


@transaction.atomic
def switch(order: StandingOrder, *, actor: Actor, on: bool, reason: str) -> StandingOrder:
    """Put it in force or out of force. One that stopped itself goes on once it is put in force again."""
    require(actor, "command")
    if not reason.strip():
        raise Refused("Switching an order needs a reason.", hint="Say it in one sentence.")
    row = StandingOrder.objects.select_for_update().get(pk=order.pk)
    row.enabled = on
    if on:
        row.tripped_at, row.tripped_why = None, {}
    row.save(update_fields=["enabled", "tripped_at", "tripped_why"])
    verb = "order.enable" if on else "order.disable"
    ledger.append(ORGANISATION, actor=actor, verb=verb, obj=row.name, data={"reason": reason.strip()})
    return row


@transaction.atomic
def trip(order: StandingOrder, why: Text, *, actor: Actor) -> None:
    """The order stops itself: it does harm. Said once, until somebody puts it in force again."""
    mine = StandingOrder.objects.filter(pk=order.pk, tripped_at=None)
    if mine.update(tripped_at=timezone.now(), tripped_why={"en": why.en, "ja": why.ja}):
        ledger.append(ORGANISATION, actor=actor, verb="order.trip", obj=order.name, data={"en": why.en, "ja": why.ja})


def ends_in(days: int, now: datetime | None = None) -> datetime:
    """When an order expires that is to hold for so many days."""
    return (now or timezone.now()) + timedelta(days=days)
