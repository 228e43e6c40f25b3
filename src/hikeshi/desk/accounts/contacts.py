"""The contact list: who is reached for which role, by which ways in which order, and when somebody last saw a way work.

Anyone who may triage reads the list and says that a way worked; only who may manage changes it. The ledger never holds an address in
clear (see `masked`): it is copied outside, and an address cannot be taken back from there.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from hikeshi.desk.accounts.models import CHANNELS, Contact, Person, Way
from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.actor import Actor
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.ledger.models import ORGANISATION
from hikeshi.errors import Refused

STALE: Final = timedelta(days=90)
"""After this long without somebody seeing it work, a way is shown as unverified."""
MOST_WAYS: Final = 12
FIELDS: Final = ("name", "duty", "level", "language", "time_zone", "quiet_from", "quiet_to", "person")
"""What `change` takes."""


class Reach(NamedTuple):
    """One way as it is given: a channel of CHANNELS and a number, mail address or link."""

    channel: str
    address: str


def listed() -> QuerySet[Contact]:
    """The list as it is now, in order of role and level, with the ways."""
    rows = Contact.objects.filter(retired_at__isnull=True)
    return rows.select_related("person").prefetch_related("ways")


def stale(way: Way, now: datetime) -> bool:
    """Nobody has seen it work within the last 90 days, or ever."""
    return way.verified_at is None or now - way.verified_at > STALE


def masked(channel: str, address: str) -> str:
    """What may be written where others read: the last four digits of a number, of a mail address or a link only the host."""
    if channel in ("phone", "sms"):
        digits = "".join(sign for sign in address if sign.isdigit())
        return f"…{digits[-4:]}" if len(digits) > 6 else "…"
    if channel == "mail":
        return f"…@{address.rpartition('@')[2]}"
    host = urlsplit(address).hostname if "://" in address else None
    return f"{host}/…" if host else "…"


@transaction.atomic
def change(contact: Contact, *, actor: Actor, **values: Any) -> None:
    """Change fields of FIELDS; what is not named stays. Raises `Refused` for a field or a zone that there is not."""
    require(actor, "manage")
    unknown = sorted(set(values) - set(FIELDS))
    if unknown:
        raise Refused(f"A contact has no {unknown[0]!r}.", hint=f"Change one of: {', '.join(FIELDS)}.")
    known_zone(values.get("time_zone", ""))
    contact.refresh_from_db(from_queryset=Contact.objects.select_for_update())
    before = {name: _plain(getattr(contact, name)) for name in values}
    for name, value in values.items():
        setattr(contact, name, value)
    contact.full_clean()
    contact.save()
    after = {name: _plain(getattr(contact, name)) for name in values}
    moved = {name: {"before": before[name], "after": after[name]} for name in values if before[name] != after[name]}
    if moved:
        ledger.append(ORGANISATION, actor=actor, verb="contact.change", obj=contact.name, data=moved)


def known_zone(name: str) -> None:
    """Raises `Refused` where this is no zone of the IANA database; empty is the house's."""
    try:
        if name:
            ZoneInfo(name)
    except (KeyError, ValueError, OSError) as problem:
        raise Refused(f"There is no time zone {name[:60]!r}.", hint="Write it like Asia/Tokyo.") from problem


def _plain(value: object) -> str | int | None:
    if isinstance(value, Person):
        return value.username
    return value if isinstance(value, str | int) or value is None else str(value)


@transaction.atomic
def retire(contact: Contact, *, actor: Actor, reason: str) -> None:
    """Take the line off the list. It is not deleted: roles held in the past name it."""
    require(actor, "manage")
    if not reason.strip():
        raise Refused("Taking somebody off the list needs a reason.", hint="Say in one sentence why.")
    if Contact.objects.filter(pk=contact.pk, retired_at__isnull=True).update(retired_at=timezone.now()) != 1:
        raise Refused(f"{contact} is not on the list.", hint="`hikeshi contact list` shows who is.")
    contact.refresh_from_db()
    data = {"duty": contact.duty, "reason": reason.strip()}
    ledger.append(ORGANISATION, actor=actor, verb="contact.retire", obj=contact.name, data=data)


