"""What an order may not do without a person although people stand behind it: the account's mode, its caps, and the circuit breaker."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Final

from django.utils import timezone

from hikeshi.actions.action import Plan
from hikeshi.desk.actor import Actor
from hikeshi.desk.runs import ordering
from hikeshi.desk.runs.models import Intent, StandingOrder, Step
from hikeshi.desk.runs.stakes import account_of
from hikeshi.text import Text

HOUR: Final = timedelta(hours=1)
LEAST_CALLS: Final = 5
"""Fewer calls than these say nothing about an order."""
CONFIRMED: Final = 7.0
"""From this score on a finding says that the resource is compromised and used; below it is suspicious (GuardDuty's severity levels)."""


def held_up(order: StandingOrder, step: Step, plan: Plan, *, actor: Actor) -> Text | None:
    """Why a person has to decide on this plan although the order answers; None where the order is enough."""
    return _mode(step) or _too_many(order, step, plan) or _failing(order, actor)


def _mode(step: Step) -> Text | None:
    """An account that is registered says how far orders may go there."""
    account = account_of(str(step.run.facts.get("alert.account", "")))
    alert = step.run.incident.alerts.order_by("-score").first()
    score = alert.score if alert else 0.0
    if account is None or account.mode == "suspected" or (account.mode == "confirmed" and score >= CONFIRMED):
        return None
    return Text(
        f"The account's mode is {account.mode}.", f"アカウントの封じ込めモードは {account.get_mode_display()}。"
    )


def _too_many(order: StandingOrder, step: Step, plan: Plan) -> Text | None:
    if len(plan.resources) > order.max_resources:
        return Text(
            f"The plan touches {len(plan.resources)} resources; the order allows {order.max_resources}.",
            f"計画の対象は {len(plan.resources)} 件で、常時承認の上限 {order.max_resources} 件を超える。",
        )
    account = step.run.facts.get("alert.account", "")
    recent = Step.objects.filter(run__order=order, began_at__gt=timezone.now() - HOUR).select_related("run")
    touched = {
        name
        for other in recent.exclude(pk=step.pk)
        if other.run.facts.get("alert.account", "") == account
        for name in _resources(other)
    }
    if len(touched | set(plan.resources)) <= order.max_resources_per_hour:
        return None
    return Text(
        f"The order would have touched more than {order.max_resources_per_hour} resources of the account within an hour.",
        f"1 時間以内の対象がアカウントあたりの上限 {order.max_resources_per_hour} 件を超える。",
    )


def _resources(step: Step) -> list[str]:
    found: list[str] = json.loads(step.plan or "{}").get("resources", [])
    return found


def _failing(order: StandingOrder, actor: Actor) -> Text | None:
    """The circuit breaker: too many of its calls fail, so it stops itself."""
    calls = Intent.objects.filter(step__run__order=order, at__gt=timezone.now() - HOUR).exclude(outcome="")
    total, failed = calls.count(), calls.exclude(outcome="done").count()
    if total < LEAST_CALLS or failed * 100 <= total * order.max_failed_percent:
        return None
    why = Text(
        f"{failed} of the order's {total} calls within an hour failed: it has stopped itself.",
        f"1 時間以内の呼び出し {total} 件中 {failed} 件が失敗したため、常時承認を自動停止した。",
    )
    ordering.trip(order, why, actor=actor)
    return why
