"""Folding alerts of one cause into a group that a person judges at once. Called inside the verbs that write."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import msgspec
from django.db.models import F, QuerySet
from django.utils import timezone

from hikeshi.clocks.counting import compute
from hikeshi.clocks.rule import rules
from hikeshi.desk.alerts.models import Alert, Group, Observable
from hikeshi.signals.signal import Signal
from hikeshi.text import Text

WINDOW = timedelta(hours=24)
"""A new alert joins a group of its cause when the group's newest alert is not older than this."""


def join(signal: Signal, severity: int, reasons: list[Text], *, source: str, simulated: bool) -> Group:
    """The group a new alert belongs to, counted up; opened when there is none."""
    now = timezone.now()
    group = Group.objects.select_for_update().filter(fingerprint=signal.fingerprint, joinable=True).first()
    if group is not None and group.last_at < now - WINDOW:
        Group.objects.filter(pk=group.pk).update(joinable=False)
        group = None
    if group is None:
        rule = rules()[f"response.sev{severity}"]
        group = Group.objects.create(
            fingerprint=signal.fingerprint, source=source, title=signal.title, kind=signal.kind, account=signal.account,
            score=signal.score, simulated=simulated, size=1, times_seen=signal.count, first_at=now, last_at=now,
            suggested_severity=severity, reasons=msgspec.to_builtins(reasons),
            answer_by=compute(rule, {rule.anchor: now}, now).due_at,
        )  # fmt: skip
    else:
        Group.objects.filter(pk=group.pk).update(
            size=F("size") + 1, times_seen=F("times_seen") + signal.count, last_at=now, version=F("version") + 1
        )
    _name(group, signal)
    return group


def _name(group: Group, signal: Signal) -> None:
    """Write down what the alert names, unless the group has it already."""
    now = timezone.now()
    Observable.objects.bulk_create(
        [Observable(group=group, kind=one.kind, value=one.value[:300], first_at=now) for one in signal.observables],
        ignore_conflicts=True,
    )


def take(alerts: Iterable[Alert]) -> None:
    """The groups of these alerts belong to an incident now, and nothing joins them any more."""
    ids = {alert.group_id for alert in alerts}
    Group.objects.filter(pk__in=ids).update(state="taken", joinable=False, version=F("version") + 1)


def queue() -> QuerySet[Group]:
    """What waits for a person, the most pressing first."""
    return Group.objects.filter(state="waiting")
