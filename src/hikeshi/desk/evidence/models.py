"""Evidence: what is held, under which hash, and where from. Its custody lines are the ledger entries that name it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from hikeshi.desk.incidents.models import Incident

KINDS = (
    ("file", _("File")),
    ("logs", _("Logs")),
    ("memory", _("Memory image")),
    ("receipt", _("Receipt of an action")),
    ("report", _("Report")),
    ("snapshot", _("Disk snapshot")),
)


class Item(models.Model):
    """One numbered piece of evidence. `sha256` names its bytes in the locker (of a folder: its manifest).

    What cannot be moved here (a cloud snapshot, an object in a bucket) is `held_at` its place, and the locker keeps the
    receipt that describes it.
    """

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="evidence")
    name = models.CharField(max_length=20)  # EV-001, per incident
    title = models.CharField(max_length=300)
    kind = models.CharField(max_length=12, choices=KINDS)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()
    files = models.PositiveIntegerField(default=0)  # how many a manifest lists; 0: the bytes themselves, no manifest
    source = models.CharField(max_length=500, blank=True, default="")
    held_at = models.CharField(max_length=500, blank=True, default="")
    simulated = models.BooleanField(default=False)
    sealed_at = models.DateTimeField()
    sealed_by = models.CharField(max_length=150)
    checked_at = models.DateTimeField(null=True, blank=True)
    check_result = models.CharField(max_length=20, blank=True, default="")

    class Meta:
        ordering = ("incident", "name")
        constraints = (models.UniqueConstraint(fields=("incident", "name"), name="one_item_per_name"),)

    def __str__(self) -> str:
        return f"{self.incident}/{self.name}"
