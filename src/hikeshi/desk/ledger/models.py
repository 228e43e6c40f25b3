"""The record: one hash chain per incident, one for the organisation. Rows are appended by `verbs.append` and never changed.

Beside it what lets a stranger believe it: the Merkle tree over each chain, its signed checkpoints, and what the outside world holds of
them (time-stamp tokens, copies elsewhere).
"""

from __future__ import annotations

from django.db import models

from hikeshi.desk.queue import Queued

ORGANISATION = "organisation"


class Chain(Queued):
    """One chain and its head. The head is what tells a cut-off tail from a short chain.

    As a queued row it waits for a worker to sign its next checkpoint; `due_at` is set by the first entry after the last one.
    """

    name = models.CharField(max_length=80, unique=True)
    head_seq = models.PositiveBigIntegerField(default=0)
    head_hash = models.CharField(max_length=64, default="0" * 64)
    told_seq = models.PositiveBigIntegerField(default=0)  # up to here notices have looked at the entries
    untold_since = models.DateTimeField(null=True, blank=True)  # empty: they have seen all of them

    class Meta:
        indexes = (
            models.Index(
                fields=("untold_since",), condition=models.Q(untold_since__isnull=False), name="chains_to_look_at"
            ),
        )

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


class SigningKey(models.Model):
    """A key that has signed checkpoints of this instance. Only the public half is here; `place` says where the private one is.

    The oldest one names the instance for good (see `checkpoints.origin`); the newest without `until` signs.
    """

    fingerprint = models.CharField(max_length=64, unique=True)  # SHA-256 of the public key's DER (SubjectPublicKeyInfo)
    algorithm = models.CharField(max_length=16)  # ed25519 or ecdsa-p256
    public = models.TextField()  # PEM
    place = models.CharField(max_length=300)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("since", "pk")

    def __str__(self) -> str:
        return self.fingerprint[:16]


class Tile(models.Model):
    """Up to 256 neighbouring hashes of one level of a chain's Merkle tree (C2SP tlog-tiles), 32 bytes each.

    Level 0 holds leaf hashes; one hash of level n + 1 stands for a full tile of level n.
    """

    chain = models.ForeignKey(Chain, on_delete=models.PROTECT, related_name="tiles")
    level = models.PositiveSmallIntegerField()
    index = models.PositiveBigIntegerField()
    hashes = models.BinaryField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("chain", "level", "index"), name="one_tile_per_place"),)

    def __str__(self) -> str:
        return f"{self.chain_id}/{self.level}/{self.index}"


class Checkpoint(models.Model):
    """The root over the first `size` entries of a chain, as a signed note (C2SP tlog-checkpoint). Never changed."""

    chain = models.ForeignKey(Chain, on_delete=models.PROTECT, related_name="checkpoints")
    size = models.PositiveBigIntegerField()
    root = models.CharField(max_length=64)
    note = models.TextField()  # the whole signed note, byte for byte
    made_at = models.DateTimeField()

    class Meta:
        ordering = ("chain", "size", "pk")

    def __str__(self) -> str:
        return f"{self.chain} at {self.size}"


class Round(Queued):
    """The daily round through all chains, and what the last one found. One row, which is always there (`apps.py`); each round is an entry too."""

    checked_at = models.DateTimeField(null=True, blank=True)
    chains = models.PositiveIntegerField(default=0)
    entries = models.PositiveBigIntegerField(default=0)
    problems = models.PositiveBigIntegerField(default=0)
    damaged = models.JSONField(default=list, blank=True)  # the first places: [chain, seq, kind]

    def __str__(self) -> str:
        return "the round through the ledger"


ANCHOR_STATES = (("waiting", "waiting"), ("held", "held"), ("refused", "refused"))


class Stamp(Queued):
    """One RFC 3161 time stamp of a checkpoint's note by one authority, waiting for the authority or held."""

    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.PROTECT, related_name="stamps")
    authority = models.CharField(max_length=300)
    state = models.CharField(max_length=8, choices=ANCHOR_STATES, default="waiting")
    reply = models.BinaryField(default=b"")  # the TimeStampResp, DER, as it came
    said_at = models.DateTimeField(null=True, blank=True)  # the authority's time, not ours
    problem = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        ordering = ("checkpoint", "pk")
        constraints = (models.UniqueConstraint(fields=("checkpoint", "authority"), name="one_stamp_per_authority"),)
        indexes = (models.Index(fields=("authority", "state")),)

    def __str__(self) -> str:
        return f"{self.checkpoint} by {self.authority}"


class Copy(Queued):
    """One copy of a checkpoint outside the instance (a file, an object under lock, a webhook, a mail), waiting or held."""

    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.PROTECT, related_name="copies")
    place = models.CharField(max_length=300)
    state = models.CharField(max_length=8, choices=ANCHOR_STATES, default="waiting")
    receipt = models.CharField(
        max_length=500, blank=True, default=""
    )  # version id, message id: what proves it is there
    problem = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        ordering = ("checkpoint", "pk")
        constraints = (models.UniqueConstraint(fields=("checkpoint", "place"), name="one_copy_per_place"),)
        indexes = (models.Index(fields=("place", "state")),)

    def __str__(self) -> str:
        return f"{self.checkpoint} at {self.place}"
