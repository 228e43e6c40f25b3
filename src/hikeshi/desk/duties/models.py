"""Deadlines: our own targets and what the law asks. One clock is one rule applied to one start.

For the law people record moments, decide whether a duty applies, and note what was filed; the clocks follow from these (`law.py`).
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

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


class Moment(models.Model):
    """Somebody's claim of when a moment of the incident was: an instant, or only a day. Of several claims the earliest counts.

    A claim taken back stays, with the reason.
    """

    chain = models.ForeignKey(Chain, on_delete=models.PROTECT, related_name="moments")
    key = models.CharField(max_length=40)  # of clocks.moments.MOMENTS
    at = models.DateTimeField(null=True, blank=True)
    day = models.DateField(null=True, blank=True)
    note = models.CharField(max_length=500, blank=True, default="")
    recorded_by = models.CharField(max_length=150)
    recorded_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_why = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        ordering = ("chain", "pk")
        constraints = (
            models.CheckConstraint(
                condition=models.Q(at__isnull=True) ^ models.Q(day__isnull=True), name="an_instant_or_a_day"
            ),
        )

    def __str__(self) -> str:
        return f"{self.chain} {self.key}"

    @property
    def when(self) -> datetime | date:
        """The instant or the day: one of the two is there, by constraint."""
        return self.at or self.day  # type: ignore[return-value]


class Fact(models.Model):
    """What somebody said of the incident that decides who must be told and called in. The newest of a key counts; all are kept.

    `key` is one of clocks.facts.FACTS.
    """

    chain = models.ForeignKey(Chain, on_delete=models.PROTECT, related_name="facts")
    key = models.CharField(max_length=40)
    answer = models.CharField(max_length=7, choices=(("yes", _("yes")), ("no", _("no")), ("unknown", _("unknown"))))
    note = models.CharField(max_length=500, blank=True, default="")
    said_by = models.CharField(max_length=150)
    said_at = models.DateTimeField()

    class Meta:
        ordering = ("chain", "pk")

    def __str__(self) -> str:
        return f"{self.chain} {self.key}: {self.answer}"


class SignOff(models.Model):
    """Counsel has read a rule and stands by it, for one version of its text. The newest of a rule counts; a withdrawn one is kept."""

    rule = models.CharField(max_length=60)
    rule_version = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)  # SHA-256 of the rule as it was read
    counsel = models.CharField(max_length=150)
    note = models.CharField(max_length=1000, blank=True, default="")
    signed_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("rule", "pk")

    def __str__(self) -> str:
        return f"{self.rule} v{self.rule_version} {self.counsel}"


ANSWERS = (
    ("applies", _("applies")),
    ("does_not_apply", _("does not apply")),
    ("undecided", _("undecided")),
    ("waived_by_authority", _("waived by the authority")),
)


class Decision(models.Model):
    """Whether a duty applies to the incident: who said so, when and why. The newest of a rule counts; all are kept for ever."""

    chain = models.ForeignKey(Chain, on_delete=models.PROTECT, related_name="decisions")
    rule = models.CharField(max_length=60)
    rule_version = models.PositiveIntegerField()
    answer = models.CharField(max_length=20, choices=ANSWERS)
    reason = models.CharField(max_length=1000)
    decided_by = models.CharField(max_length=150)
    decided_at = models.DateTimeField()

    class Meta:
        ordering = ("chain", "pk")

    def __str__(self) -> str:
        return f"{self.chain} {self.rule}: {self.answer}"


class Filing(models.Model):
    """One report that was sent: by people, never by us. The first in force meets the duty; later ones add to it.

    `proof` is what shows it, such as the number of an evidence item; `late_by_us` is microseconds after the deadline, frozen at filing.
    """

    chain = models.ForeignKey(Chain, on_delete=models.PROTECT, related_name="filings")
    rule = models.CharField(max_length=60)
    at = models.DateTimeField()
    channel = models.CharField(max_length=200, blank=True, default="")
    reference = models.CharField(max_length=200, blank=True, default="")
    proof = models.CharField(max_length=200, blank=True, default="")
    filed_by = models.CharField(max_length=150)
    recorded_at = models.DateTimeField()
    late_by_us = models.BigIntegerField(default=0)

    class Meta:
        ordering = ("chain", "at", "pk")

    def __str__(self) -> str:
        return f"{self.chain} {self.rule} filed"


CERTAINTIES = (
    ("confirmed", _("confirmed")),
    ("suspected", _("suspected")),
    ("investigating", _("under investigation")),
    ("unknown", _("unknown")),
)


class Statement(models.Model):
    """What is known of one item that reports have to state, in both languages, with its certainty and what it rests on.

    All rules that ask the same set of items share it: what the preliminary report says, the final one goes on from.
    """

    chain = models.ForeignKey(Chain, on_delete=models.PROTECT, related_name="statements")
    content = models.CharField(max_length=20)  # a set of clocks.duty.CONTENTS
    item = models.PositiveSmallIntegerField()  # its number in the set, from 1
    certainty = models.CharField(max_length=14, choices=CERTAINTIES, default="unknown")
    en = models.TextField(blank=True, default="")
    ja = models.TextField(blank=True, default="")
    sources = models.CharField(max_length=300, blank=True, default="")  # evidence, such as EV-001, EV-004
    written_by = models.CharField(max_length=150)
    written_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ("chain", "content", "item")
        constraints = (models.UniqueConstraint(fields=("chain", "content", "item"), name="one_statement_per_item"),)

    def __str__(self) -> str:
        return f"{self.chain} {self.content}.{self.item}"
