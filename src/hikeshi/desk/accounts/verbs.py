"""What may be done to people, their links, their tokens and the contact list."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from hikeshi.desk.accounts.models import ROLES, Contact, Invite, Person, Token, Way
from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.actor import Actor, Door, Role
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.ledger.models import ORGANISATION
from hikeshi.errors import Refused

INVITE_LIFE = timedelta(hours=24)
GONE = "This link is not valid: it was used, has expired, or was never issued."


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def actor_of(person: Person, door: Door) -> Actor:
    """The actor a person is when coming through `door`."""
    role: Role = "observer"
    for name in ("admin", "commander", "responder"):
        if person.role == name:
            role = name
    return Actor(name=str(person), door=door, role=role, person_id=person.pk)


@transaction.atomic
def first_admin(username: str, *, actor: Actor) -> Person:
    """Make the first administrator, without a password. Refused once anybody exists."""
    if Person.objects.exists():
        raise Refused("There are people already.", hint="An administrator can invite more: `hikeshi user invite`.")
    person = Person(username=username, role="admin", is_staff=True)
    person.set_unusable_password()
    person.full_clean(exclude=["password"])
    person.save()
    ledger.append(ORGANISATION, actor=actor, verb="account.create", obj=username, data={"role": "admin"})
    return person


@transaction.atomic
def invite(*, actor: Actor, role: str, person: Person | None = None) -> str:
    """Make a link that works once and for 24 hours. Returns its secret, which is not kept."""
    require(actor, "manage")
    if role not in dict(ROLES):
        raise Refused(f"{role!r} is not a role.", hint=f"Use one of: {', '.join(dict(ROLES))}.")
    secret = secrets.token_urlsafe(24)
    now = timezone.now()
    Invite.objects.create(
        secret_sha256=_digest(secret), role=role, person=person, made_at=now, expires_at=now + INVITE_LIFE
    )
    ledger.append(
        ORGANISATION, actor=actor, verb="account.invite", obj=str(person or role), data={"role": role, "hours": 24}
    )
    return secret


def open_invite(secret: str) -> Invite:
    """The invite behind a secret, if it still works. Raises `Refused`, always with the same words."""
    found = Invite.objects.filter(
        secret_sha256=_digest(secret), used_at__isnull=True, expires_at__gt=timezone.now()
    ).first()
    if found is None:
        raise Refused(GONE, hint="Ask an administrator for a new one: `hikeshi user invite`.")
    return found


@transaction.atomic
def accept_invite(secret: str, *, username: str, password: str, language: str = "") -> Person:
    """Spend the link: the invited person chooses a name and a password. Raises `Refused` when it is spent already."""
    found = open_invite(secret)
    if Invite.objects.filter(pk=found.pk, used_at__isnull=True).update(used_at=timezone.now()) != 1:
        raise Refused(GONE)
    person = found.person or Person(role=found.role)
    person.username, person.language, person.is_staff = username, language, found.role == "admin"
    try:
        person.full_clean(exclude=["password"])
        validate_password(password, person)
    except ValidationError as problem:
        raise Refused(" ".join(problem.messages), hint="Choose another one; the link still works.") from problem
    person.set_password(password)
    person.save()
    actor = Actor(name=username, door="console", role="observer", person_id=person.pk)
    ledger.append(ORGANISATION, actor=actor, verb="account.accept", obj=username, data={"role": person.role})
    return person


@transaction.atomic
def issue_token(person: Person, name: str, *, actor: Actor, expires_at: datetime | None = None) -> str:
    """Make an API token. Returns its secret, which is not kept. People make their own; administrators anybody's."""
    if actor.person_id != person.pk:
        require(actor, "manage")
    secret = f"hks_{secrets.token_urlsafe(32)}"
    token = Token(
        person=person, name=name, secret_sha256=_digest(secret), made_at=timezone.now(), expires_at=expires_at
    )
    token.full_clean()
    token.save()
    ledger.append(ORGANISATION, actor=actor, verb="token.issue", obj=name, data={"person": person.username})
    return secret


@transaction.atomic
def revoke_token(token: Token, *, actor: Actor) -> None:
    if actor.person_id != token.person_id:
        require(actor, "manage")
    token.revoked_at = timezone.now()
    token.save(update_fields=["revoked_at"])
    ledger.append(
        ORGANISATION, actor=actor, verb="token.revoke", obj=token.name, data={"person": token.person.username}
    )


def actor_for_token(secret: str, door: Door) -> Actor | None:
    """The actor a token stands for, or None when it is unknown, expired, revoked, or its person is no longer active."""
    found = Token.objects.select_related("person").filter(secret_sha256=_digest(secret), revoked_at=None).first()
    if found is None or not found.person.is_active:
        return None
    if found.expires_at and found.expires_at <= timezone.now():
        return None
    return actor_of(found.person, door)


@transaction.atomic
def add_contact(
    name: str,
    duty: str,
    *,
    actor: Actor,
    level: int = 1,
    phone: str = "",
    email: str = "",
    person: Person | None = None,
) -> Contact:
    """Put a line on the contact list. Telephone and mail become its first ways; `contacts.set_ways` gives others."""
    require(actor, "manage")
    contact = Contact(name=name, duty=duty, level=level, phone=phone, email=email, person=person)
    contact.full_clean()
    contact.save()
    given = ((channel, address) for channel, address in (("phone", phone), ("mail", email)) if address)
    for place, (channel, address) in enumerate(given, 1):
        Way.objects.create(contact=contact, place=place, channel=channel, address=address)
    ledger.append(ORGANISATION, actor=actor, verb="contact.add", obj=name, data={"duty": duty, "level": level})
    return contact


@transaction.atomic
def set_role(person: Person, role: str, *, actor: Actor) -> None:
    require(actor, "manage")
    before, person.role = person.role, role
    person.full_clean(exclude=["password"])
    person.save(update_fields=["role"])
    ledger.append(
        ORGANISATION, actor=actor, verb="account.role", obj=person.username, data={"before": before, "after": role}
    )


@transaction.atomic
def prefer(person: Person, *, actor: Actor, language: str | None = None, theme: str | None = None) -> None:
    """Save how a person wants to see the console. A preference is not part of the record."""
    if actor.person_id != person.pk:
        require(actor, "manage")
    if language is not None:
        person.language = language
    if theme is not None:
        person.theme = theme
    person.full_clean(exclude=["password"])
    person.save(update_fields=["language", "theme"])
