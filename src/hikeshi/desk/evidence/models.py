"""Evidence: what is held, under which hash, and where from. Its custody lines are the ledger entries that name it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.queue import Queued

KINDS = (
    ("disk", _("Disk image")),
    ("file", _("File")),
    ("logs", _("Logs")),
    ("malware", _("Malware sample")),
    ("memory", _("Memory image")),
    ("network", _("Network capture")),
    ("receipt", _("Receipt of an action")),
    ("report", _("Report")),
    ("snapshot", _("Disk snapshot")),
    ("state", _("Volatile state")),
)

MALWARE = "malware"
"""The kind that is always encrypted, and leaves only in a zip with a password."""

TLP = (
    ("red", "TLP:RED"),
    ("amber+strict", "TLP:AMBER+STRICT"),
    ("amber", "TLP:AMBER"),
    ("green", "TLP:GREEN"),
    ("clear", "TLP:CLEAR"),
)
SENSITIVITIES = (("normal", _("Normal")), ("sensitive", _("Sensitive: reads are recorded")))
CHECK_RESULTS = (("match", _("match")), ("mismatch", _("mismatch")), ("could-not-check", _("could not check")))


class Item(Queued):
    """One numbered piece of evidence. `sha256` names its bytes in the locker (of a folder: its manifest).

    What cannot be moved here (a cloud snapshot, an object in a bucket) is `held_at` its place, and the locker keeps the
    receipt that describes it. As a queued row it waits for its next verification.
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
    check_result = models.CharField(max_length=20, blank=True, default="", choices=CHECK_RESULTS)

    # What it is and where it was. Empty means not said: the gap list shows it.
    description = models.TextField(blank=True, default="")
    system = models.CharField(max_length=300, blank=True, default="")  # asset id, serial number or ARN of where it was
    account = models.CharField(max_length=40, blank=True, default="")
    region = models.CharField(max_length=40, blank=True, default="")
    location = models.CharField(max_length=300, blank=True, default="")
    owner = models.CharField(max_length=200, blank=True, default="")
    authority = models.CharField(max_length=300, blank=True, default="")  # legal basis, or who allowed the collection

    # How it was collected: by whom, in whose sight, with what, when, by which clock.
    collector = models.CharField(max_length=150, blank=True, default="")
    witness = models.CharField(max_length=150, blank=True, default="")
    method = models.CharField(max_length=300, blank=True, default="")
    tool = models.CharField(max_length=100, blank=True, default="")
    tool_version = models.CharField(max_length=100, blank=True, default="")
    command = models.TextField(blank=True, default="")
    began_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    clock_source = models.CharField(max_length=100, blank=True, default="")
    clock_offset_us = models.BigIntegerField(null=True, blank=True)  # our clock minus the true time, microseconds

    # Hashes beside SHA-256, and what a container says of itself: kept as recorded, never our integrity value.
    sha512 = models.CharField(max_length=128, blank=True, default="")
    blake3 = models.CharField(max_length=64, blank=True, default="")
    container = models.CharField(max_length=40, blank=True, default="")
    recorded_hashes = models.JSONField(blank=True, default=dict)

    # Who has it, who may see it, how long it stays.
    held_by = models.CharField(max_length=200, blank=True, default="")  # empty: the locker
    lock_proof = models.CharField(max_length=300, blank=True, default="")  # what the storage says of its object lock
    sensitivity = models.CharField(max_length=12, choices=SENSITIVITIES, default="normal")
    tlp = models.CharField(max_length=14, choices=TLP, blank=True, default="")
    retain_until = models.DateField(null=True, blank=True)
    disposed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("incident", "name")
        constraints = (models.UniqueConstraint(fields=("incident", "name"), name="one_item_per_name"),)

    def __str__(self) -> str:
        return f"{self.incident}/{self.name}"


