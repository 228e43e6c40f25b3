"""Whether an alert may be answered without a person: pure questions, each with its reason in both languages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from hikeshi.desk.alerts import groups
from hikeshi.desk.alerts.held import held_back
from hikeshi.desk.alerts.models import Alert
from hikeshi.desk.runs.models import Run, StandingOrder
from hikeshi.text import Text


def in_force() -> list[StandingOrder]:
    """The orders that are looked through, in their order."""
    return list(StandingOrder.objects.filter(enabled=True))


def match(
    alert: Alert, now: datetime, orders: Sequence[StandingOrder] | None = None
) -> tuple[StandingOrder | None, Text]:
    """The standing order that answers this alert and why, or None and why it is left for triage. `orders`: those in force, read before."""
    held = _held_back(alert)
    if held is not None:
        return None, held
    for order in in_force() if orders is None else orders:
        if not _covers(order, alert, now):
            continue
        if (group := groups.root(alert.group)).state == "suppressed":
            return None, Text(
                f"The standing order {order} covers it, but {group} is suppressed by {group.suppression}: not answered.",
                f"常時承認「{order}」に該当するが、{group} は {group.suppression} により抑止中のため対応しない。",
            )
        recent = Run.objects.filter(order=order, started_at__gt=now - timedelta(hours=1)).count()
        if recent >= order.max_per_hour:
            return None, Text(
                f"The standing order {order} has reached its cap of {order.max_per_hour} an hour: a person decides.",
                f"常時承認「{order}」は 1 時間あたりの上限 {order.max_per_hour} 件に達した。人が判断する。",
            )
        return order, Text(
            f"Standing order {order}, approved by {order.approved_by}: {alert.kind}, score {alert.score:g}, ACTOR.",
            f"常時承認「{order}」({order.approved_by} 承認): {alert.kind}、スコア {alert.score:g}、ACTOR。",
        )
    return None, Text(
        "No standing order covers it: left for triage.", "該当する常時承認がないため、トリアージ待ちとした。"
    )


def _held_back(alert: Alert) -> Text | None:
    if alert.verdict:
        return Text("A person has judged it already.", "すでに人が判断している。")
    if incident := next(iter(alert.incidents.all()), None):  # many alerts are asked with their incidents read before
        return Text(f"A repeat: it belongs to {incident} already.", f"再通知: すでに {incident} に含まれている。")
    return held_back(alert)


def _covers(order: StandingOrder, alert: Alert, now: datetime) -> bool:
    if order.expires_at is not None and order.expires_at <= now:
        return False
    if order.accounts and alert.account not in order.accounts:
        return False
    return alert.score >= order.min_score and any(alert.kind.startswith(prefix) for prefix in order.finding_types)
