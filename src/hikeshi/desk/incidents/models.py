"""The incident: what burns, how badly, who answers for it. Status, phases and clocks are three separate things."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from hikeshi.desk.accounts.models import Contact, Person
from hikeshi.desk.alerts.models import Alert

SEVERITIES = ((1, _("critical")), (2, _("high")), (3, _("medium")), (4, _("low")))
STATUSES = (
    ("declared", _("Declared")),
    ("active", _("Active")),
    ("monitoring", _("Monitoring")),
    ("resolved", _("Resolved")),
    ("closed", _("Closed")),
)
PHASES = (
    ("detection_analysis", _("Detection and analysis")),
    ("containment", _("Containment")),
    ("eradication", _("Eradication")),
    ("recovery", _("Recovery")),
    ("lessons_learned", _("Lessons learned")),
)
DUTIES = (
    ("incident_commander", _("Incident Commander")),
    ("deputy_commander", _("Deputy commander")),
    ("technical_lead", _("Technical Lead")),
    ("communications_lead", _("Communications Lead")),
    ("responder", _("Responder")),
    ("scribe", _("Scribe")),
    ("support", _("Support")),
    ("observer", _("Observer")),
)


class Incident(models.Model):
    """One incident. `name` (INC-2026-001) is what people say and what its ledger chain is called.

    `version` grows with every change: a writer names the version they saw, so that no update is lost.
    """

    name = models.CharField(max_length=20, unique=True)
    title = models.CharField(max_length=300)
    summary = models.TextField(blank=True, default="")
    severity = models.PositiveSmallIntegerField(choices=SEVERITIES)
    severity_reason = models.TextField(blank=True, default="")
    status = models.CharField(max_length=12, choices=STATUSES, default="declared")
    simulated = models.BooleanField(default=False)
    alerts = models.ManyToManyField(Alert, related_name="incidents", blank=True)
    occurred_at = models.DateTimeField(null=True, blank=True)
    detected_at = models.DateTimeField()
    declared_at = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    contained_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ("severity", "-declared_at", "-pk")

    def __str__(self) -> str:
        return self.name


class Phase(models.Model):
    """A phase an incident has entered. Several can be active; going back opens it again."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="phases")
    name = models.CharField(max_length=20, choices=PHASES)
    entered_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("entered_at", "pk")
        constraints = (models.UniqueConstraint(fields=("incident", "name"), name="one_row_per_phase"),)

    def __str__(self) -> str:
        return f"{self.incident} {self.name}"


class Role(models.Model):
    """Who answers for what. A contact without an account holds a role too; a person gains access by it."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="roles")
    duty = models.CharField(max_length=30, choices=DUTIES)
    contact = models.ForeignKey(Contact, on_delete=models.PROTECT, null=True, blank=True)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="roles")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("since", "pk")

    def __str__(self) -> str:
        return str(self.contact or self.person or "")
