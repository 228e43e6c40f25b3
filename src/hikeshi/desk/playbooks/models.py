"""An organisation's own playbooks: drafts that people write, what others say of them, and the versions that were published."""

from __future__ import annotations

from typing import Literal

from django.db import models
from django.utils.translation import gettext_lazy as _

STATES = (
    ("draft", _("draft")),
    ("in_review", _("in review")),
    ("published", _("published")),
    ("withdrawn", _("withdrawn")),
)
OPEN = ("draft", "in_review")
"""The states in which a text is still worked at. One such draft of a playbook at a time: two would overtake each other."""


Proven = Literal["passed", "failed", "broken", "queued", "stale", "never"]
"""How the simulation of exactly one text stands; "stale": it has passed, with actions that have changed since."""


class Draft(models.Model):
    """One text on its way to be published. `version` is the row's, for compare-and-swap; the playbook's own is in its text.

    `digest` is that of the playbook as it was handed in for review, "" while it is written; a yes counts for exactly this digest.
    """

    name = models.CharField(max_length=80)
    text = models.TextField(max_length=256 * 1024)
    state = models.CharField(max_length=10, choices=STATES, default="draft")
    version = models.PositiveIntegerField(default=1)
    digest = models.CharField(max_length=64, blank=True, default="")
    based_on = models.PositiveIntegerField(default=0)  # the version of the shelf that it began with, 0 for none
    based_digest = models.CharField(max_length=64, blank=True, default="")
    author = models.CharField(max_length=150)
    writers = models.JSONField(default=list)  # everybody whose words are in it: none of them reviews it
    started_at = models.DateTimeField()
    edited_at = models.DateTimeField()
    edited_by = models.CharField(max_length=150)

    class Meta:
        ordering = ("name", "-pk")
        constraints = (
            models.UniqueConstraint(fields=("name",), condition=models.Q(state__in=OPEN), name="one_open_draft_each"),
        )

    def __str__(self) -> str:
        return f"draft {self.pk}"


class Review(models.Model):
    """What one person says of a draft as it was handed in. `yes` is false where it goes back to its author."""

    draft = models.ForeignKey(Draft, on_delete=models.PROTECT, related_name="reviews")
    digest = models.CharField(max_length=64)
    person = models.CharField(max_length=150)
    yes = models.BooleanField()
    reason = models.TextField(max_length=2000, blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.person}: {'yes' if self.yes else 'no'}"


class Published(models.Model):
    """A version that runs may be started with. Never changed but for being retired; a run that has begun keeps its own copy.

    `text` is the canonical JSON, `digest` its SHA-256 and `signature` (hex) that of the key with `key` as its fingerprint over it;
    `source` is the YAML that people wrote.
    """

    name = models.CharField(max_length=80)
    playbook_version = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    text = models.TextField()
    source = models.TextField()
    signature = models.CharField(max_length=200)
    key = models.CharField(max_length=64)
    author = models.CharField(max_length=150)
    reviewers = models.JSONField(default=list)
    origin = models.CharField(max_length=8)  # the door it came through
    published_by = models.CharField(max_length=150)
    published_at = models.DateTimeField()
    simulated = models.CharField(
        max_length=8, blank=True, default=""
    )  # Proven, "" of those from before it was asked for
    without_why = models.CharField(
        max_length=500, blank=True, default=""
    )  # why it was published without a passed simulation
    retired_at = models.DateTimeField(null=True, blank=True)
    retired_by = models.CharField(max_length=150, blank=True, default="")
    retired_why = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        ordering = ("name", "-playbook_version")
        constraints = (models.UniqueConstraint(fields=("name", "playbook_version"), name="one_text_per_version"),)

    def __str__(self) -> str:
        return f"{self.name} v{self.playbook_version}"