@transaction.atomic
def set_ways(contact: Contact, ways: Iterable[Reach], *, actor: Actor) -> None:
    """The ways to reach somebody, in the order to try. One that was there before keeps when it was verified."""
    require(actor, "manage")
    wanted = [Reach(channel, address.strip()) for channel, address in ways]
    _refuse_ways(wanted)
    before = {Reach(way.channel, way.address): way for way in contact.ways.select_for_update()}
    for reach in before.keys() - set(wanted):
        before[reach].delete()
    for place, reach in enumerate(wanted, 1):
        way = before.get(reach) or Way(contact=contact, channel=reach.channel, address=reach.address)
        way.place = place
        way.full_clean()
        way.save()
    contact.phone = next((one.address for one in wanted if one.channel == "phone"), "")
    contact.email = next((one.address for one in wanted if one.channel == "mail"), "")
    contact.full_clean()
    contact.save(update_fields=["phone", "email"])
    contact.refresh_from_db()  # the ways may have been read before
    if list(before) != wanted:
        named = [f"{channel} {masked(channel, address)}" for channel, address in wanted]
        ledger.append(ORGANISATION, actor=actor, verb="contact.ways", obj=contact.name, data={"ways": named})


def _refuse_ways(wanted: list[Reach]) -> None:
    if len(wanted) > MOST_WAYS or len(set(wanted)) != len(wanted):
        raise Refused(f"Name up to {MOST_WAYS} ways, each once.", hint="Leave out those nobody would try.")
    for channel, address in wanted:
        if channel not in dict(CHANNELS):
            raise Refused(f"{channel[:20]!r} is no way to reach anybody.", hint=f"Use: {', '.join(dict(CHANNELS))}.")
        if not 0 < len(address) <= 500:
            raise Refused(f"The address for {channel} is empty or too long.", hint="Up to 500 characters.")
        if channel in ("phone", "sms") and not (sum(map(str.isdigit, address)) >= 3 and len(address) <= 40):
            raise Refused(f"The number for {channel} is none.", hint="Write it like +81-3-5550-0101.")
        if channel == "mail":
            _refuse_mail(address)


def _refuse_mail(address: str) -> None:
    try:
        validate_email(address)
    except ValidationError as problem:
        raise Refused("The mail address is none.", hint="Write it like name@example.com.") from problem


@transaction.atomic
def verify(way: Way, *, actor: Actor) -> None:
    """Somebody has reached the contact by this way, now."""
    require(actor, "triage")
    contact, now = way.contact, timezone.now()
    way.verified_at, way.verified_by, way.failing_at, way.failing_why = now, actor.name, None, ""
    way.full_clean()
    way.save(update_fields=["verified_at", "verified_by", "failing_at", "failing_why"])
    Contact.objects.filter(pk=contact.pk).update(verified_at=now)
    data = {"way": f"{way.channel} {masked(way.channel, way.address)}"}
    ledger.append(ORGANISATION, actor=actor, verb="contact.verify", obj=contact.name, data=data)


def failing(way: Way, why: str, now: datetime) -> None:
    """A message came back from it; an empty `why`: one has arrived again. In the transaction of the caller, who writes the ledger."""
    since = (way.failing_at or now) if why else None
    Way.objects.filter(pk=way.pk).update(failing_at=since, failing_why=why[:500])


def shown(contact: Contact, now: datetime) -> dict[str, Any]:
    """One line as plain data, for people who may read the list."""
    return {
        "contact": contact.pk, "name": contact.name, "duty": contact.duty, "level": contact.level,
        "phone": contact.phone, "email": contact.email, "person": contact.person.username if contact.person else None,
        "language": contact.language, "time_zone": contact.time_zone, "quiet": quiet(contact),
        "verified_at": contact.verified_at, "ways": [_way(way, now) for way in contact.ways.all()],
    }  # fmt: skip


def quiet(contact: Contact) -> str:
    """The quiet hours as text, 23:00-07:00, or nothing."""
    if contact.quiet_from is None or contact.quiet_to is None:
        return ""
    return f"{contact.quiet_from:%H:%M}-{contact.quiet_to:%H:%M}"


def _way(way: Way, now: datetime) -> dict[str, Any]:
    return {
        "way": way.pk, "channel": way.channel, "address": way.address, "verified_at": way.verified_at,
        "verified_by": way.verified_by, "unverified": stale(way, now),
        "failing_at": way.failing_at, "failing_why": way.failing_why,
    }  # fmt: skip
