"""What standing orders would have done: asked about the alerts of the past, in the order they came, changing nothing.

The caps an hour count as they would have, and an alert of a group that was answered is a repeat. What is unknown without a plan does
not: caps on resources, the mode of the account, approvals, the switch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, Final, NamedTuple

from django.db.models import Q
from django.utils import timezone

from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.actor import Actor
from hikeshi.desk.alerts.models import Alert
from hikeshi.desk.incidents import sight
from hikeshi.desk.runs.models import StandingOrder
from hikeshi.desk.runs.ordering import draft
from hikeshi.desk.runs.orders import full_text, would_answer
from hikeshi.text import Text

DAYS: Final = 90
MOST: Final = 1000
"""Alerts that an order is asked about at most, the latest."""
HOUR: Final = timedelta(hours=1)


class Tried(NamedTuple):
    """Whether the order would have answered one alert of the past, and why. `before`: the same of the version that stands."""

    alert: Alert
    answered: bool
    why: Text
    before: bool


class Trial(NamedTuple):
    """`rows`: alerts whose type it names, the latest first. `others`: how many had another type; `older`: matched, but not asked about."""

    days: int
    rows: list[Tried]
    others: int
    older: int

    @property
    def answered(self) -> int:
        return sum(row.answered for row in self.rows)

    @property
    def before(self) -> int:
        return sum(row.before for row in self.rows)


def try_on(
    order: StandingOrder, *, actor: Actor, days: int = DAYS, most: int = MOST, said: Mapping[str, Any] | None = None
) -> Trial:
    """Ask the order about the alerts of the last days that this person may see. `said`: what an edit would change about it.

    Raises `Refused` where the edit would be refused.
    """
    require(actor, "triage")
    edited = draft(order, said) if said else order
    days, most = max(1, min(days, 366)), max(1, min(most, MOST))
    since = timezone.now() - timedelta(days=days)
    seen = sight.alerts(actor).filter(received_at__gte=since)
    named = Q()
    for prefix in {*order.finding_types, *edited.finding_types}:
        named |= Q(kind__startswith=prefix)
    rows = list(seen.filter(named).order_by("-received_at", "-pk")[:most])
    after = _through_time(edited, reversed(rows))
    before = _through_time(order, reversed(rows)) if said else after
    matching = seen.filter(named).count()
    tried = [Tried(row, *after[row.pk], before=before[row.pk][0]) for row in rows]
    return Trial(days, tried, seen.count() - matching, matching - len(rows))


def _through_time(order: StandingOrder, alerts: Iterable[Alert]) -> dict[int, tuple[bool, Text]]:
    """By the alert's number. `alerts`: the earliest first."""
    found, begun = dict[int, tuple[bool, Text]](), list[Alert]()
    for alert in alerts:
        answered, why = would_answer(order, alert)
        if answered and (held := _held(order, alert, begun)):
            answered, why = False, held
        if answered:
            begun.append(alert)
        found[alert.pk] = answered, why
    return found


def _held(order: StandingOrder, alert: Alert, begun: list[Alert]) -> Text | None:
    """What those it has answered before make of this one."""
    if any(one.group_id == alert.group_id for one in begun):
        return Text("A repeat: its group was answered already.", "再通知: グループはすでに対応済み。")
    recent = [one for one in begun if alert.received_at - one.received_at < HOUR]
    for cap, rows in (
        (order.max_per_hour, recent),
        (order.max_per_account, [one for one in recent if one.account == alert.account]),
    ):
        if len(rows) >= cap:
            return full_text(order, cap)
    return None
