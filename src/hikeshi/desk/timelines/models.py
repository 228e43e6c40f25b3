"""Timelines: the events of sealed logs in order, and the marks people and rules put on them."""

from __future__ import annotations

import uuid
from pathlib import Path

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from hikeshi.desk.evidence.models import Item
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.queue import Queued
from hikeshi.events.detect.titles import title as titled
from hikeshi.text import Text

STATES = (("asked", _("waiting to be built")), ("ready", _("ready")), ("failed", _("failed")))
MARKS = (
    ("attacker", _("Attacker")),
    ("suspect", _("Suspected attacker")),
    ("responder", _("Responder")),
    ("star", _("Star")),
)
NOTES = (("star", _("Star")), ("tag", _("Tag")), ("comment", _("Comment")))
LEVELS = (
    ("critical", _("critical")),
    ("high", _("high")),
    ("medium", _("medium")),
    ("low", _("low")),
    ("informational", _("informational")),
)


class Timeline(Queued):
    """One event store over sealed logs. `report` is what the build counted, unreadable lines with their places included."""

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="timelines")
    name = models.CharField(max_length=80)
    place = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)  # its folder: never used again by another
    items = models.ManyToManyField(Item, related_name="timelines")
    # What people said of the sources' clocks and fields: events.assumed.Assumption.
    assumed = models.JSONField(default=list, blank=True)
    state = models.CharField(max_length=8, choices=STATES, default="asked")
    problem = models.TextField(blank=True, default="")
    report = models.JSONField(default=dict, blank=True)
    built_at = models.DateTimeField(null=True, blank=True)
    detection = models.JSONField(default=dict, blank=True)  # what asking the rules counted, with the errors of rules

    class Meta:
        ordering = ("incident", "name")
        constraints = (models.UniqueConstraint(fields=("incident", "name"), name="one_timeline_per_name"),)

    def __str__(self) -> str:
        return f"{self.incident}/{self.name}"

    @property
    def folder(self) -> Path:
        return Path(settings.ENVIRONMENT.home) / "timelines" / self.incident.name / str(self.place)

    @property
    def hits_outdated(self) -> bool:
        """Whether the rules were asked of another store than the one that stands now: their hits are of the events of then."""
        same = self.state == "ready" and self.detection.get("store") == self.report.get("store")
        return bool(self.detection) and not same


class Mark(models.Model):
    """Says of all events where `field` is `value` whose they are. Kept apart from the events, so that it can be taken back."""

    timeline = models.ForeignKey(Timeline, on_delete=models.CASCADE, related_name="marks")
    kind = models.CharField(max_length=10, choices=MARKS)
    field = models.CharField(max_length=40)
    value = models.CharField(max_length=300)
    reason = models.TextField()
    events = models.PositiveBigIntegerField()
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=150)

    class Meta:
        ordering = ("pk",)
        constraints = (models.UniqueConstraint(fields=("timeline", "kind", "field", "value"), name="one_mark_each"),)

    def __str__(self) -> str:
        return f"{self.kind}: {self.field} {self.value}"


class Hit(models.Model):
    """One rule that hit events of a timeline. `selector` is a store's `where` that finds the first of these events."""

    timeline = models.ForeignKey(Timeline, on_delete=models.CASCADE, related_name="hits")
    rule = models.CharField(max_length=200)
    title = models.CharField(max_length=400)
    file = models.CharField(max_length=400)
    level = models.CharField(max_length=16, blank=True, default="", choices=LEVELS)
    techniques = models.JSONField(default=list, blank=True)
    events = models.PositiveBigIntegerField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    selector = models.JSONField(default=dict)
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=150)

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.title} ({self.events})"

    @property
    def titles(self) -> Text:
        """The title in both languages, where the rule is one of our own."""
        return titled(self.title)


class EventNote(models.Model):
    """A star, a tag or a comment on one event. Kept apart from the events, like marks, which speak of many events at once.

    `event_uid` is the event's id in hexadecimal and `ts` its time in UTC microseconds: both stay true when the timeline is rebuilt.
    """

    timeline = models.ForeignKey(Timeline, on_delete=models.CASCADE, related_name="notes")
    event_uid = models.CharField(max_length=32)
    ts = models.BigIntegerField()
    kind = models.CharField(max_length=8, choices=NOTES)
    text = models.TextField(max_length=2000, blank=True, default="")
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=150)

    class Meta:
        ordering = ("ts", "event_uid", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=("timeline", "event_uid", "kind", "text"),
                condition=~models.Q(kind="comment"),  # the same may be said twice
                name="one_star_and_tag_each",
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind}: {self.text or self.event_uid}"


class SavedSearch(models.Model):
    """A question somebody wants to ask again. `query` holds what of a store's `Query` is set; `tags` and `starred` narrow it by notes."""

    timeline = models.ForeignKey(Timeline, on_delete=models.CASCADE, related_name="searches")
    name = models.CharField(max_length=80)
    query = models.JSONField(default=dict, blank=True)
    tags = models.JSONField(default=list, blank=True)
    starred = models.BooleanField(default=False)
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=150)

    class Meta:
        ordering = ("name",)
        constraints = (models.UniqueConstraint(fields=("timeline", "name"), name="one_search_per_name"),)

    def __str__(self) -> str:
        return self.name
