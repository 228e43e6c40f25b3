"""Reads of sensitive evidence are part of its record: who looked, once per person and hour."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from hikeshi.custody.chain import timestamp
from hikeshi.desk.actor import Actor
from hikeshi.desk.evidence.models import Item
from hikeshi.desk.incidents.verbs import require_on
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.ledger.models import Entry

AGAIN_AFTER: Final = timedelta(hours=1)


def looked_at(item: Item, *, actor: Actor) -> None:
    """Somebody is shown the item. Only of a sensitive one, and not twice within the hour, that becomes an entry.

    Taking bytes away is always an entry of its own, see `verbs.hand_out`.
    """
    require_on(actor, "read", item.incident)
    if item.sensitivity != "sensitive":
        return
    since = timestamp(timezone.now() - AGAIN_AFTER)
    mine = Entry.objects.filter(
        chain__name=item.incident.name, object=item.name, verb="evidence.read", actor=actor.name
    )
    if not mine.filter(time__gt=since).exists():
        with transaction.atomic():
            ledger.append(item.incident.name, actor=actor, verb="evidence.read", obj=item.name)
