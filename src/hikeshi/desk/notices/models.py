"""Who is told what, by which way, how often it was tried, and who has said "I have it".

`Notice` is one message to one recipient. `Escalation` is one urgent thing that goes on, and up, until it is acknowledged. Both are made in
the same transaction in which the ledger entry they come from is marked as looked at, so that each entry counts exactly once.
"""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from hikeshi.desk.accounts.models import LANGUAGES, Contact, Person
from hikeshi.desk.alerts.models import Group
from hikeshi.desk.duties.models import Clock
from hikeshi.desk.incidents.models import SEVERITIES, Incident
from hikeshi.desk.ledger.models import Entry
from hikeshi.desk.queue import Queued
from hikeshi.desk.sealed import SealedText


class Channel(models.Model):
    """A place of the organisation that messages go to (a chat room, a pager service), or a gateway for SMS.

    `service` is one of channels.CHANNELS. Messages from incidents up to and with `from_severity` go there (4: all of them).
    """

    name = models.CharField(max_length=60, unique=True)
    service = models.CharField(max_length=20)
    address = SealedText()
    language = models.CharField(max_length=2, choices=LANGUAGES, blank=True, default="")  # empty: the house's
    from_severity = models.PositiveSmallIntegerField(choices=SEVERITIES, default=4)
    enabled = models.BooleanField(default=True)
    tested_at = models.DateTimeField(null=True, blank=True)
    last_at = models.DateTimeField(null=True, blank=True)
    last_problem = models.CharField(max_length=500, blank=True, default="")  # empty: the last one went through

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class Escalation(models.Model):
    """One urgent thing nobody has acknowledged yet. `due_at` is when its next step (policy.py) fires; empty: it has stopped.

    `step` counts the steps that have fired. `key` names the thing, so that it is begun once.
    """

    key = models.CharField(max_length=160, unique=True)
    chain = models.CharField(max_length=80)
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, null=True, blank=True, related_name="escalations")
    group = models.ForeignKey(Group, on_delete=models.CASCADE, null=True, blank=True, related_name="escalations")
    clock = models.ForeignKey(Clock, on_delete=models.CASCADE, null=True, blank=True, related_name="escalations")
    template = models.CharField(max_length=30)
    facts = models.JSONField(default=dict)  # what its texts are filled with, {en, ja}
    duty = models.CharField(max_length=200)  # a role, or as `audience.reached` has it
    severity = models.PositiveSmallIntegerField(choices=SEVERITIES)
    step = models.PositiveSmallIntegerField(default=0)
    began_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True, db_index=True)
    stopped_at = models.DateTimeField(null=True, blank=True)
    stopped_why = models.CharField(max_length=20, blank=True, default="")  # acknowledged, over, replaced
    acknowledged_by = models.CharField(max_length=150, blank=True, default="")

    class Meta:
        ordering = ("-began_at", "-pk")
        indexes = (
            models.Index(fields=("chain", "template"), condition=models.Q(stopped_at=None), name="escalation_running"),
        )

    def __str__(self) -> str:
        return self.key


NOTICE_STATES = (
    ("waiting", _("to be sent")),
    ("sent", _("sent")),
    ("delivered", _("delivered")),
    ("failed", _("not delivered")),
    ("acknowledged", _("acknowledged")),
    ("dropped", _("no longer needed")),
    ("unreachable", _("no way is known")),
)


class Notice(Queued):
    """One message to one recipient: a contact (or a person without a line on the list), by one way after the other, or a channel.

    Queued until it was sent or all ways have failed. `sent` is what a service has taken on; `delivered` what it, or the recipient's mail
    server, says has arrived. `folded` is how many more of the same it stands for. `heard` are the SHA-256 (the first 16 digits, hex) of mails
    that came back about it, each of which counts once.
    """

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, null=True, blank=True, related_name="notices")
    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    escalation = models.ForeignKey(Escalation, on_delete=models.CASCADE, null=True, blank=True, related_name="notices")
    contact = models.ForeignKey(Contact, on_delete=models.SET_NULL, null=True, blank=True, related_name="notices")
    person = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, blank=True, related_name="notices")
    channel = models.ForeignKey(Channel, on_delete=models.SET_NULL, null=True, blank=True, related_name="notices")
    recipient = models.CharField(max_length=120)  # the name, which stays when the contact goes
    level = models.PositiveSmallIntegerField(default=0)  # of the escalation when it was made
    template = models.CharField(max_length=30)
    language = models.CharField(max_length=2, choices=LANGUAGES)
    subject = models.CharField(max_length=300)
    body = models.TextField()  # as sent, but for the link to acknowledge
    severity = models.PositiveSmallIntegerField(choices=SEVERITIES, default=4)
    urgent = models.BooleanField(default=False)
    exercise = models.BooleanField(default=False)
    folded = models.PositiveIntegerField(default=0)
    fold = models.CharField(max_length=200, blank=True, default="")  # what is the same thing for the same recipient
    state = models.CharField(max_length=12, choices=NOTICE_STATES, default="waiting")
    made_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    heard = models.JSONField(default=list, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.CharField(max_length=150, blank=True, default="")

    class Meta:
        ordering = ("-made_at", "-pk")
        indexes = (
            models.Index(fields=("fold", "-made_at"), name="notice_fold"),
            models.Index(fields=("state", "-made_at"), name="notice_state"),
        )

    def __str__(self) -> str:
        return f"notice {self.pk}"

    @property
    def tried_at(self) -> datetime | None:
        last = self.tries.last()
        return last.at if last else None


OUTCOMES = (
    ("begun", _("begun")),
    ("taken", _("taken by the service")),
    ("delivered", _("delivered")),
    ("failed", _("failed")),
    ("refused", _("refused")),
    ("returned", _("came back")),
    ("unknown", _("unknown")),
)


class Attempt(models.Model):
    """One try to deliver a notice. Written before it is sent: one that stays `begun` may have arrived."""

    notice = models.ForeignKey(Notice, on_delete=models.CASCADE, related_name="tries")
    way = models.CharField(max_length=30)  # one of the recipient's, see ways.py
    service = models.CharField(max_length=20)
    where = models.CharField(max_length=120)  # as it may be shown
    at = models.DateTimeField()
    outcome = models.CharField(max_length=9, choices=OUTCOMES, default="begun")
    answer = models.CharField(max_length=500, blank=True, default="")  # what the service said, without secrets

    class Meta:
        ordering = ("at", "pk")
        indexes = (models.Index(fields=("service", "where", "at"), name="attempt_rate"),)

    def __str__(self) -> str:
        return f"{self.notice} {self.service} {self.outcome}"
