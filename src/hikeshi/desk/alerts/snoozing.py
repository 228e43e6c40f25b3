"""Putting a group off until an hour: it comes back by itself then, or at once when it becomes worse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.actor import Actor
from hikeshi.desk.alerts import groups
from hikeshi.desk.alerts.models import Group
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.ledger.models import ORGANISATION
from hikeshi.errors import Refused

LONGEST_PRESSING: Final = timedelta(hours=4)
LONGEST: Final = timedelta(days=7)


def longest(severity: int | None) -> timedelta:
    """How long a group of this suggested severity may be put off."""
    return LONGEST_PRESSING if severity in (1, 2) else LONGEST


@transaction.atomic
def snooze(
    rows: Sequence[Group], *, actor: Actor, until: datetime, reason: str, versions: Mapping[int, int] | None = None
) -> list[Group]:
    """Put groups off. The answer deadline runs on. Raises `Refused` beyond 4 hours for SEV-1 and SEV-2 suggestions, else 7 days."""
    require(actor, "triage")
    if not reason.strip():
        raise Refused("A snooze needs a reason.", hint="Say in one sentence what you wait for.")
    now = timezone.now()
    found = groups.seen(rows, versions, states=("waiting", "snoozed"))
    if until <= now:
        raise Refused("A snooze ends in the future.", hint="Name a moment to come; check the zone.")
    for group in found:
        if until > now + longest(group.suggested_severity):
            hours = longest(group.suggested_severity) // timedelta(hours=1)
            raise Refused(f"{group} may be put off by {hours} hours at most.", hint="Name an earlier moment to come.")
    Group.objects.filter(pk__in=[group.pk for group in found]).update(
        state="snoozed", snoozed_until=until, snoozed_by=actor.name, snooze_reason=reason.strip()[:1000], due_at=until,
        version=F("version") + 1,
    )  # fmt: skip
    data = {"until": until.isoformat(), "reason": reason.strip()[:1000]}
    ledger.append_many(ORGANISATION, [ledger.Draft("group.snooze", str(group), data) for group in found], actor=actor)
    return list(Group.objects.filter(pk__in=[group.pk for group in found]).order_by("pk"))


@transaction.atomic
def wake(group: Group, *, actor: Actor, why: str = "its time is over", early: bool = False) -> None:
    """Bring a snoozed group back, when its time is over or `early`. Safe to repeat: one that is awake already stays as it is."""
    require(actor, "triage")
    rows = Group.objects.filter(pk=group.pk, state="snoozed")
    if not early:
        rows = rows.filter(snoozed_until__lte=timezone.now())
    if rows.update(**groups.AWAKE, version=F("version") + 1) == 1:
        ledger.append(ORGANISATION, actor=actor, verb="group.wake", obj=str(group), data={"why": why})
    else:  # it was snoozed again, or woken, after a worker had claimed it
        waiting = Group.objects.filter(pk=group.pk).exclude(state="merged")
        waiting.update(due_at=F("snoozed_until"), lease_owner="", lease_until=None)
    group.refresh_from_db()
