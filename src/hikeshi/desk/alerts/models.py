"""What arrived: every delivery byte for byte, and the alert it was understood as."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from hikeshi.desk.queue import Queued

VERDICTS = (
    ("true", _("True positive")),
    ("false", _("False positive")),
    ("benign", _("Benign")),
    ("test", _("Test")),
)


class Alert(Queued):
    """A sign that something may be wrong, normalised. `key` makes it one row however often it is delivered.

    Due for a worker until it has been answered by a standing order or left for people.
    """

    key = models.CharField(max_length=200, unique=True)
    source = models.CharField(max_length=40)
    title = models.CharField(max_length=300)
    kind = models.CharField(max_length=200)
    score = models.FloatField(default=0)
    account = models.CharField(max_length=20, blank=True, default="")
    region = models.CharField(max_length=30, blank=True, default="")
    instance_id = models.CharField(max_length=40, blank=True, default="")
    resource_role = models.CharField(max_length=10, blank=True, default="")
    remote_address = models.CharField(max_length=60, blank=True, default="")
    principal = models.CharField(max_length=200, blank=True, default="")
    sample = models.BooleanField(default=False)
    archived = models.BooleanField(default=False)
    simulated = models.BooleanField(default=False)
    times_seen = models.PositiveIntegerField(default=1)
    first_seen_at = models.DateTimeField(null=True, blank=True)
    last_seen_at = models.DateTimeField(null=True, blank=True)
    received_at = models.DateTimeField()
    suggested_severity = models.PositiveSmallIntegerField(null=True, blank=True)
    reasons = models.JSONField(default=list, blank=True)  # [{en, ja}], why this severity
    verdict = models.CharField(max_length=10, choices=VERDICTS, blank=True, default="")
    verdict_reason = models.TextField(blank=True, default="")
    answer = models.JSONField(
        default=dict, blank=True
    )  # {en, ja}: what was done about it without a person, or why nothing was

    class Meta:
        ordering = ("-received_at", "-pk")

    def __str__(self) -> str:
        return f"ALR-{self.pk}"


class Delivery(models.Model):
    """One payload, exactly as it came. `problem` is set where it could not be understood: it waits for a person."""

    alert = models.ForeignKey(Alert, on_delete=models.PROTECT, null=True, blank=True, related_name="deliveries")
    source = models.CharField(max_length=40)
    message_id = models.CharField(max_length=200, blank=True, default="", db_index=True)
    payload = models.BinaryField()
    payload_sha256 = models.CharField(max_length=64)
    received_at = models.DateTimeField()
    problem = models.TextField(blank=True, default="")

    class Meta:
        ordering = ("-received_at", "-pk")
        verbose_name_plural = "deliveries"

    def __str__(self) -> str:
        return f"delivery {self.pk}"
