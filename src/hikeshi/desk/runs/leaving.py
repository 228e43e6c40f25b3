"""Leaving many alerts for triage at once, so that a storm costs the workers a few rounds and not one for each alert."""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.actor import Actor
from hikeshi.desk.alerts.models import Alert
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.ledger.models import ORGANISATION
from hikeshi.desk.runs.orders import in_force, match
from hikeshi.text import Text

AT_ONCE: Final = 500
"""Alerts per transaction: other writers wait that long."""


ASKED: Final = (
    "account", "archived", "group", "instance_id", "kind", "principal", "region", "resource_role", "sample", "score", "verdict",
)  # fmt: skip
"""What of an alert decides whether a standing order answers it: many are read, and most of a row is something else."""


@transaction.atomic
def leave_uncovered(*, actor: Actor) -> int:
    """Of the alerts that are due, leave up to `AT_ONCE` for triage that no standing order answers. Returns how many were left.

    Those that one answers stay due, each for a round of its own.
    """
    require(actor, "triage")
    now = timezone.now()
    due = Alert.objects.filter(Q(lease_until__isnull=True) | Q(lease_until__lt=now), due_at__lte=now).order_by(
        "due_at", "pk"
    )
    if connection.features.has_select_for_update_skip_locked:
        due = due.select_for_update(of=("self",), skip_locked=True)
    orders, left = in_force(), defaultdict[Text, list[Alert]](list)
    for alert in due.only(*ASKED).prefetch_related("incidents")[:AT_ONCE]:
        order, why = match(alert, now, orders)
        if order is None:
            left[why].append(alert)
    for why, alerts in left.items():  # few reasons, so few statements
        Alert.objects.filter(pk__in=[alert.pk for alert in alerts]).update(
            answer={"en": why.en, "ja": why.ja}, due_at=None, lease_owner="", lease_until=None
        )
    names = [str(alert) for alerts in left.values() for alert in alerts]
    if names:
        data = {"count": len(names), "alerts": names}
        ledger.append(ORGANISATION, actor=actor, verb="alert.leave", obj=f"{len(names)} alerts", data=data)
    return len(names)
