"""The cloud accounts that actions may reach, what in them is never touched, and the switch that stops everything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext_lazy as _

from hikeshi.desk.assets.models import ENVIRONMENTS
from hikeshi.desk.queue import Queued

if TYPE_CHECKING:
    from hikeshi.actions.aws.policy import Role

MODES = (
    ("ask", _("each containment is approved")),
    ("confirmed", _("confirmed threats are contained by standing orders")),
    ("suspected", _("suspected threats too are contained by standing orders")),
)


class Account(models.Model):
    """One account of a provider, how to enter it, and how far Hikeshi may go there without a person.

    An unknown environment counts as production. Without a role the worker's own credentials are used as they are.
    `regions` is a list of names; empty means any. Nothing here is a secret: the external id is a name, not a password.
    """

    provider = models.CharField(max_length=10, default="aws")
    number = models.CharField(max_length=40)
    name = models.CharField(max_length=80, blank=True, default="")
    environment = models.CharField(max_length=12, choices=ENVIRONMENTS, blank=True, default="")
    regions = models.JSONField(default=list, blank=True)
    read_role = models.CharField(max_length=200, blank=True, default="")
    acquire_role = models.CharField(max_length=200, blank=True, default="")
    contain_role = models.CharField(max_length=200, blank=True, default="")
    eradicate_role = models.CharField(max_length=200, blank=True, default="")  # empty: the role that contains
    external_id = models.CharField(max_length=200, blank=True, default="")
    mode = models.CharField(max_length=10, choices=MODES, default="ask")
    evidence_bucket = models.CharField(max_length=100, blank=True, default="")
    evidence_key = models.CharField(max_length=300, blank=True, default="")  # ARN of the KMS key of evidence
    forensic_account = models.CharField(max_length=40, blank=True, default="")
    management = models.BooleanField(default=False)
    added_by = models.CharField(max_length=150)
    added_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("provider", "number")
        constraints = (models.UniqueConstraint(fields=("provider", "number"), name="one_account_per_number"),)

    def __str__(self) -> str:
        return f"{self.name or self.provider} {self.number}"

    @property
    def roles(self) -> dict[Role, str]:
        """By what is done with them; empty: the credentials of the worker."""
        return {
            "read": self.read_role,
            "acquire": self.acquire_role,
            "contain": self.contain_role,
            "eradicate": self.eradicate_role or self.contain_role,
        }


class Protected(models.Model):
    """What no action ever changes: an id, a name or an ARN, with * and ?. Our own infrastructure stands here first."""

    pattern = models.CharField(max_length=300, unique=True)
    reason = models.CharField(max_length=300)
    added_by = models.CharField(max_length=150)
    added_at = models.DateTimeField()

    class Meta:
        ordering = ("pattern",)

    def __str__(self) -> str:
        return self.pattern


class Halt(models.Model):
    """The kill switch: while one is in force no action changes anything in the account (empty: in any). Undoing is held up as well."""

    account = models.CharField(max_length=40, blank=True, default="")
    reason = models.CharField(max_length=300)
    by = models.CharField(max_length=150)
    at = models.DateTimeField()
    lifted_by = models.CharField(max_length=150, blank=True, default="")
    lifted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-at",)

    def __str__(self) -> str:
        return self.account or "*"


class Readiness(models.Model):
    """Would it work now? The latest answer for one question about one account, replaced whenever it is asked again.

    `action` is empty for questions about the account itself. `answer`: yes, no, or unknown where it could not be found out.
    `said` is {found: {en, ja}, todo: {en, ja} or null}: what was found, and what to do about it.
    """

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="readiness")
    region = models.CharField(max_length=30, blank=True, default="")
    question = models.CharField(max_length=120)
    action = models.CharField(max_length=60, blank=True, default="")
    resource = models.CharField(max_length=200, blank=True, default="")
    answer = models.CharField(max_length=8, choices=(("yes", _("yes")), ("no", _("no")), ("unknown", _("unknown"))))
    said = models.JSONField()
    asked_at = models.DateTimeField()

    class Meta:
        ordering = ("account", "action", "question", "region", "resource")
        constraints = (
            models.UniqueConstraint(
                fields=("account", "region", "question", "action", "resource"), name="one_answer_per_question"
            ),
        )

    def __str__(self) -> str:
        return f"{self.account} {self.action or self.question}: {self.answer}"


class Asking(Queued):
    """The daily round of questions through all accounts. One row, which is always there (`apps.py`); each account that was asked is an entry of the ledger."""

    asked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return "the round of questions to accounts"
