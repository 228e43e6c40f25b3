"""From "the Incident Commander, level 2" to people and channels, and who of them may know.

A recipient is a contact, a person who has no line on the contact list, or a channel of the organisation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Q, prefetch_related_objects
from django.utils import timezone

from hikeshi.desk.accounts import contacts
from hikeshi.desk.accounts.models import Contact, Person
from hikeshi.desk.incidents.exposure import is_unaware
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.notices.models import Channel
from hikeshi.desk.oncall.reading import on_call

COMMAND = "incident_commander"


@dataclass(frozen=True)
class Recipient:
    """Exactly one of the three."""

    contact: Contact | None = None
    person: Person | None = None
    channel: Channel | None = None

    def __str__(self) -> str:
        return str(self.contact or self.person or self.channel or "")

    @property
    def language(self) -> str:
        someone = self.contact and (self.contact.person if not self.contact.language else None)
        chosen = [one.language for one in (self.contact, someone, self.person, self.channel) if one]
        return next((one for one in chosen if one), settings.ENVIRONMENT.language)

    @property
    def key(self) -> str:
        kind = "contact" if self.contact else "person" if self.person else "channel"
        return f"{kind}:{(self.contact or self.person or self.channel).pk}"  # type: ignore[union-attr]


Ask = Callable[[tuple[object, ...], Callable[[], list[Recipient]]], list[Recipient]]


def of_person(person: Person) -> Recipient:
    """By their line on the contact list where they have one: it knows more ways and their quiet hours."""
    contact = person.contacts.filter(retired_at__isnull=True).order_by("level", "pk").first()
    return Recipient(contact=contact) if contact else Recipient(person=person)


def named(name: str) -> list[Recipient]:
    """The person or contact a ledger entry names."""
    people = Person.objects.filter(is_active=True)
    person = people.filter(username=name).first() or next((one for one in people if str(one) == name), None)
    if person is None:
        contact = contacts.listed().filter(name=name).first()
        return [Recipient(contact=contact)] if contact else []
    return [of_person(person)]


def holding(incident: Incident, duty: str = "") -> list[Recipient]:
    """Whoever holds this role on the incident, or any role."""
    found = []
    for row in incident.roles.all():  # often prefetched
        if row.until is not None or duty not in ("", row.duty):
            continue
        if row.contact is not None:
            found.append(Recipient(contact=row.contact))
        elif row.person is not None:
            found.append(of_person(row.person))
    return found


def listed(duty: str, level: int) -> list[Recipient]:
    """Those of the contact list at this level of the role; the next level that somebody is on, where nobody is; else the last one."""
    rows = list(contacts.listed().filter(duty=duty))
    levels = sorted({row.level for row in rows})
    chosen = next((one for one in levels if one >= level), levels[-1] if levels else 0)
    return [Recipient(contact=row) for row in rows if row.level == chosen]


def on_shift(duty: str) -> list[Recipient]:
    """Who is on call for this role now."""
    people = [one.contact for one in on_call(duty, timezone.now())]
    prefetch_related_objects(people, "ways", "person")
    return [Recipient(contact=one) for one in people]


def reached(incident: Incident | None, duty: str, level: int, ask: Ask) -> list[Recipient]:
    """Whom a step of an escalation reaches. At level 1 who holds the role, else who is on call; never nobody while anybody is listed.

    `duty` is a role, or "person:NAME"; as "A>B" A is reached at level 1 and B from then on, as if that were its first level. `ask`
    remembers what was asked before in the same transaction.
    """
    duty, _, then = duty.partition(">")
    if then and level > 1:
        return reached(incident, then, level - 1, ask)
    found: list[Recipient] = named(duty.removeprefix("person:")) if duty.startswith("person:") else []
    if level == 1 and not found:
        found = (holding(incident, duty) if incident else []) or ask(("shift", duty), lambda: on_shift(duty))
    found = found or ask(("listed", duty, level), lambda: listed(duty, level))
    found = found or ask(("listed", COMMAND, level), lambda: listed(COMMAND, level))
    found = knowing(incident, found)
    return found or (knowing(incident, holding(incident)) if incident else [])


def channels(incident: Incident | None, severity: int) -> list[Recipient]:
    """The organisation's own channels. Nobody knows who reads there: a restricted or quiet incident, or TLP:RED, is not for them."""
    if incident is not None and secret(incident):
        return []
    rows = Channel.objects.filter(enabled=True, from_severity__gte=severity).exclude(service="sms")
    return [Recipient(channel=row) for row in rows]


def secret(incident: Incident) -> bool:
    """Whether messages may say no more than that there is something."""
    return incident.restricted or incident.quiet or incident.marking == "red"


def knowing(incident: Incident | None, recipients: Iterable[Recipient]) -> list[Recipient]:
    """Those who may know of the incident: of a restricted one, who has a role on it or was given access."""
    found = list(dict.fromkeys(recipients))
    if incident is None:
        return found
    aware = [one for one in found if not any(is_unaware(incident, who) for who in (one.contact, one.person) if who)]
    return [one for one in aware if not incident.restricted or _may_read(incident, one)]


def _may_read(incident: Incident, one: Recipient) -> bool:
    roles = incident.roles.filter(until__isnull=True)
    if one.contact and roles.filter(contact=one.contact).exists():
        return True
    person = one.person or (one.contact.person if one.contact else None)
    if person is None:
        return False
    given = Q(person=person, until__isnull=True)
    return roles.filter(given).exists() or incident.accesses.filter(given).exists()
