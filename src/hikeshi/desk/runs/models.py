"""Playbooks at work: the run pins a playbook's text, its steps are the queue, each action step keeps its plan and its traces."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from hikeshi.desk.incidents.models import PHASES, SEVERITIES, Incident
from hikeshi.desk.queue import Queued

STATES = (
    ("waiting", _("waiting for earlier steps")),
    ("open", _("to do")),
    ("planning", _("being planned")),
    ("asked", _("waiting for approval")),
    ("approved", _("approved")),
    ("running", _("running")),
    ("pending", _("waiting for the result")),
    ("done", _("done")),
    ("partial", _("partly done")),
    ("refused", _("refused")),
    ("failed", _("failed")),
    ("unknown", _("unknown: look before acting")),
    ("skipped", _("skipped")),
    ("undo_asked", _("undo waiting for approval")),
    ("undoing", _("being undone")),
    ("undone", _("undone")),
)
ENDED = frozenset({"done", "partial", "refused", "failed", "unknown", "skipped", "undone"})


class StandingOrder(models.Model):
    """A response approved in advance: when such a finding comes, open an incident and run this playbook without waiting.

    An alert matches when its type starts with one of `finding_types`, its score is at least `min_score`, its resource is the ACTOR,
    and its account is listed (an empty list means any). Samples, archived findings and repeats never match.
    """

    name = models.CharField(max_length=80, unique=True)
    enabled = models.BooleanField(default=True)
    finding_types = models.JSONField()
    min_score = models.FloatField(default=7.0)
    accounts = models.JSONField(default=list, blank=True)
    playbook = models.CharField(max_length=80)
    severity = models.PositiveSmallIntegerField(choices=SEVERITIES)
    max_per_hour = models.PositiveSmallIntegerField(default=5)
    approved_by = models.CharField(max_length=150)
    approved_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    regions = models.JSONField(default=list, blank=True)
    environments = models.JSONField(default=list, blank=True)
    kinds = models.JSONField(default=list, blank=True)  # of assets
    roles = models.JSONField(default=list, blank=True)  # of assets: their tag `role`
    criticalities = models.JSONField(default=list, blank=True)  # of assets, 1 to 4
    hours_from = models.TimeField(null=True, blank=True)  # in the installation's time zone; may go over midnight
    hours_until = models.TimeField(null=True, blank=True)
    max_per_account = models.PositiveSmallIntegerField(default=5)  # runs an hour
    max_resources = models.PositiveSmallIntegerField(default=20)  # in one plan
    max_resources_per_hour = models.PositiveSmallIntegerField(default=50)  # in one account
    max_failed_percent = models.PositiveSmallIntegerField(default=50)  # of its calls within an hour
    reapply = models.BooleanField(default=False)  # set it again where somebody reverts it
    version = models.PositiveIntegerField(default=1)
    approvals = models.JSONField(default=list, blank=True)  # of this version: {by, at}
    tripped_at = models.DateTimeField(null=True, blank=True)  # it has stopped itself
    tripped_why = models.JSONField(default=dict, blank=True)  # {en, ja}

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    @property
    def yeses(self) -> int:
        """How many people stand behind its present version."""
        return len({one["by"] for one in self.approvals})


class Run(models.Model):
    """One playbook running for one incident, pinned to the text it had at the start."""

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="runs")
    playbook = models.CharField(max_length=80)
    version = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    title = models.JSONField()  # {en, ja}
    text = models.TextField()  # the pinned playbook, canonical JSON
    facts = models.JSONField(blank=True)
    order = models.ForeignKey(StandingOrder, on_delete=models.PROTECT, null=True, blank=True)
    started_at = models.DateTimeField()

    class Meta:
        ordering = ("started_at", "pk")

    def __str__(self) -> str:
        return f"{self.incident} {self.playbook} v{self.version}"


class Step(Queued):
    """One step. A manual one is done by people; an action one goes plan, approval, do, check through the workers."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="steps")
    key = models.CharField(max_length=20)
    place = models.PositiveSmallIntegerField()
    phase = models.CharField(max_length=20, choices=PHASES)
    title = models.JSONField()  # {en, ja}
    text = models.JSONField()  # {en, ja}
    role = models.CharField(max_length=30, blank=True, default="")
    after = models.JSONField(default=list, blank=True)
    action = models.CharField(max_length=60, blank=True, default="")
    inputs = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=10, choices=STATES, default="waiting")
    plan = models.TextField(blank=True, default="")  # canonical JSON of actions.action.Plan
    plan_digest = models.CharField(max_length=64, blank=True, default="")
    asked_at = models.DateTimeField(null=True, blank=True)
    began_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    outcome = models.JSONField(default=dict, blank=True)  # {en, ja}: what came of it
    grade = models.CharField(max_length=20, blank=True, default="")
    receipts = models.JSONField(default=list, blank=True)  # names of evidence items
    cloud_seconds = models.FloatField(default=0)
    requested_by = models.CharField(max_length=150, blank=True, default="")  # who wants what is being asked for
    was = models.CharField(
        max_length=10, blank=True, default=""
    )  # the state to go back to where an undo is turned down
    only = models.JSONField(default=list, blank=True)  # the parts an approver has left in the plan; empty: all

    class Meta:
        ordering = ("run", "place")
        constraints = (models.UniqueConstraint(fields=("run", "key"), name="one_step_per_key"),)

    def __str__(self) -> str:
        return f"{self.run} {self.key}"

    @property
    def ended(self) -> bool:
        return self.state in ENDED


