"""Deadlines: response times and, later, the law. One clock is one rule applied to one start."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

from hikeshi.desk.ledger.models import Chain
from hikeshi.desk.queue import Queued

STATES = (
    ("running", _("on time")),
    ("soon", _("due soon")),
    ("over", _("over")),
    ("met", _("met")),
    ("met-late", _("met late")),
    ("replaced", _("replaced")),
)


class Clock(Queued):
    """A running or finished deadline of the incident whose chain this is. A worker rings it at `soon_at` and at `deadline`.

    `breached_at` stays once set, also when the clock is met later or replaced by a stricter one.
    """

    chain = models.ForeignKey(Chain, on_delete=models.PROTECT, related_name="clocks")
    rule = models.CharField(max_length=60)
    rule_version = models.PositiveIntegerField()
    title = models.JSONField()  # {en, ja}
    explanation = models.JSONField()  # {en, ja}
    started_at = models.DateTimeField()
    soon_at = models.DateTimeField()
    deadline = models.DateTimeField(db_index=True)
    state = models.CharField(max_length=10, choices=STATES, default="running")
    stopped_at = models.DateTimeField(null=True, blank=True)
    breached_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("deadline", "pk")

    def __str__(self) -> str:
        return f"{self.chain} {self.rule}"

    @property
    def running(self) -> bool:
        return self.stopped_at is None

    def left(self, now: datetime) -> timedelta:
        """Time left, negative when over; of a stopped clock, what was left when it stopped."""
        return self.deadline - (self.stopped_at or now)

    def spent(self, now: datetime) -> float:
        """How much of the time is spent, 0 to 100."""
        whole = (self.deadline - self.started_at).total_seconds()
        gone = ((self.stopped_at or now) - self.started_at).total_seconds()
        return round(min(100.0, max(0.0, 100 * gone / whole)), 1) if whole > 0 else 100.0
