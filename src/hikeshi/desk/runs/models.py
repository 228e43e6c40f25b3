"""Playbooks at work: the run pins a playbook's text, its steps are the queue, each action step keeps its plan and its traces."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Self

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from hikeshi.desk.incidents.models import PHASES, SEVERITIES, Incident
from hikeshi.desk.queue import Queued
from hikeshi.playbooks.states import ENDED

STATES = (
    ("waiting", _("waiting for earlier steps")),
    ("lacking", _("waiting for a fact")),
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
    ("not_needed", _("not needed")),
    ("undo_asked", _("undo waiting for approval")),
    ("undoing", _("being undone")),
    ("undone", _("undone")),
)
KINDS = (
    ("manual", _("by hand")),
    ("action", _("action")),
    ("decision", _("decision")),
    ("wait", _("wait")),
    ("notify", _("message")),
    ("evidence", _("evidence")),
    ("playbook", _("playbook")),
)


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
    """One playbook running for one incident, pinned to the text it had at the start, with the texts of the playbooks that it runs in turn.

    While it is paused nothing opens and workers leave its steps alone; what is undone is undone all the same. `within` is the step of
    another run that this one is.
    """

    STATES = (("running", _("running")), ("paused", _("paused")), ("ended", _("ended")))

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="runs")
    playbook = models.CharField(max_length=80)
    version = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    title = models.JSONField()  # {en, ja}
    text = models.TextField()  # the pinned playbook, canonical JSON
    parts = models.JSONField(default=dict, blank=True)  # name of a playbook: its pinned canonical JSON
    facts = models.JSONField(blank=True)  # by full name: "alert.instance_id", "fact.key_id"
    within = models.ForeignKey("Step", on_delete=models.CASCADE, null=True, blank=True, related_name="runs_within")
    state = models.CharField(max_length=8, choices=STATES, default="running")
    paused_by = models.CharField(max_length=150, blank=True, default="")
    paused_at = models.DateTimeField(null=True, blank=True)
    pause_reason = models.CharField(max_length=500, blank=True, default="")
    ended_at = models.DateTimeField(null=True, blank=True)
    order = models.ForeignKey(StandingOrder, on_delete=models.PROTECT, null=True, blank=True)
    started_at = models.DateTimeField()

    class Meta:
        ordering = ("started_at", "pk")

    def __str__(self) -> str:
        return f"{self.incident} {self.playbook} v{self.version}"


class Step(Queued):
    """One step. People do the manual ones, decide and hand evidence in; an action goes plan, approval, do, check through the workers,
    which also wait, send messages and run playbooks.

    A step with many targets has one row for each beside its own: `part_of` is that one, `item` the target. `since` is when it came into
    its present state; `owner` is the person who has taken it.
    """

    due_at = models.DateTimeField(null=True, blank=True)  # indexed below, where there is one
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="steps")
    kind = models.CharField(max_length=8, choices=KINDS, default="manual")
    part_of = models.ForeignKey("self", on_delete=models.CASCADE, null=True, blank=True, related_name="parts")
    item = models.CharField(max_length=500, blank=True, default="")
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
    since = models.DateTimeField(default=timezone.now)
    choice = models.CharField(max_length=80, blank=True, default="")  # of a decision: the value of the option taken
    owner = models.CharField(max_length=150, blank=True, default="")
    owned_at = models.DateTimeField(null=True, blank=True)
    allowed_by = models.CharField(max_length=150, blank=True, default="")  # who says that so many targets are meant
    plan = models.TextField(blank=True, default="")  # canonical JSON of actions.action.Plan
    plan_digest = models.CharField(max_length=64, blank=True, default="")
    asked_at = models.DateTimeField(null=True, blank=True)
    began_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    outcome = models.JSONField(default=dict, blank=True)  # {en, ja}: what came of it
    grade = models.CharField(max_length=20, blank=True, default="")
    receipts = models.JSONField(default=list, blank=True)  # names of evidence items
    cloud_seconds = models.FloatField(default=0)
    planned_seconds = models.FloatField(default=0)  # that making the plan took, waits for turns left out
    waited_seconds = models.FloatField(default=0)  # for turns, while it was carried out
    requested_by = models.CharField(max_length=150, blank=True, default="")  # who wants what is being asked for
    was = models.CharField(
        max_length=10, blank=True, default=""
    )  # the state to go back to where an undo is turned down
    only = models.JSONField(default=list, blank=True)  # the parts an approver has left in the plan; empty: all

    class Meta:
        ordering = ("run", "place")
        constraints = (models.UniqueConstraint(fields=("run", "key"), name="one_step_per_key"),)
        # Of all the steps few are due at any time: the queue stays short however many runs there are.
        indexes = (
            models.Index(fields=("due_at", "id"), condition=models.Q(due_at__isnull=False), name="steps_that_are_due"),
        )

    def __str__(self) -> str:
        return f"{self.run} {self.key}"

    some_are_short = True

    @property
    def short(self) -> bool:
        return self.kind != "action"

    @classmethod
    def together(cls, rows: models.QuerySet[Any]) -> models.QuerySet[Any]:
        return rows.select_related("run__incident").defer("run__text", "run__parts")

    @classmethod
    def from_db(cls, db: str | None, field_names: Collection[str], values: Collection[Any], **kwargs: Any) -> Self:
        row = super().from_db(db, field_names, values, **kwargs)
        row.was_saved_in = row.__dict__.get("state", "")
        return row

    def save(self, *args: Any, **kwargs: Any) -> None:
        """As ever; `since` follows the state, so that no verb can forget it."""
        if self.state != self.was_saved_in and kwargs.get("update_fields") is not None:
            kwargs["update_fields"] = {*kwargs["update_fields"], "since"}
        self.note_since()
        super().save(*args, **kwargs)

    def note_since(self) -> None:
        """Called by whoever is about to save the step."""
        if self.state != self.was_saved_in:
            self.since = timezone.now()
        self.was_saved_in = self.state

    def refresh_from_db(self, *args: Any, **kwargs: Any) -> None:
        super().refresh_from_db(*args, **kwargs)
        self.was_saved_in = self.__dict__.get("state", "")

    was_saved_in: str = ""

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
