"""What may be done to rotations: made, changed and retired by administrators; covered for each other by responders."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Final, NamedTuple

from django.db import transaction
from django.utils import timezone

from hikeshi.clocks.calendars import calendars
from hikeshi.desk.accounts.contacts import known_zone
from hikeshi.desk.accounts.models import Contact
from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.actor import Actor
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.ledger.models import ORGANISATION
from hikeshi.desk.oncall.models import Member, Override, Part, Rotation
from hikeshi.errors import Refused

MOST_PARTS: Final = 12
MOST_MEMBERS: Final = 100
LONGEST_TURN: Final = 92
LONGEST_COVER: Final = timedelta(days=92)


class PartSpec(NamedTuple):
    """A part as it is asked for; see `models.Part`."""

    members: Sequence[Contact]
    time_zone: str
    since: date
    at: time
    days: int = 7
    begin: time | None = None
    end: time | None = None


@transaction.atomic
def make(
    name: str, duty: str, parts: Sequence[PartSpec], *, actor: Actor, level: int = 1, calendar: str = ""
) -> Rotation:
    """A new rotation. Without parts it waits for shifts from another system."""
    require(actor, "manage")
    _known_calendar(calendar)
    rotation = Rotation(name=name.strip(), duty=duty, level=level, calendar=calendar)
    rotation.full_clean()
    rotation.save()
    _write(rotation, parts)
    data = {"duty": duty, "level": level, "parts": [_said(part) for part in parts]}
    ledger.append(ORGANISATION, actor=actor, verb="rotation.make", obj=rotation.name, data=data)
    return rotation


@transaction.atomic
def change(rotation: Rotation, parts: Sequence[PartSpec], *, actor: Actor) -> None:
    """Put these parts in the place of those there are. What was counted before changes with them."""
    require(actor, "manage")
    standing(rotation)
    rotation.parts.all().delete()
    _write(rotation, parts)
    data = {"parts": [_said(part) for part in parts]}
    ledger.append(ORGANISATION, actor=actor, verb="rotation.change", obj=rotation.name, data=data)


@transaction.atomic
def add_part(rotation: Rotation, part: PartSpec, *, actor: Actor) -> None:
    """One more part: other hours, in another zone."""
    require(actor, "manage")
    standing(rotation)
    _write(rotation, [part], after=rotation.parts.count())
    ledger.append(ORGANISATION, actor=actor, verb="rotation.change", obj=rotation.name, data={"added": _said(part)})


@transaction.atomic
def describe(rotation: Rotation, *, actor: Actor, level: int, calendar: str) -> None:
    """Change in which order it is asked, and whose holidays are shown beside it."""
    require(actor, "manage")
    standing(rotation)
    _known_calendar(calendar)
    before = {"level": rotation.level, "calendar": rotation.calendar}
    rotation.level, rotation.calendar = level, calendar
    rotation.full_clean()
    rotation.save(update_fields=["level", "calendar"])
    data = {"before": before, "level": level, "calendar": calendar}
    ledger.append(ORGANISATION, actor=actor, verb="rotation.change", obj=rotation.name, data=data)


@transaction.atomic
def retire(rotation: Rotation, *, actor: Actor, reason: str) -> None:
    """It asks nobody any more. It is kept, with its overrides."""
    require(actor, "manage")
    if not reason.strip():
        raise Refused("Ending a rotation needs a reason.", hint="Say in one sentence why.")
    standing(rotation)
    rotation.retired_at = timezone.now()
    rotation.save(update_fields=["retired_at"])
    data = {"reason": reason.strip()}
    ledger.append(ORGANISATION, actor=actor, verb="rotation.retire", obj=rotation.name, data=data)


@transaction.atomic
def cover(
    rotation: Rotation, contact: Contact, start: datetime, end: datetime, *, actor: Actor, reason: str,
    covers: Contact | None = None,
) -> Override:  # fmt: skip
    """Somebody takes the turns between two moments: of `covers`, or of whoever it would be, and where nobody was."""
    require(actor, "triage")
    standing(rotation)
    if not timedelta() < end - start <= LONGEST_COVER:
        raise Refused(
            "The time is empty or too long.", hint=f"Up to {LONGEST_COVER.days} days, the end after the start."
        )
    if not reason.strip():
        raise Refused("Covering needs a reason.", hint="Say in one sentence why, such as: leave.")
    row = Override(
        rotation=rotation, contact=contact, covers=covers, start=start, end=end, reason=reason.strip(),
        made_by=actor.name, made_at=timezone.now(),
    )  # fmt: skip
    row.full_clean()
    row.save()
    data = {
        "to": contact.name, "for": covers.name if covers else "", "from": start.isoformat(), "until": end.isoformat(),
        "reason": row.reason,
    }  # fmt: skip
    ledger.append(ORGANISATION, actor=actor, verb="rotation.cover", obj=rotation.name, data=data)
    return row


@transaction.atomic
def uncover(override: Override, *, actor: Actor) -> None:
    """Take an override back: who would be on without it is on again."""
    require(actor, "triage")
    rows = Override.objects.filter(pk=override.pk, withdrawn_at__isnull=True)
    if rows.update(withdrawn_at=timezone.now()) != 1:
        raise Refused("It was taken back already.", hint="`hikeshi oncall rota` shows who is on.")
    data = {"to": override.contact.name, "from": override.start.isoformat(), "until": override.end.isoformat()}
    ledger.append(ORGANISATION, actor=actor, verb="rotation.uncover", obj=override.rotation.name, data=data)


def standing(rotation: Rotation) -> None:
    """Take hold of it. Raises `Refused` for one that has ended."""
    rotation.refresh_from_db(from_queryset=Rotation.objects.select_for_update())
    if rotation.retired_at is not None:
        raise Refused(f"{rotation} has ended.", hint="`hikeshi oncall list` shows those there are.")


def _known_calendar(name: str) -> None:
    if name and name not in calendars():
        raise Refused(f"There is no calendar {name[:40]!r}.", hint=f"Known are {', '.join(calendars())}.")


def _write(rotation: Rotation, parts: Sequence[PartSpec], *, after: int = 0) -> None:
    if after + len(parts) > MOST_PARTS:
        raise Refused(f"A rotation has up to {MOST_PARTS} parts.", hint="Make a second rotation.")
    for place, spec in enumerate(parts, after + 1):
        _refuse(spec)
        row = Part(
            rotation=rotation, place=place, time_zone=spec.time_zone, since=spec.since, at=spec.at, days=spec.days,
            begin=spec.begin, end=spec.end,
        )  # fmt: skip
        row.full_clean()
        row.save()
        for turn, contact in enumerate(spec.members, 1):
            Member.objects.create(part=row, place=turn, contact=contact)


def _refuse(spec: PartSpec) -> None:
    known_zone(spec.time_zone)
    if not spec.time_zone:
        raise Refused("A rotation needs a time zone.", hint="Write it like Asia/Tokyo.")
    if not 0 < len(spec.members) <= MOST_MEMBERS:
        raise Refused("A rotation needs members.", hint=f"Name 1 to {MOST_MEMBERS} contacts, in their order.")
    if not 1 <= spec.days <= LONGEST_TURN:
        raise Refused("The length of a turn is none.", hint=f"1 to {LONGEST_TURN} days.")
    if (spec.begin is None) != (spec.end is None) or (spec.begin is not None and spec.begin == spec.end):
        raise Refused("The hours are incomplete.", hint="Give when they begin and when they end, or neither.")
    if any(contact.retired_at for contact in spec.members):
        raise Refused("A member is off the contact list.", hint="`hikeshi contact list` shows who is on it.")


def _said(spec: PartSpec) -> str:
    hours = f" {spec.begin:%H:%M}-{spec.end:%H:%M}" if spec.begin and spec.end else ""
    names = ", ".join(contact.name for contact in spec.members)
    return f"{names}: {spec.days} d at {spec.at:%H:%M} {spec.time_zone}{hours} since {spec.since}"