class Transfer(models.Model):
    """One hand-over. The giver stays the holder until the receiver has accepted with the same hash.

    Only the SHA-256 of the link's secret is kept. `means` is how the receiver answers: by the link, or on a signed paper.
    """

    STATES = (
        ("offered", _("Offered")),
        ("accepted", _("Accepted")),
        ("refused", _("Refused")),
        ("withdrawn", _("Withdrawn")),
    )
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="transfers")
    giver = models.CharField(max_length=200)
    receiver = models.CharField(max_length=200)
    receiver_email = models.EmailField(blank=True, default="")
    purpose = models.CharField(max_length=300)
    place = models.CharField(max_length=200, blank=True, default="")
    means = models.CharField(max_length=8, choices=(("link", _("Signed link")), ("paper", _("On paper"))))
    secret_sha256 = models.CharField(max_length=64, blank=True, default="")
    offered_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=STATES, default="offered")
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.CharField(max_length=200, blank=True, default="")
    reason = models.CharField(max_length=500, blank=True, default="")
    hash_before = models.CharField(max_length=64)
    hash_after = models.CharField(max_length=64, blank=True, default="")  # as the receiver computed it
    paper = models.ForeignKey(Item, on_delete=models.PROTECT, null=True, blank=True, related_name="papers")

    class Meta:
        ordering = ("item", "pk")

    def __str__(self) -> str:
        return f"{self.item} to {self.receiver}"


class Hold(models.Model):
    """A legal hold: as long as one stands, nobody may dispose of the item, whatever its retention says."""

    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="holds")
    reason = models.CharField(max_length=500)
    placed_by = models.CharField(max_length=150)
    placed_at = models.DateTimeField()
    lifted_by = models.CharField(max_length=150, blank=True, default="")
    lifted_at = models.DateTimeField(null=True, blank=True)
    lift_reason = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        ordering = ("item", "pk")

    def __str__(self) -> str:
        return f"hold {self.pk} on {self.item}"


class Disposal(models.Model):
    """The end of an item: asked for by one person, approved by another, then done. The record stays."""

    STATES = (("asked", _("Asked")), ("refused", _("Refused")), ("done", _("Done")))
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="disposals")
    method = models.CharField(max_length=200)
    reason = models.CharField(max_length=500)
    asked_by = models.CharField(max_length=150)
    asked_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=STATES, default="asked")
    answered_by = models.CharField(max_length=150, blank=True, default="")
    answered_at = models.DateTimeField(null=True, blank=True)
    answer_reason = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        ordering = ("item", "pk")

    def __str__(self) -> str:
        return f"disposal of {self.item}"


VOLATILITY = (
    ("memory", _("Memory")),
    ("state", _("Sockets and processes")),
    ("network", _("Network traffic")),
    ("disk", _("Disk")),
    ("logs", _("Logs")),
    ("cloud", _("Cloud metadata")),
    ("media", _("Media and paper")),
)
"""What evidence can be, the most volatile first (RFC 3227 section 2.1, with cloud words)."""


class Planned(models.Model):
    """One line of an incident's evidence plan: what is to be collected from where, and how far that is."""

    STATES = (("pending", _("Pending")), ("held", _("Held")), ("failed", _("Failed")), ("waived", _("Waived")))
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="planned_evidence")
    kind = models.CharField(max_length=8, choices=VOLATILITY)
    target = models.CharField(max_length=300)
    state = models.CharField(max_length=8, choices=STATES, default="pending")
    reason = models.CharField(max_length=500, blank=True, default="")
    settled_by = models.CharField(max_length=150, blank=True, default="")
    settled_at = models.DateTimeField(null=True, blank=True)
    item = models.ForeignKey(Item, on_delete=models.PROTECT, null=True, blank=True, related_name="planned")

    class Meta:
        ordering = ("incident", "pk")
        constraints = (models.UniqueConstraint(fields=("incident", "kind", "target"), name="one_line_per_target"),)

    def __str__(self) -> str:
        return f"{self.incident}: {self.kind} of {self.target}"
