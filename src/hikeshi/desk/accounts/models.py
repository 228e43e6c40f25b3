"""People who sign in, the links and tokens that let them, and the contact list that says whom to reach."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _

ROLES = (
    ("admin", _("Administrator")),
    ("commander", _("Commander")),
    ("responder", _("Responder")),
    ("observer", _("Observer")),
)


class Person(AbstractUser):
    """One person who can sign in. `role` is what they may do everywhere; roles on an incident are in `incidents`."""

    role = models.CharField(max_length=12, choices=ROLES, default="observer")
    language = models.CharField(max_length=2, choices=(("en", "English"), ("ja", "日本語")), blank=True, default="")
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
    """One line of the contact list. `duty` is the incident role this contact fills; lower levels are reached first."""

    name = models.CharField(max_length=120)
    duty = models.CharField(max_length=30)
    level = models.PositiveSmallIntegerField(default=1)
    phone = models.CharField(max_length=40, blank=True, default="")
    email = models.EmailField(blank=True, default="")
    person = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, blank=True, related_name="contacts")
    verified_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("duty", "level", "name")
        constraints = (models.UniqueConstraint(fields=("duty", "level", "name"), name="one_line_per_contact"),)

    def __str__(self) -> str:
        return self.name
