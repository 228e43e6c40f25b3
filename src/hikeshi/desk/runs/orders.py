"""Whether an alert may be answered without a person: pure questions, each with its reason in both languages."""

from __future__ import annotations

from datetime import datetime, timedelta

from hikeshi.desk.alerts import groups
from hikeshi.desk.alerts.models import Alert
from hikeshi.desk.runs.models import Run, StandingOrder
from hikeshi.text import Text


def match(alert: Alert, now: datetime) -> tuple[StandingOrder | None, Text]:
    """The standing order that answers this alert and why, or None and why it is left for triage."""
    held = _held_back(alert)
    if held is not None:
        return None, held
    for order in StandingOrder.objects.filter(enabled=True):
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
    if alert.sample:
        return Text(
            "A sample finding: no containment, left for triage.", "サンプル検出のため封じ込めず、トリアージ待ちとした。"
        )
    if alert.archived:
        return Text("The finding is archived: left for triage.", "アーカイブ済みの検出のため、トリアージ待ちとした。")
    if alert.verdict:
        return Text("A person has judged it already.", "すでに人が判断している。")
    if incident := alert.incidents.first():
        return Text(f"A repeat: it belongs to {incident} already.", f"再通知: すでに {incident} に含まれている。")
    if alert.resource_role != "ACTOR":
        return Text(
            f"The resource is {alert.resource_role or 'of unknown role'}, not the ACTOR: isolating it would hand outsiders a switch.",
            f"対象の役割は {alert.resource_role or '不明'} で ACTOR ではない。隔離すると外部者に停止手段を与えるため、行わない。",
        )
    return None


def _covers(order: StandingOrder, alert: Alert, now: datetime) -> bool:
    if order.expires_at is not None and order.expires_at <= now:
        return False
    if order.accounts and alert.account not in order.accounts:
        return False
    return alert.score >= order.min_score and any(alert.kind.startswith(prefix) for prefix in order.finding_types)
