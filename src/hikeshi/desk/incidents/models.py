"""The incident: what burns, how badly, who answers for it. Status, phases and clocks are three separate things."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from hikeshi.desk.accounts.models import Contact, Person
from hikeshi.desk.alerts.models import Alert
from hikeshi.desk.assets.models import Asset
from hikeshi.desk.sealed import SealedText

SEVERITIES = ((1, _("critical")), (2, _("high")), (3, _("medium")), (4, _("low")))
STATUSES = (
    ("declared", _("Declared")),
    ("active", _("Active")),
    ("monitoring", _("Monitoring")),
    ("resolved", _("Resolved")),
    ("closed", _("Closed")),
    ("merged", _("Merged")),
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
    ("legal_support", _("Legal")),
    ("pr_support", _("Public relations")),
    ("hr_support", _("Human resources")),
    ("support", _("Support")),
    ("observer", _("Observer")),
)
FUNCTIONAL_IMPACTS = (("none", _("none")), ("low", _("low")), ("medium", _("medium")), ("high", _("high")))
INFORMATION_IMPACTS = (
    ("none", _("none")),
    ("privacy", _("privacy breach")),
    ("proprietary", _("proprietary breach")),
    ("integrity", _("integrity loss")),
)
RECOVERABILITIES = (
    ("regular", _("regular")),
    ("supplemented", _("supplemented")),
    ("extended", _("extended")),
    ("not_recoverable", _("not recoverable")),
)
MARKINGS = (
    ("clear", "TLP:CLEAR"),
    ("green", "TLP:GREEN"),
    ("amber", "TLP:AMBER"),
    ("amber+strict", "TLP:AMBER+STRICT"),
    ("red", "TLP:RED"),
)


class Incident(models.Model):
    """One incident. `name` (INC-2026-001) is what people say and what its ledger chain is called.

    `version` grows with every change: a writer names the version they saw, so that no update is lost.
    A `restricted` one is for those with a role on it or an `Access`, whatever else they may do. `quiet`: the attacker may be reading,
    or be one of us; `unaware` says who must not know, `exposed_domains` which mail or chat domains the attacker may read.
    The impacts are those of NIST SP 800-61 Rev. 2, section 3.2.6; empty: not judged yet. `update_every` is seconds between updates,
    where it is not that of the severity.
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
    code_name = models.CharField(max_length=40, blank=True, default="")
    exercise = models.BooleanField(default=False)
    restricted = models.BooleanField(default=False)
    quiet = models.BooleanField(default=False)
    unaware = models.TextField(blank=True, default="")
    exposed_domains = models.JSONField(default=list, blank=True)
    marking = models.CharField(max_length=12, choices=MARKINGS, default="amber")
    functional_impact = models.CharField(max_length=8, choices=FUNCTIONAL_IMPACTS, blank=True, default="")
    information_impact = models.CharField(max_length=12, choices=INFORMATION_IMPACTS, blank=True, default="")
    recoverability = models.CharField(max_length=16, choices=RECOVERABILITIES, blank=True, default="")
    update_every = models.PositiveIntegerField(null=True, blank=True)
    merged_into = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="merged")
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ("severity", "-declared_at", "-pk")

    def __str__(self) -> str:
        return self.name

    @property
    def public_name(self) -> str:
        """What may be said of it outside its own pages (lists, notices, subjects): of a restricted one the code name alone."""
        return (self.code_name or self.name) if self.restricted else self.title


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
    called_for = models.CharField(max_length=40, blank=True, default="")  # the fact whose rule called them in

    class Meta:
        ordering = ("since", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=("incident",),
                condition=models.Q(duty="incident_commander", until__isnull=True),
                name="one_commander_at_a_time",
            ),
        )

    def __str__(self) -> str:
        return str(self.contact or self.person or "")


class Access(models.Model):
    """A person who may read a restricted incident without a role on it."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="accesses")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="accesses")
    reason = models.CharField(max_length=500)
    given_by = models.CharField(max_length=150)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("since", "pk")
        verbose_name_plural = "accesses"

    def __str__(self) -> str:
        return f"{self.incident} {self.person}"


LINKS = (
    ("related", _("related to")),
    ("caused_by", _("caused by")),
    ("same_actor", _("same attacker as")),
    ("duplicate", _("duplicate of")),
)


class Link(models.Model):
    """Two incidents that have to do with each other."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="links")
    other = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="linked_from")
    kind = models.CharField(max_length=10, choices=LINKS, default="related")
    reason = models.CharField(max_length=500, blank=True, default="")
    made_by = models.CharField(max_length=150)
    made_at = models.DateTimeField()

    class Meta:
        ordering = ("made_at", "pk")
        constraints = (models.UniqueConstraint(fields=("incident", "other", "kind"), name="one_link_per_kind"),)

    def __str__(self) -> str:
        return f"{self.incident} {self.kind} {self.other}"


