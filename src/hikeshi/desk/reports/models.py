"""Reports: text made from the record at one moment and frozen under its hash."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from hikeshi.desk.incidents.models import Incident

KINDS = (("incident", _("Incident report")), ("post-mortem", _("Post-mortem")))


class Report(models.Model):
    """A frozen text in one language. `ledger_seq` says how much of the record it was made from."""

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="reports")
    kind = models.CharField(max_length=12, choices=KINDS)
    language = models.CharField(max_length=2)
    markdown = models.TextField()
    html = models.TextField()
    sha256 = models.CharField(max_length=64)
    ledger_seq = models.PositiveBigIntegerField()
    frozen_at = models.DateTimeField()
    frozen_by = models.CharField(max_length=150)

    class Meta:
        ordering = ("-frozen_at", "-pk")

    def __str__(self) -> str:
        return f"{self.incident} {self.kind} {self.language}"
