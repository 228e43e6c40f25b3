"""Whether an alert may be answered without a person: pure questions, each with its reason in both languages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Final

from django.utils import timezone

from hikeshi.actions import ACTIONS
from hikeshi.desk.alerts import groups
from hikeshi.desk.alerts.held import Screen, held_back
from hikeshi.desk.alerts.models import Alert
from hikeshi.desk.playbooks.reading import books
from hikeshi.desk.runs import stakes
from hikeshi.desk.runs.models import Run, StandingOrder
from hikeshi.text import Text

UNCOVERED: Final = Text(
    "No standing order covers it: left for triage.", "該当する常時承認がないため、トリアージ待ちとした。"
)


def people_needed(order: StandingOrder) -> int:
    """Two for an order whose playbook takes something away and that may meet production; unknown is production."""
    playbook = books().get(order.playbook)
    takes = playbook is None or any(
        step.action and ACTIONS[step.action].effect in {"contain", "destroy"} for step in playbook.steps
    )
    return 2 if takes and (not order.environments or "production" in order.environments) else 1


def in_force() -> list[StandingOrder]:
    """The orders that are looked through, in their order: switched on, not stopped by themselves, and approved by as many as they need."""
    rows = StandingOrder.objects.filter(enabled=True, tripped_at=None)
    return [row for row in rows if row.yeses >= people_needed(row)]


def match(
    alert: Alert, now: datetime, orders: Sequence[StandingOrder] | None = None
) -> tuple[StandingOrder | None, Text]:
    """The standing order that answers this alert and why, or None and why it is left for triage. `orders`: those in force, read before."""
    held = _held_back(alert)
    if held is not None:
        return None, held
    for order in in_force() if orders is None else orders:
        if _uncovered(order, alert, now) is not None or (order.expires_at is not None and order.expires_at <= now):
            continue
        if (group := groups.root(alert.group)).state == "suppressed":
            return None, Text(
                f"The standing order {order} covers it, but {group} is suppressed by {group.suppression}: not answered.",
                f"常時承認「{order}」に該当するが、{group} は {group.suppression} により抑止中のため対応しない。",
            )
        return (None, full) if (full := _full(order, alert, now)) else (order, _because(order, alert))
    return None, UNCOVERED


def screen() -> Screen:
    """For alerts that have just come: those that no order in force covers, by what they say themselves, need no worker."""
    orders = in_force()
    return lambda alert: UNCOVERED if all(_other(order, alert) for order in orders) else None


def _because(order: StandingOrder, alert: Alert) -> Text:
    return Text(
        f"Standing order {order}, approved by {order.approved_by}: {alert.kind}, score {alert.score:g}, ACTOR.",
        f"常時承認「{order}」({order.approved_by} 承認): {alert.kind}、スコア {alert.score:g}、ACTOR。",
    )


def _full(order: StandingOrder, alert: Alert, now: datetime) -> Text | None:
    """Which of its caps an hour the order has reached."""
    recent = Run.objects.filter(order=order, started_at__gt=now - timedelta(hours=1))
    for cap, rows in (
        (order.max_per_hour, recent),
        (order.max_per_account, recent.filter(**{"facts__alert.account": alert.account})),
    ):
        if rows.count() >= cap:
            return full_text(order, cap)
    return None


def full_text(order: StandingOrder, cap: int) -> Text:
    """That so many an hour are enough."""
    return Text(
        f"The standing order {order} has reached its cap of {cap} an hour: a person decides.",
        f"常時承認「{order}」は 1 時間あたりの上限 {cap} 件に達した。人が判断する。",
    )


def _held_back(alert: Alert) -> Text | None:
    if alert.verdict:
        return Text("A person has judged it already.", "すでに人が判断している。")
    if incident := next(iter(alert.incidents.all()), None):  # many alerts are asked with their incidents read before
        return Text(f"A repeat: it belongs to {incident} already.", f"再通知: すでに {incident} に含まれている。")
    return held_back(alert)


def would_answer(order: StandingOrder, alert: Alert) -> tuple[bool, Text]:
    """Whether the order's conditions cover this alert of the past, and why; what has become of the alert since does not count."""
    why = held_back(alert) or _uncovered(order, alert, alert.received_at)
    return (False, why) if why else (True, _because(order, alert))


def _uncovered(order: StandingOrder, alert: Alert, at: datetime) -> Text | None:
    """The first of its conditions that the alert does not meet; the register is only asked when everything else fits."""
    if other := _other(order, alert):
        return other
    here = timezone.localtime(at, timezone.get_default_timezone())  # whoever asks may be elsewhere
    if not _within(here.time(), order.hours_from, order.hours_until):
        return Text("It came outside the order's hours.", "常時承認の時間帯の外に届いた。")
    return _unfit(order, alert)


def _other(order: StandingOrder, alert: Alert) -> Text | None:
    """The first of its conditions on what the alert says itself that is not met. Asks the database nothing."""
    if not any(alert.kind.startswith(prefix) for prefix in order.finding_types):
        return Text(f"Its type is {alert.kind}.", f"種別が {alert.kind}。")
    if alert.score < order.min_score:
        return Text(f"Its score is {alert.score:g}.", f"スコアが {alert.score:g}。")
    if order.accounts and alert.account not in order.accounts:
        return Text(f"Its account is {alert.account or 'unknown'}.", f"アカウントが {alert.account or '不明'}。")
    if order.regions and alert.region not in order.regions:
        return Text(f"Its region is {alert.region or 'unknown'}.", f"リージョンが {alert.region or '不明'}。")
    return None


def _within(clock: time, start: time | None, end: time | None) -> bool:
    if start is None or end is None or start == end:
        return True
    return start <= clock < end if start < end else clock >= start or clock < end


def _unfit(order: StandingOrder, alert: Alert) -> Text | None:
    """Which of its conditions on the resource is not met. What nobody has registered meets none, and is in production."""
    if not (order.environments or order.kinds or order.roles or order.criticalities):
        return None
    assets = stakes.touched([alert.instance_id, alert.principal])
    environment = stakes.environment(stakes.account_of(alert.account), assets)
    if order.environments and environment not in order.environments:
        return Text(f"Its environment is {environment}.", f"環境が {environment}。")
    if order.kinds and not any(asset.kind in order.kinds for asset in assets):
        return Text("Its asset is of another kind, or not registered.", "資産の種類が異なる、または未登録。")
    if order.roles and not any(asset.tags.get("role") in order.roles for asset in assets):
        return Text("Its asset has another role, or is not registered.", "資産の役割が異なる、または未登録。")
    if order.criticalities and not (assets and all(asset.criticality in order.criticalities for asset in assets)):
        return Text("Its asset is of another criticality, or not registered.", "資産の重要度が異なる、または未登録。")
    return None
