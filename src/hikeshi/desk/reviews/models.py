"""Reviews: the post-mortem of an incident, blameless, begun from the record."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from hikeshi.desk.incidents.models import Incident

STATES = (("draft", _("Draft")), ("in-review", _("In review")), ("reviewed", _("Reviewed")))


class Review(models.Model):
    """One per incident. `causes` are candidates with their source in the record; people confirm or drop them."""

    incident = models.OneToOneField(Incident, on_delete=models.PROTECT, related_name="review")
    state = models.CharField(max_length=10, choices=STATES, default="draft")
    summary = models.JSONField()  # {en, ja}
    causes = models.JSONField(blank=True)  # [{kind, kind_ja, text: {en, ja}, source}]
    measures = models.JSONField(blank=True)  # [{en, ja}]
    started_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.incident} post-mortem"
