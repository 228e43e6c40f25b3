"""People who sign in, the links and tokens that let them, and the contact list that says whom to reach."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _

from hikeshi.desk.sealed import SealedText

LANGUAGES = (("en", "English"), ("ja", "日本語"))

ROLES = (
    ("admin", _("Administrator")),
    ("commander", _("Commander")),
    ("responder", _("Responder")),
    ("observer", _("Observer")),
)


class Person(AbstractUser):
    """One person who can sign in. `role` is what they may do everywhere; roles on an incident are in `incidents`."""

    role = models.CharField(max_length=12, choices=ROLES, default="observer")
    language = models.CharField(max_length=2, choices=LANGUAGES, blank=True, default="")
    time_zone = models.CharField(max_length=60, blank=True, default="")
    theme = models.CharField(max_length=6, choices=(("light", _("Light")), ("dark", _("Dark"))), blank=True, default="")

    def __str__(self) -> str:
        return self.get_full_name() or self.username


class Invite(models.Model):
    """A link that works once: only the SHA-256 of its secret is kept."""

    secret_sha256 = models.CharField(max_length=64, unique=True)
    role = models.CharField(max_length=12, choices=ROLES)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, null=True, blank=True)
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"invite {self.pk} ({self.role})"


class Token(models.Model):
    """An API token of a person: only the SHA-256 of its secret is kept."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=80)
    secret_sha256 = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name


class Contact(models.Model):
    """One line of the contact list. `duty` is the incident role this contact fills; lower levels are reached first.

    `phone` and `email` are the first of the ways of that kind. A retired line stays, because roles and the ledger speak of it.
    """

    name = models.CharField(max_length=120)
    duty = models.CharField(max_length=30)
    level = models.PositiveSmallIntegerField(default=1)
    phone = models.CharField(max_length=40, blank=True, default="")
    email = models.EmailField(blank=True, default="")
    person = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, blank=True, related_name="contacts")
    language = models.CharField(max_length=2, choices=LANGUAGES, blank=True, default="")  # empty: the house's
    time_zone = models.CharField(max_length=60, blank=True, default="")
    quiet_from = models.TimeField(null=True, blank=True)  # no messages below SEV-2 from then, in the contact's zone
    quiet_to = models.TimeField(null=True, blank=True)
    verified_at = models.DateTimeField(null=True, blank=True)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("duty", "level", "name")
        constraints = (
            models.UniqueConstraint(
                fields=("duty", "level", "name"),
                condition=models.Q(retired_at__isnull=True),
                name="one_line_per_contact",
            ),
        )

    def __str__(self) -> str:
        return self.name


CHANNELS = (
    ("phone", _("telephone")),
    ("sms", _("SMS")),
    ("mail", _("mail")),
    ("chat", _("chat")),
    ("pager", _("pager")),
)


class Way(models.Model):
    """One way to reach a contact, in the order to try. `address` is a number or mail address, or the link of a service.

    `verified_at` is when somebody last saw it work. `failing_at` is since when messages come back, `failing_why` what the server said of the
    last one: it is tried last then, until a message arrives again or somebody says that it works.
    """

    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="ways")
    place = models.PositiveSmallIntegerField(default=1)
    channel = models.CharField(max_length=10, choices=CHANNELS)
    address = SealedText()
    verified_at = models.DateTimeField(null=True, blank=True)
    verified_by = models.CharField(max_length=150, blank=True, default="")
    failing_at = models.DateTimeField(null=True, blank=True)
    failing_why = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        ordering = ("contact", "place", "pk")

    def __str__(self) -> str:
        return f"{self.contact} {self.channel}"
