"""The record: one hash chain per incident, one for the organisation. Rows are appended by `verbs.append` and never changed."""

from __future__ import annotations

from django.db import models

ORGANISATION = "organisation"


class Chain(models.Model):
    """One chain and its head. The head is what tells a cut-off tail from a short chain."""

    name = models.CharField(max_length=80, unique=True)
    head_seq = models.PositiveBigIntegerField(default=0)
    head_hash = models.CharField(max_length=64, default="0" * 64)

    def __str__(self) -> str:
        return self.name


class Entry(models.Model):
    """One line of the record. `data` is canonical JSON (RFC 8785); `hash` covers every other column (custody/chain.py)."""

    chain = models.ForeignKey(Chain, on_delete=models.PROTECT, related_name="entries")
    seq = models.PositiveBigIntegerField()
    time = models.CharField(max_length=27)  # text: the very characters that were hashed
    actor = models.CharField(max_length=150)
    door = models.CharField(max_length=20)
    verb = models.CharField(max_length=60)
    object = models.CharField(max_length=120)
    data = models.TextField()
    prev = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        ordering = ("chain", "seq")
        constraints = (models.UniqueConstraint(fields=("chain", "seq"), name="one_entry_per_place"),)
        indexes = (models.Index(fields=("chain", "object")), models.Index(fields=("chain", "verb")))

    def __str__(self) -> str:
        return f"{self.chain_id}/{self.seq} {self.verb}"
