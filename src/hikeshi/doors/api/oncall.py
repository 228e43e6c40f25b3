"""On call: rotations, who is on, where nobody is, and who covers for whom."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import msgspec
from django.http import HttpResponse
from django.utils import timezone
from ninja import Router, Status
from pydantic import Field
from typing_extensions import TypedDict

from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.oncall import importing, reading, rota_files, verbs
from hikeshi.doors import find, rota
from hikeshi.doors.api.bearer import Call
from hikeshi.doors.api.contacts import known_duty
from hikeshi.doors.api.paging import Body

router = Router()


class NewPart(Body):
    """Members by name or number of the contact list, in order. `every`: weekly, daily or a number of days."""

    members: list[str] = Field(min_length=1, max_length=verbs.MOST_MEMBERS)
    every: str = "weekly"
    weekday: str = "mon"
    at: str = "09:00"
    time_zone: str = ""
    hours: str = ""
    since: date | None = None


class NewRotation(Body):
    """Of several rotations for a role, level 1 is asked first. Parts with hours in several zones follow the sun."""

    name: str = Field(min_length=1, max_length=80)
    duty: str
    level: int = Field(1, ge=1, le=9)
    calendar: str = ""
    parts: list[NewPart] = Field(default_factory=list, max_length=verbs.MOST_PARTS)


class Parts(Body):
    parts: list[NewPart] = Field(max_length=verbs.MOST_PARTS)


class Cover(Body):
    """`contact` is on from `start` to `end`: in the turns of `covers`, or whoever it would be."""

    contact: str
    start: datetime
    end: datetime
    reason: str
    covers: str = ""


class Ending(Body):
    reason: str


class ShiftFile(Body):
    """`content` is the text of an iCalendar or CSV file."""

    content: str = Field(max_length=importing.MOST_BYTES)
    dry_run: bool = False


class BadShiftShape(TypedDict):
    """`place` is a line, or the UID of an event."""

    place: str
    reason: str


class TakenShape(TypedDict):
    """`outside` lie over 90 days back or 400 ahead; `replaced` are those of an earlier file of the same source."""

    rotation: str
    source: str
    shifts: int
    people: list[str]
    replaced: int
    outside: int
    bad: list[BadShiftShape]
    dry_run: bool


class PartShape(TypedDict):
    members: list[str]
    days: int
    at_clock: str
    time_zone: str
    since: date
    within: str


class OverrideShape(TypedDict):
    """`covers` empty: whoever it would be."""

    override: int
    rotation: str
    contact: str
    covers: str | None
    start: datetime
    end: datetime
    reason: str
    made_by: str


class About(Body):
    """`calendar` is one of `JP_ADMIN` and so on; empty ends it."""

    level: int | None = Field(None, ge=1, le=9)
    calendar: str | None = None


class RotationShape(TypedDict):
    """`holidays` are the closed days of the coming four weeks; `holidays_unknown` says which year has no data."""

    rotation: str
    duty: str
    level: int
    calendar: str
    parts: list[PartShape]
    overrides: list[OverrideShape]
    holidays: list[date]
    holidays_unknown: str


class ShiftShape(TypedDict):
    """`why`: turn, override, or fixed where it came from another system."""

    rotation: str
    duty: str
    contact: str
    start: datetime
    end: datetime
    why: str
    covers: str | None


class GapShape(TypedDict):
    """Nobody is on."""

    rotation: str
    duty: str
    start: datetime
    end: datetime


@router.get("/oncall", response=list[ShiftShape])
def on_call_now(request: Call, duty: str = "", at: datetime | None = None) -> list[dict[str, Any]]:
    """Who is on call now, or at a moment, in the order to ask them."""
    require(request.auth, "triage")
    when = at or timezone.now()
    return [rota.shift_shape(row) for row in (reading.on_call(duty, when) if duty else reading.everybody(when))]


@router.get("/oncall/gaps", response=list[GapShape])
def on_call_gaps(request: Call) -> list[dict[str, Any]]:
    """Where nobody is on call within the coming 14 days."""
    require(request.auth, "triage")
    return [rota.gap_shape(row) for row in reading.gaps(timezone.now())]


@router.get("/oncall/shifts", response=list[ShiftShape])
def on_call_shifts(
    request: Call, duty: str = "", start: datetime | None = None, days: int = 14
) -> list[dict[str, Any]]:
    """The shifts ahead, by rotation."""
    require(request.auth, "triage")
    begin, end = rota.stretch(start, days)
    return [rota.shift_shape(one) for row in reading.rotations(duty) for one in reading.shifts(row, begin, end)]


@router.get("/oncall/calendar", response=None)
def take_calendar(request: Call, rotation: str = "", person: str = "") -> HttpResponse:
    """The turns of the coming 180 days as iCalendar: of a rotation, of a person, or both."""
    require(request.auth, "triage")
    made = rota_files.calendar(
        actor=request.auth, rotation=find.rotation(rotation) if rotation else None,
        person=find.contact(person).name if person else "",
    )  # fmt: skip
    headers = {"Content-Disposition": 'attachment; filename="hikeshi-oncall.ics"'}
    return HttpResponse(made, content_type="text/calendar; charset=utf-8", headers=headers)


@router.get("/rotations", response=list[RotationShape])
def list_rotations(request: Call) -> list[dict[str, Any]]:
    """The rotations, with the overrides that stand."""
    require(request.auth, "triage")
    return [rota.rotation_shape(row) for row in reading.rotations()]


@router.post("/rotations", response={201: RotationShape})
def make_rotation(request: Call, body: NewRotation) -> Status[dict[str, Any]]:
    """Make a rotation."""
    require(request.auth, "manage")
    row = verbs.make(
        body.name, known_duty(body.duty), _specs(body.parts), actor=request.auth, level=body.level,
        calendar=body.calendar,
    )  # fmt: skip
    return Status(201, rota.rotation_shape(row))


@router.patch("/rotations/{name}", response=RotationShape)
def describe_rotation(request: Call, name: str, body: About) -> dict[str, Any]:
    """Change in which order it is asked, and whose holidays are shown beside it. What is left out stays."""
    require(request.auth, "manage")
    row = find.rotation(name)
    calendar = row.calendar if body.calendar is None else body.calendar
    verbs.describe(row, actor=request.auth, level=body.level or row.level, calendar=calendar)
    return rota.rotation_shape(row)


@router.put("/rotations/{name}/parts", response=RotationShape)
def change_rotation(request: Call, name: str, body: Parts) -> dict[str, Any]:
    """Put these parts in the place of those there are."""
    require(request.auth, "manage")
    verbs.change(find.rotation(name), _specs(body.parts), actor=request.auth)
    return rota.rotation_shape(find.rotation(name))


@router.post("/rotations/{name}/shifts", response=TakenShape)
def import_shifts(request: Call, name: str, body: ShiftFile) -> dict[str, Any]:
    """Take shifts in from another system, in place of those ahead that came from there. What cannot be read is named and left out."""
    require(request.auth, "manage")
    done = rota_files.take_in(find.rotation(name), body.content.encode(), actor=request.auth, dry_run=body.dry_run)
    plain: dict[str, Any] = msgspec.to_builtins(done)
    return plain


@router.post("/rotations/{name}/retire", response={204: None})
def retire_rotation(request: Call, name: str, body: Ending) -> Status[None]:
    """End a rotation, with a reason."""
    require(request.auth, "manage")
    verbs.retire(find.rotation(name), actor=request.auth, reason=body.reason)
    return Status(204, None)


@router.post("/rotations/{name}/overrides", response={201: OverrideShape})
def cover_shift(request: Call, name: str, body: Cover) -> Status[dict[str, Any]]:
    """Let somebody be on call in place of somebody else, or where nobody is."""
    require(request.auth, "triage")
    row = verbs.cover(
        find.rotation(name), find.contact(body.contact), body.start, body.end, actor=request.auth, reason=body.reason,
        covers=find.contact(body.covers) if body.covers else None,
    )  # fmt: skip
    return Status(201, rota.override_shape(row))


@router.post("/overrides/{number}/withdraw", response={204: None})
def withdraw_override(request: Call, number: int) -> Status[None]:
    """Take an override back."""
    require(request.auth, "triage")
    verbs.uncover(find.override(number), actor=request.auth)
    return Status(204, None)


def _specs(parts: list[NewPart]) -> list[verbs.PartSpec]:
    return [
        rota.part_of(
            part.members, every=part.every, weekday=part.weekday, at=part.at, zone=part.time_zone, hours=part.hours,
            since=part.since,
        )
        for part in parts
    ]  # fmt: skip
