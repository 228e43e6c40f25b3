"""Receiving what arrives, and judging it."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import msgspec
from django.db import transaction
from django.utils import timezone

from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.actor import Actor
from hikeshi.desk.alerts import groups, judging
from hikeshi.desk.alerts.models import Alert, Delivery
from hikeshi.desk.alerts.severity import suggest_severity
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.ledger.models import ORGANISATION
from hikeshi.errors import Unreadable
from hikeshi.signals.reading import read_signals
from hikeshi.signals.signal import Signal


@transaction.atomic
def receive(payload: bytes, *, actor: Actor, source: str, message_id: str = "", simulated: bool = False) -> Delivery:
    """Keep a payload as it came, understand it, and put each new alert before the workers.

    The same message delivered twice is kept once; the same finding delivered again updates its alert. A payload that cannot be
    understood is kept with the problem named, and no error is raised: it is safe, and its sender may be acknowledged.
    """
    require(actor, "triage")
    if message_id and (known := Delivery.objects.filter(source=source, message_id=message_id).first()):
        return known
    try:
        signals, problem = read_signals(payload, source), ""
    except Unreadable as unreadable:
        signals, problem = [], str(unreadable)
    row = Delivery(
        source=source, message_id=message_id, payload=payload, payload_sha256=hashlib.sha256(payload).hexdigest(),
        received_at=timezone.now(), problem=problem,
    )  # fmt: skip
    row.full_clean()
    row.save()
    found = [_alert_of(signal, source, simulated=simulated) for signal in signals]
    row.alerts.set(found)
    ledger.append(
        ORGANISATION, actor=actor, verb="alert.set_aside" if problem else "alert.receive", obj=str(row),
        data={
            "payload_sha256": row.payload_sha256, "bytes": len(payload), "source": source, "problem": problem,
            "alerts": [str(alert) for alert in found],
        },
    )  # fmt: skip
    return row


def _alert_of(signal: Signal, source: str, *, simulated: bool) -> Alert:
    alert = Alert.objects.select_for_update().filter(key=signal.key).first()
    if alert is None:
        severity, reasons = suggest_severity(signal)
        now = timezone.now()
        alert = Alert(
            source=source, received_at=now, due_at=now, simulated=simulated, suggested_severity=severity,
            reasons=msgspec.to_builtins(reasons), times_seen=signal.count,
            group=groups.join(signal, severity, reasons, source=source, simulated=simulated),
            **{name: getattr(signal, name) for name in _SAME},
        )  # fmt: skip
    elif _newer(signal, alert):
        alert.times_seen, alert.last_seen_at = max(alert.times_seen + 1, signal.count), signal.last_seen_at
        alert.score, alert.archived = max(alert.score, signal.score), signal.archived
    else:
        return alert
    alert.full_clean()
    alert.save()
    return alert


_SAME = (
    "key", "title", "kind", "score", "account", "region", "instance_id", "resource_role", "remote_address", "principal",
    "sample", "archived", "first_seen_at", "last_seen_at",
)  # fmt: skip


def _newer(signal: Signal, alert: Alert) -> bool:
    return alert.last_seen_at is None or (signal.last_seen_at is not None and signal.last_seen_at > alert.last_seen_at)


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
