"""What the organisation has and must protect: who owns it, how critical it is, what data it holds."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from hikeshi.desk.accounts.models import Contact

ENVIRONMENTS = (
    ("production", _("production")),
    ("staging", _("staging")),
    ("development", _("development")),
    ("test", _("test")),
)

CRITICALITIES = ((1, _("vital")), (2, _("high")), (3, _("medium")), (4, _("low")))


class Asset(models.Model):
    """One line of the asset register. `identifier` is what alerts call it: an instance id, an ARN, a host, an address, an account.

    `data` is a list of words: personal, payment, credentials, secret, health.
    """

    identifier = models.CharField(max_length=300, unique=True)
    name = models.CharField(max_length=200, blank=True, default="")
    kind = models.CharField(max_length=20, blank=True, default="")  # of signals.signal.Kind, where known
    owner = models.ForeignKey(Contact, on_delete=models.SET_NULL, null=True, blank=True, related_name="assets")
    owner_name = models.CharField(
        max_length=200, blank=True, default=""
    )  # as the source says, where no contact is meant
    criticality = models.PositiveSmallIntegerField(choices=CRITICALITIES, default=3)
    environment = models.CharField(max_length=12, choices=ENVIRONMENTS, blank=True, default="")
    data = models.JSONField(default=list, blank=True)
    account = models.CharField(max_length=20, blank=True, default="")
    tags = models.JSONField(default=dict, blank=True)
    source = models.CharField(max_length=40, blank=True, default="")  # csv, aws, by hand
    updated_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("criticality", "identifier")
        indexes = (models.Index(fields=("-updated_at",), name="asset_changed"),)

    def __str__(self) -> str:
        return self.name or self.identifier


class Lookup(models.Model):
    """What a service outside said of an observable, kept so that it is not asked, and told, twice. `answer` is cut, and never trusted."""

    kind = models.CharField(max_length=12)
    value = models.CharField(max_length=300)
    enricher = models.CharField(max_length=40)
    answer = models.TextField(blank=True, default="")
    problem = models.CharField(max_length=500, blank=True, default="")
    asked_by = models.CharField(max_length=150)
    asked_at = models.DateTimeField()

    class Meta:
        ordering = ("-asked_at", "-pk")
        indexes = (models.Index(fields=("kind", "value", "enricher"), name="lookup_of"),)

    def __str__(self) -> str:
        return f"{self.enricher} {self.kind} {self.value}"