class CounselNote(models.Model):
    """A note for counsel only: the ledger holds its SHA-256, never its text."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="counsel_notes")
    text = SealedText()
    text_sha256 = models.CharField(max_length=64)
    written_by = models.CharField(max_length=150)
    written_at = models.DateTimeField()

    class Meta:
        ordering = ("written_at", "pk")

    def __str__(self) -> str:
        return f"{self.incident} counsel note {self.pk}"


COMPROMISES = (
    ("unknown", _("unknown")),
    ("suspected", _("suspected")),
    ("confirmed", _("confirmed")),
    ("not_compromised", _("not compromised")),
)
CLEARANCES = (
    ("open", _("open")),
    ("contained", _("contained")),
    ("cleaned", _("cleaned")),
    ("cleared", _("cleared for use")),
)


class AffectedAsset(models.Model):
    """An asset in the incident: whether it is compromised, and whether it may be used again."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="assets")
    identifier = models.CharField(max_length=300)
    asset = models.ForeignKey(Asset, on_delete=models.SET_NULL, null=True, blank=True, related_name="incidents")
    compromise = models.CharField(max_length=16, choices=COMPROMISES, default="unknown")
    clearance = models.CharField(max_length=10, choices=CLEARANCES, default="open")
    note = models.CharField(max_length=1000, blank=True, default="")
    changed_by = models.CharField(max_length=150)
    changed_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ("identifier",)
        constraints = (models.UniqueConstraint(fields=("incident", "identifier"), name="one_row_per_asset"),)

    def __str__(self) -> str:
        return f"{self.incident} {self.identifier}"


class Decision(models.Model):
    """A decision of the response: the question, the options, what was chosen and objected, and what was thought of it later.

    While `chosen` is empty it is open, and `decide_by` says until when.
    """

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="decisions")
    question = models.CharField(max_length=500)
    options = models.JSONField(default=list, blank=True)  # of texts
    chosen = models.CharField(max_length=500, blank=True, default="")
    reason = models.TextField(blank=True, default="")
    objections = models.JSONField(default=list, blank=True)  # of {by, text}
    decide_by = models.DateTimeField(null=True, blank=True)
    asked_by = models.CharField(max_length=150)
    asked_at = models.DateTimeField()
    decided_by = models.CharField(max_length=150, blank=True, default="")
    decided_at = models.DateTimeField(null=True, blank=True)
    later_verdict = models.TextField(blank=True, default="")  # for the post-mortem: how it looks with what is known now
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ("asked_at", "pk")

    def __str__(self) -> str:
        return f"{self.incident} decision {self.pk}"


TASK_STATES = (("open", _("open")), ("taken", _("taken")), ("done", _("done")), ("dropped", _("dropped")))


class Task(models.Model):
    """One piece of work with one owner and a time limit; `taken` once the owner has said yes."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="tasks")
    title = models.CharField(max_length=300)
    owner = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="tasks")
    state = models.CharField(max_length=8, choices=TASK_STATES, default="open")
    due = models.DateTimeField(null=True, blank=True)
    outcome = models.TextField(blank=True, default="")
    made_by = models.CharField(max_length=150)
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ("due", "pk")

    def __str__(self) -> str:
        return f"{self.incident} task {self.pk}"


SECTIONS = (("objective", _("Objective now")), ("impact", _("Impact")), ("next", _("Next")))


class Section(models.Model):
    """One part of the state document, written by people and versioned by itself; the rest of that page is read from the record."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="sections")
    key = models.CharField(max_length=12, choices=SECTIONS)
    text = models.TextField(blank=True, default="")
    written_by = models.CharField(max_length=150)
    written_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ("incident", "key")
        constraints = (models.UniqueConstraint(fields=("incident", "key"), name="one_section_per_key"),)

    def __str__(self) -> str:
        return f"{self.incident} {self.key}"


HANDOVER_STATES = (
    ("proposed", _("proposed")),
    ("accepted", _("accepted")),
    ("declined", _("declined")),
    ("withdrawn", _("withdrawn")),
)


class Handover(models.Model):
    """A role that is being passed on. Until `accepted`, the one who holds it stays accountable.

    `brief` is what the system wrote at proposal, {en, ja} by part; `say_back` is what the new one said is most urgent.
    """

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="handovers")
    duty = models.CharField(max_length=30, choices=DUTIES)
    giver = models.ForeignKey(Role, on_delete=models.PROTECT, null=True, blank=True, related_name="given")
    receiver = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="handovers")
    state = models.CharField(max_length=10, choices=HANDOVER_STATES, default="proposed")
    brief = models.JSONField(default=dict)
    words = models.TextField(blank=True, default="")  # said by the old one
    say_back = models.TextField(blank=True, default="")
    reason = models.CharField(max_length=500, blank=True, default="")  # of a refusal or withdrawal
    proposed_by = models.CharField(max_length=150)
    proposed_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("proposed_at", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=("incident", "duty"), condition=models.Q(state="proposed"), name="one_open_handover_per_role"
            ),
        )

    def __str__(self) -> str:
        return f"{self.incident} {self.duty} to {self.receiver}"
