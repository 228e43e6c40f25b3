"""Groups that wait are weighed again when the asset register has changed: who put a host on it as vital need not look for its alerts."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.utils import timezone

from hikeshi.desk.actor import Actor
from hikeshi.desk.alerts import weighing
from hikeshi.desk.alerts.models import Group
from hikeshi.desk.assets.models import Asset
from hikeshi.errors import Refused

BATCH: Final = 50


def look(*, actor: Actor) -> int:
    """Weigh those that were weighed before the register's newest change, the most pressing first, at most `BATCH`. Returns how many."""
    newest = Asset.objects.order_by("-updated_at").values_list("updated_at", flat=True).first()
    if newest is None:
        return 0
    older = Group.objects.filter(state__in=weighing.OPEN, weighed_at__lt=newest).order_by("answer_by")
    found = list(older[:BATCH])
    for group in found:
        _weigh(group, newest, actor)
    return len(found)


def _weigh(group: Group, newest: datetime, actor: Actor) -> None:
    try:
        weighing.suggest(group, actor=actor)
    except Refused:  # somebody has decided on it meanwhile
        Group.objects.filter(pk=group.pk).update(weighed_at=max(newest, timezone.now()))
