"""Simulations of playbooks that somebody asked for: what was played, and what came of it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from hikeshi.desk.queue import Queued

STATES = (
    ("waiting", _("waiting")),
    ("passed", _("passed")),
    ("failed", _("failed")),
    ("broken", _("could not be played")),
)


class Rehearsal(Queued):
    """One version of a playbook, played once in all its ways by a worker. `text` is the playbook as canonical JSON, pinned.

    `report` is that of `simulation.simulating`, `actions` the fingerprints of its actions then; `said` why it could not be played.
    """

    playbook = models.CharField(max_length=80, db_index=True)
    playbook_version = models.PositiveIntegerField()
    digest = models.CharField(max_length=64, db_index=True)
    text = models.TextField(max_length=2 * 1024 * 1024)
    state = models.CharField(max_length=8, choices=STATES, default="waiting")
    asked_by = models.CharField(max_length=150)
    asked_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    ways = models.PositiveIntegerField(default=0)
    report = models.JSONField(default=dict, blank=True)
    actions = models.JSONField(default=dict, blank=True)
    said = models.CharField(max_length=2000, blank=True, default="")

    def __str__(self) -> str:
        return f"{self.playbook} {self.playbook_version}"
