"""What arrived: every delivery byte for byte, the alerts it was understood as, and the groups of alerts with one cause."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from hikeshi.desk.accounts.models import Person
from hikeshi.desk.queue import Queued
from hikeshi.desk.sealed import SealedText

VERDICTS = (
    ("true", _("True positive")),
    ("false", _("False positive")),
    ("benign", _("Benign")),
    ("duplicate", _("Duplicate")),
    ("test", _("Test")),
    ("exercise", _("Exercise")),
)

STATES = (
    ("waiting", _("waiting")),
    ("snoozed", _("snoozed")),
    ("suppressed", _("suppressed")),
    ("judged", _("judged")),
    ("taken", _("in an incident")),
    ("merged", _("merged")),
)


class Suppression(models.Model):
    """Alerts that are hidden from the queue until a day, with an owner and a reason. They are kept and counted all the same.

    `match` holds fields that must all be equal: source, kind, account, and observables as "principal", "address" and so on.
    What is suggested as SEV-1 is hidden only where `hides_sev1` says that somebody wanted this too.
    """

    match = models.JSONField()
    reason = models.CharField(max_length=1000)
    owner = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="suppressions")
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(max_length=150, blank=True, default="")
    hides_sev1 = models.BooleanField(default=False)

    class Meta:
        ordering = ("-made_at", "-pk")

    def __str__(self) -> str:
        return f"SUP-{self.pk}"


class Group(Queued):
    """Alerts of one cause, which a person judges at once. Due for a worker when a snooze ends.

    While `joinable`, a new alert with the same fingerprint joins; a judged, taken or old group is closed, and the next alert opens
    a new one. `answer_by` is when the response time of the suggested severity ends. `size` and `times_seen` count its own alerts; a
    group merged into another keeps its alerts, and is shown and judged with that one. `version` grows when a person changes the group
    and when it becomes worse, not with every alert: in a storm nobody could judge it. `reopened` is what had been decided where something
    worse has brought it back ({verdict, by, said, at, new}); `weighed_at` is when the suggestion was last made with the asset register.
    """

    fingerprint = models.CharField(max_length=64)
    joinable = models.BooleanField(default=True)
    state = models.CharField(max_length=10, choices=STATES, default="waiting")
    source = models.CharField(max_length=40)
    title = models.CharField(max_length=300)
    kind = models.CharField(max_length=200)
    account = models.CharField(max_length=20, blank=True, default="")
    score = models.FloatField(default=0)
    simulated = models.BooleanField(default=False)
    size = models.PositiveIntegerField(default=0)  # alerts
    times_seen = models.PositiveIntegerField(default=0)  # repeats of each included
    first_at = models.DateTimeField()  # when the first arrived
    last_at = models.DateTimeField()  # when the newest arrived
    suggested_severity = models.PositiveSmallIntegerField(null=True, blank=True)
    reasons = models.JSONField(default=list, blank=True)  # [{en, ja}], why this severity
    answer_by = models.DateTimeField(default=timezone.now)
    assigned_to = models.ForeignKey(
        Person, on_delete=models.SET_NULL, null=True, blank=True, related_name="assigned_groups"
    )
    verdict = models.CharField(max_length=10, choices=VERDICTS, blank=True, default="")
    why = models.CharField(max_length=40, blank=True, default="")  # the structured reason
    verdict_reason = models.TextField(blank=True, default="")
    judged_by = models.CharField(max_length=150, blank=True, default="")
    judged_at = models.DateTimeField(null=True, blank=True)
    snoozed_until = models.DateTimeField(null=True, blank=True)
    snoozed_by = models.CharField(max_length=150, blank=True, default="")
    snooze_reason = models.CharField(max_length=1000, blank=True, default="")
    suppression = models.ForeignKey(Suppression, on_delete=models.PROTECT, null=True, blank=True, related_name="groups")
    merged_into = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="merged")
    reopened = models.JSONField(default=dict, blank=True)
    weighed_at = models.DateTimeField(default=timezone.now)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ("answer_by", "pk")
        indexes = (
            models.Index(
                fields=("weighed_at",), condition=models.Q(state__in=("waiting", "snoozed")), name="group_weighed"
            ),
            models.Index(fields=("state", "answer_by", "id"), name="group_queue"),
            models.Index(fields=("fingerprint",), name="group_fingerprint"),
            models.Index(fields=("kind", "id"), name="group_kind"),
            models.Index(fields=("judged_at", "id"), name="group_judged"),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("fingerprint",), condition=models.Q(joinable=True), name="one_joinable_group"
            ),
        )

    def __str__(self) -> str:
        return f"GRP-{self.pk}"


class Question(models.Model):
    """What somebody was asked about a group ("was this you?"); the answer ends it."""

    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="questions")
    to = models.CharField(max_length=200)
    text = models.CharField(max_length=1000)
    asked_by = models.CharField(max_length=150)
    asked_at = models.DateTimeField()
    answer = models.TextField(blank=True, default="")
    answered_by = models.CharField(max_length=150, blank=True, default="")
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("asked_at", "pk")

    def __str__(self) -> str:
        return f"question {self.pk}"


class Observable(models.Model):
    """Something the alerts of a group name, by which groups and incidents are related. `kind` is one of signals.signal.Kind."""

    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="observables")
    kind = models.CharField(max_length=12)
    value = models.CharField(max_length=300)
    first_at = models.DateTimeField()

    class Meta:
        ordering = ("kind", "value")
        indexes = (models.Index(fields=("kind", "value"), name="observable_value"),)
        constraints = (models.UniqueConstraint(fields=("group", "kind", "value"), name="one_observable_per_group"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.value}"


class Alert(Queued):
    """A sign that something may be wrong, normalised. `key` makes it one row however often it is delivered.

    Due for a worker until it has been answered by a standing order or left for people.
    """

    key = models.CharField(max_length=200, unique=True)
    group = models.ForeignKey(Group, on_delete=models.PROTECT, related_name="alerts")
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
    """One payload, exactly as it came. `problem` is set where it could not be understood, in whole or in part: it waits for a person,
    who has it read again once the reason is mended, or dismisses it.
    """

    alerts = models.ManyToManyField(Alert, related_name="deliveries", blank=True)
    source = models.CharField(max_length=40)
    message_id = models.CharField(max_length=200, blank=True, default="")
    payload = models.BinaryField()
    payload_sha256 = models.CharField(max_length=64)
    received_at = models.DateTimeField()
    problem = models.TextField(blank=True, default="")
    dismissed_at = models.DateTimeField(null=True, blank=True)
    dismissed_by = models.CharField(max_length=150, blank=True, default="")
    dismiss_reason = models.CharField(max_length=1000, blank=True, default="")

    class Meta:
        ordering = ("-received_at", "-pk")
        verbose_name_plural = "deliveries"
        indexes = (
            models.Index(
                fields=("id",), condition=~models.Q(problem="") & models.Q(dismissed_at=None), name="delivery_aside"
            ),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("source", "message_id"), condition=~models.Q(message_id=""), name="one_delivery_per_message"
            ),
        )

    def __str__(self) -> str:
        return f"delivery {self.pk}"


SOURCE_KINDS = (
    ("webhook", _("Webhook")),
    ("queue", _("Queue")),
    ("mail", _("Mailbox")),
    ("form", _("Form")),
)

PROOFS = (
    ("hmac", _("Signature with time stamp")),
    ("hub", _("Signature without time stamp")),
    ("token", _("Token")),
)


class Source(models.Model):
    """Somebody who may hand alerts in. `name` is what its deliveries and alerts say as their source.

    `proof` says how a webhook shows that it is the one it says: `hmac` signs time stamp and body, `hub` (as GitHub does) the body alone,
    `token` is sent along. The secret of a signature is encrypted; of a token only its SHA-256 is kept, in hex. After a rotation the
    secret before works until `before_until`.
    """

    name = models.SlugField(max_length=40, unique=True)
    kind = models.CharField(max_length=8, choices=SOURCE_KINDS, default="webhook")
    reader = models.CharField(max_length=80, blank=True, default="")  # a shape or mapping; empty: known by content
    proof = models.CharField(max_length=5, choices=PROOFS, default="hmac")
    secret = SealedText(blank=True, default="")
    token_sha256 = models.CharField(max_length=64, blank=True, default="")
    secret_before = SealedText(blank=True, default="")
    token_before_sha256 = models.CharField(max_length=64, blank=True, default="")
    before_until = models.DateTimeField(null=True, blank=True)
    rotated_at = models.DateTimeField()
    window_seconds = models.PositiveIntegerField(default=300)  # how old or how early a signed time stamp may be
    size_limit = models.PositiveIntegerField(default=1024 * 1024)  # bytes of one payload
    per_minute = models.PositiveIntegerField(default=60_000)  # payloads, of each serving process
    silent_seconds = models.PositiveIntegerField(default=0)  # silent longer than this is a trouble; 0: never
    enabled = models.BooleanField(default=True)
    owner = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, blank=True, related_name="sources")
    made_at = models.DateTimeField()
    last_seen_at = models.DateTimeField(null=True, blank=True)
    deliveries = models.PositiveBigIntegerField(default=0)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name
