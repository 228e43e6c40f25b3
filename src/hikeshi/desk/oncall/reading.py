"""Who is on call: the one place that says it, for roles, notices, pages and the offline kit."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from django.db.models import Prefetch, QuerySet

from hikeshi.desk.accounts.models import Contact
from hikeshi.desk.oncall import turns
from hikeshi.desk.oncall.models import FixedShift, Member, Override, Part, Rotation

AHEAD: Final = timedelta(days=14)
"""How far gaps are looked for."""


class OnShift(NamedTuple):
    """A shift of a rotation with its people. `covered` is whose turn an override takes."""

    rotation: Rotation
    contact: Contact
    start: datetime
    end: datetime
    why: turns.Why
    covered: Contact | None


class Nobody(NamedTuple):
    """A stretch in which nobody is on call in a rotation."""

    rotation: Rotation
    start: datetime
    end: datetime


def rotations(duty: str = "") -> QuerySet[Rotation]:
    """The rotations there are, with everything they are counted from but fixed shifts, which may be many."""
    rows = Rotation.objects.filter(retired_at__isnull=True)
    members = Member.objects.select_related("contact").order_by("place")
    overrides = Override.objects.filter(withdrawn_at__isnull=True).select_related("contact", "covers")
    rows = rows.prefetch_related(
        Prefetch("parts", Part.objects.order_by("place", "pk")),
        Prefetch("parts__members", members),
        Prefetch("overrides", overrides.order_by("made_at", "pk"), to_attr="standing"),
    )
    return rows.filter(duty=duty) if duty else rows


def shifts(rotation: Rotation, start: datetime, end: datetime) -> list[OnShift]:
    """The shifts of a rotation (one of `rotations()`) between two moments. Whoever is off the contact list is nobody."""
    people: dict[int, Contact] = {}
    for part in rotation.parts.all():
        people |= _people(part)
    standing: list[Override] = getattr(rotation, "standing", None) or []
    standing = [one for one in standing if one.start < end and one.end > start and one.contact.retired_at is None]
    fixed = list(rotation.fixed.filter(start__lt=end, end__gt=start).select_related("contact"))
    people |= {one.contact_id: one.contact for one in standing} | {row.contact_id: row.contact for row in fixed}
    people |= {one.covers_id: one.covers for one in standing if one.covers_id and one.covers}
    counted = turns.turns(
        [_part(part) for part in rotation.parts.all()], start, end,
        overrides=[turns.Override(one.start, one.end, one.contact_id, one.covers_id) for one in standing],
        fixed=[_fixed(one) for one in fixed if one.contact.retired_at is None],
    )  # fmt: skip
    return [
        OnShift(rotation, people[one.member], one.start, one.end, one.why, people.get(one.for_whom or 0))
        for one in counted
    ]


def _people(part: Part) -> dict[int, Contact]:
    return {member.contact_id: member.contact for member in part.members.all()}


def _part(part: Part) -> turns.Part:
    members = tuple(one.contact_id if one.contact.retired_at is None else None for one in part.members.all())
    return turns.Part(part.time_zone, members, part.since, part.at, part.days, part.begin, part.end)


def _fixed(row: FixedShift) -> turns.Shift:
    return turns.Shift(row.start, row.end, row.contact_id, "fixed")


def on_call(duty: str, at: datetime) -> list[OnShift]:
    """Who is on call for a role at a moment, in the order to ask them: by the level of their rotations, each contact once."""
    return _now(rotations(duty), at)


def everybody(at: datetime) -> list[OnShift]:
    """Who is on call for anything at a moment."""
    return _now(rotations(), at)


def _now(rows: Iterable[Rotation], at: datetime) -> list[OnShift]:
    found: dict[tuple[str, int], OnShift] = {}
    for rotation in rows:
        # A stretch before and after, so that the shift says when it began and will end.
        around = shifts(rotation, at - AHEAD, at + AHEAD)
        one = next((shift for shift in around if shift.start <= at < shift.end), None)
        if one is not None:
            found.setdefault((rotation.duty, one.contact.pk), one)
    return list(found.values())


def gaps(start: datetime, *, ahead: timedelta = AHEAD) -> list[Nobody]:
    """Where nobody is on call in the days ahead, in the order of time."""
    found = []
    for rotation in rotations():
        counted = [turns.Shift(one.start, one.end, one.contact.pk) for one in shifts(rotation, start, start + ahead)]
        found += [Nobody(rotation, gap.start, gap.end) for gap in turns.gaps(counted, start, start + ahead)]
    return sorted(found, key=lambda gap: (gap.start, gap.rotation.name))
