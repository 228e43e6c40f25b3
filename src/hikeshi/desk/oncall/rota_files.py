"""Shifts taken in from another system's file, and shifts written as a calendar."""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from hikeshi.desk.accounts.contacts import listed
from hikeshi.desk.accounts.models import Contact
from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.actor import Actor
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.ledger.models import ORGANISATION
from hikeshi.desk.oncall import ical, importing, reading
from hikeshi.desk.oncall.models import FixedShift, Rotation
from hikeshi.desk.oncall.verbs import standing
from hikeshi.errors import Refused

PARTS: Final = re.compile(r"\s+[-|/–—]\s+|[:,()<>|]")
"""What stands between the words of a summary, as in "On call - Kondo Isamu (primary)"."""

BEFORE, AHEAD = timedelta(days=31), timedelta(days=180)
"""How far a calendar reaches. It begins before now so that the turn that runs keeps its start."""


class BadShift(msgspec.Struct, frozen=True):
    """What was left out: `place` is a line or the UID of an event."""

    place: str
    reason: str


class Taken(msgspec.Struct, frozen=True):
    """What came of a file. `outside` lie over 90 days back or 400 ahead; `replaced` are those of an earlier file."""

    rotation: str
    source: str
    shifts: int
    people: list[str]
    replaced: int
    outside: int
    bad: list[BadShift]
    dry_run: bool


@transaction.atomic
def take_in(rotation: Rotation, content: bytes, *, actor: Actor, dry_run: bool = False) -> Taken:
    """Put the shifts of a file in the place of those ahead that came from the same source; what is over stays.

    What cannot be read, or is of nobody on the contact list, is named and left out. A file of which nothing can be read changes nothing.
    With `dry_run` nothing is kept. Raises `Unreadable` for what is no such file.
    """
    require(actor, "manage")
    now = timezone.now()
    read = importing.read(content, now=now, zone=ZoneInfo(settings.TIME_ZONE))
    standing(rotation)
    rows, bad = _matched(rotation, read)
    earlier = FixedShift.objects.filter(rotation=rotation, source=read.source)
    over = set(earlier.filter(end__lte=now).values_list("contact_id", "start", "end"))
    fresh = [row for row in rows if (row.contact_id, row.start, row.end) not in over]
    ahead = earlier.filter(end__gt=now)
    names = sorted({row.contact.name for row in rows})
    done = Taken(
        rotation.name, read.source, len(rows), names, ahead.count() if rows or not bad else 0, read.outside, bad, dry_run
    )  # fmt: skip
    if dry_run or (bad and not rows):
        return done
    ahead.delete()
    FixedShift.objects.bulk_create(fresh)
    data = {"source": done.source, "shifts": done.shifts, "people": names, "replaced": done.replaced, "bad": len(bad)}
    ledger.append(ORGANISATION, actor=actor, verb="rotation.import", obj=rotation.name, data=data)
    return done


def _matched(rotation: Rotation, read: importing.Reading) -> tuple[list[FixedShift], list[BadShift]]:
    """Each shift with its contact; and those that name nobody on the list, or several."""
    known = _known(rotation)
    rows: dict[tuple[int, object, object], FixedShift] = {}
    bad = [BadShift(*one) for one in read.bad]
    for one in read.found:
        people = _people(one.names, known)
        if len(people) == 1:
            row = FixedShift(
                rotation=rotation, contact=people[0], start=one.start, end=one.end, source=read.source
            )  # fmt: skip
            rows[people[0].pk, one.start, one.end] = row
        else:
            said = "it names several people" if people else f"nobody on the contact list is {one.names[0][:80]!r}"
            bad.append(BadShift(one.place, said))
    return list(rows.values()), list(dict.fromkeys(bad))


def _known(rotation: Rotation) -> dict[str, list[Contact]]:
    """Contacts by name and mail address, in small letters. Somebody listed twice is who fills the rotation's role."""
    found: defaultdict[str, dict[str, Contact]] = defaultdict(dict)
    for row in sorted(listed(), key=lambda one: (one.duty != rotation.duty, one.level, one.pk)):
        mails = [way.address for way in row.ways.all() if way.channel == "mail"]
        for key in {row.name, row.email, *mails} - {""}:
            found[key.casefold()].setdefault(row.name, row)
    return {key: list(people.values()) for key, people in found.items()}


def _people(names: tuple[str, ...], known: dict[str, list[Contact]]) -> list[Contact]:
    """Who is meant: by whole names and addresses; only where these are of nobody, by the parts of what is said."""
    for words in (names, tuple(part.strip() for name in names for part in PARTS.split(name))):
        found = {row.pk: row for word in words for row in known.get(word.casefold(), [])}
        if found:
            return list(found.values())
    return []


def calendar(*, actor: Actor, rotation: Rotation | None = None, person: str = "") -> bytes:
    """The shifts of the coming 180 days as iCalendar: of a rotation, or of a contact by name, or of both at once."""
    require(actor, "triage")
    if rotation is None and not person:
        raise Refused("A calendar needs a rotation or a person.", hint="Name one of them.")
    now = timezone.now()
    rows = [rotation] if rotation else list(reading.rotations())
    shifts = [one for row in rows for one in reading.shifts(row, now - BEFORE, now + AHEAD) if one.end > now]
    return ical.written(
        f"{rotation or ''} {person}".strip(),
        [_event(one) for one in shifts if person in ("", one.contact.name)],
        now=now,
    )


def _event(one: reading.OnShift) -> ical.Written:
    """Read again it is the same person: the name stands alone between its marks."""
    uid = f"{one.rotation.pk}-{one.contact.pk}-{one.start:%Y%m%dT%H%M%SZ}@hikeshi"
    return ical.Written(uid, f"On call: {one.contact} ({one.rotation})", one.start, one.end)
