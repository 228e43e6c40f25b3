"""Receiving what arrives, and judging it."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.actor import Actor
from hikeshi.desk.alerts import groups, judging
from hikeshi.desk.alerts.models import Alert, Delivery
from hikeshi.desk.alerts.receiving import Parcel, receive_many
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.ledger.models import ORGANISATION


def receive(payload: bytes, *, actor: Actor, source: str, message_id: str = "", simulated: bool = False) -> Delivery:
    """Keep a payload as it came, understand it, and put each new alert before the workers.

    The same message delivered twice is kept once; the same finding delivered again updates its alert. A payload that cannot be
    understood is kept with the problem named, and no error is raised: it is safe, and its sender may be acknowledged.
    Many at once: `receiving.receive_many`.
    """
    (kept,) = receive_many([Parcel(payload, source, message_id, simulated)], actor=actor)
    return kept.delivery


@transaction.atomic
def triage(alert: Alert, *, actor: Actor, verdict: str, reason: str) -> Alert:
    """Record what a person thinks of one alert. The reason is required: the next shift reads it.

    The last alert of a group to be judged closes the group with the same verdict; while others wait, the group waits.
    """
    require(actor, "triage")
    reason = judging.said(verdict, reason)
    before, alert.verdict, alert.verdict_reason = alert.verdict, verdict, reason
    alert.due_at = None
    alert.full_clean()
    alert.save()
    ledger.append(
        ORGANISATION, actor=actor, verb="alert.triage", obj=str(alert),
        data={"before": before, "verdict": verdict, "reason": reason},
    )  # fmt: skip
    group = groups.root(alert.group)
    if group.state in groups.OPEN and not groups.alerts_of([group.pk]).filter(verdict="").exists():
        judging.conclude([group], actor=actor, verdict=verdict, why="", reason=reason)
    return alert


@transaction.atomic
def answered(alert: Alert, *, actor: Actor, en: str, ja: str) -> None:
    """Record what was done about an alert without a person, or why nothing was. It leaves the workers' queue."""
    alert.answer = {"en": en, "ja": ja}
    alert.due_at, alert.lease_owner, alert.lease_until = None, "", None
    alert.save(update_fields=["answer", "due_at", "lease_owner", "lease_until"])
    ledger.append(ORGANISATION, actor=actor, verb="alert.answer", obj=str(alert), data={"en": en})


@transaction.atomic
def answer_later(alert: Alert, *, actor: Actor, seconds: float, why: str) -> None:
    """Put an alert back: answering it failed for a reason that may pass."""
    alert.due_at, alert.lease_owner, alert.lease_until = timezone.now() + timedelta(seconds=seconds), "", None
    alert.save(update_fields=["due_at", "lease_owner", "lease_until"])
    ledger.append(ORGANISATION, actor=actor, verb="alert.answer_later", obj=str(alert), data={"why": why})