class Approval(models.Model):
    """Someone's yes or no to exactly one plan, or to undoing it: it holds for this digest and for nothing else, once.

    `ended` is empty while it counts. A person has at most one that counts for each plan and purpose.
    """

    PURPOSES = (("do", _("carry out")), ("undo", _("undo")))
    ENDS = (
        ("", _("counts")),
        ("expired", _("expired")),
        ("redeemed", _("redeemed")),
        ("revoked", _("taken back")),
    )

    step = models.ForeignKey(Step, on_delete=models.CASCADE, related_name="approvals")
    plan_digest = models.CharField(max_length=64)
    purpose = models.CharField(max_length=4, choices=PURPOSES, default="do")
    yes = models.BooleanField(default=True)
    by = models.CharField(max_length=150)
    person_id = models.PositiveBigIntegerField(null=True, blank=True)
    order = models.ForeignKey(StandingOrder, on_delete=models.PROTECT, null=True, blank=True)
    glass = models.BooleanField(default=False)  # the glass was broken: nobody else was asked
    reason = models.CharField(max_length=500, blank=True, default="")
    at = models.DateTimeField()
    ended = models.CharField(max_length=8, choices=ENDS, blank=True, default="")
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(
                fields=("step", "plan_digest", "purpose", "by"), condition=models.Q(ended=""), name="one_answer_each"
            ),
        )

    def __str__(self) -> str:
        return f"{self.by} {self.plan_digest[:12]}"


class BrokenGlass(models.Model):
    """An action that was carried out without the yeses it needed. Somebody else looks at it afterwards, within a day."""

    step = models.ForeignKey(Step, on_delete=models.PROTECT, related_name="glass")
    plan_digest = models.CharField(max_length=64)
    by = models.CharField(max_length=150)
    reason = models.CharField(max_length=500)
    at = models.DateTimeField()
    due_at = models.DateTimeField()
    closed_by = models.CharField(max_length=150, blank=True, default="")
    closed_at = models.DateTimeField(null=True, blank=True)
    right = models.BooleanField(null=True, blank=True)  # whether it was right to, as the reviewer found
    note = models.TextField(blank=True, default="")

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.step} {self.by}"


class Lease(models.Model):
    """Which step may change a resource now, until when. One row for each resource of an account that somebody is changing."""

    account = models.CharField(max_length=40, blank=True, default="")
    resource = models.CharField(max_length=300)
    step = models.ForeignKey(Step, on_delete=models.CASCADE, related_name="leases")
    until = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("account", "resource"), name="one_step_per_resource"),)

    def __str__(self) -> str:
        return f"{self.resource} {self.step}"


class Watch(Queued):
    """A containment that is looked at again and again, until it is undone. `said` is what the last look found."""

    STATES = (("holds", _("holds")), ("reverted", _("set back by somebody else")))

    step = models.OneToOneField(Step, on_delete=models.CASCADE, related_name="watch")
    state = models.CharField(max_length=8, choices=STATES, default="holds")
    since = models.DateTimeField()
    looked_at = models.DateTimeField(null=True, blank=True)
    said = models.JSONField(default=dict, blank=True)  # {en, ja}
    reapplied = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ("step",)

    def __str__(self) -> str:
        return f"{self.step} {self.state}"


class Intent(models.Model):
    """A changing call, written before it is sent and completed when its answer is known."""

    step = models.ForeignKey(Step, on_delete=models.CASCADE, related_name="intents")
    operation = models.CharField(max_length=80)
    params = models.JSONField()
    at = models.DateTimeField()
    outcome = models.CharField(max_length=20, blank=True, default="")
    request_id = models.CharField(max_length=100, blank=True, default="")
    seconds = models.FloatField(null=True, blank=True)
    error = models.TextField(blank=True, default="")

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.operation} {self.outcome or 'sent'}"
