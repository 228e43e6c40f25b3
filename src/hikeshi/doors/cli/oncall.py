"""`oncall add | change | cover | export | gaps | import | list | now | part | retire | rota | uncover`: who is on call, and when."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from django.utils import timezone

from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.oncall import reading, rota_files, verbs
from hikeshi.doors import find, rota as shapes
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.contact import bytes_of, known_duty
from hikeshi.doors.cli.event_files import whole
from hikeshi.doors.cli.exits import UNREADABLE
from hikeshi.doors.cli.times import optional, time_of
from hikeshi.doors.cli.who import actor

Named = Annotated[str, typer.Argument(help="The name of a rotation.")]
Members = Annotated[list[str] | None, typer.Option("--member", help="A contact; several times, in their order.")]
Every = Annotated[str, typer.Option(help="weekly, daily, or a number of days.")]
Weekday = Annotated[str, typer.Option(help="On which day a weekly turn begins: mon ... sun.")]
At = Annotated[str, typer.Option(help="When turns change, on the wall clock of the zone.")]
Zone = Annotated[str, typer.Option(help="A time zone such as Asia/Tokyo; the house's where none is given.")]
Hours = Annotated[str, typer.Option(help="Only on within these hours, such as 09:00-17:00: to follow the sun.")]
Duty = Annotated[str, typer.Option(help="Only for this role.")]


def add(
    name: str,
    duty: Annotated[str, typer.Argument(help="The role: incident_commander, technical_lead, ...")],
    member: Members = None,
    every: Every = "weekly",
    weekday: Weekday = "mon",
    at: At = "09:00",
    zone: Zone = "",
    hours: Hours = "",
    level: Annotated[int, typer.Option(min=1, max=9, help="Of several rotations for a role, 1 is asked first.")] = 1,
    calendar: Annotated[str, typer.Option(help="Whose holidays are shown beside it, such as JP_ADMIN.")] = "",
) -> Any:
    """Make a rotation. Without members it waits for shifts from another system."""
    who = actor()
    require(who, "manage")
    parts = [shapes.part_of(member, every=every, weekday=weekday, at=at, zone=zone, hours=hours)] if member else []
    made = verbs.make(name, known_duty(duty), parts, actor=who, level=level, calendar=calendar)
    return shapes.rotation_shape(made)


def part(
    rotation: Named,
    member: Members = None,
    every: Every = "weekly",
    weekday: Weekday = "mon",
    at: At = "09:00",
    zone: Zone = "",
    hours: Hours = "",
    replace: Annotated[bool, typer.Option(help="Instead of the parts there are.")] = False,
) -> Any:
    """Add a part to a rotation: other hours in another zone, or with --replace new turns from now on."""
    who = actor()
    require(who, "manage")
    row = find.rotation(rotation)
    spec = shapes.part_of(member or [], every=every, weekday=weekday, at=at, zone=zone, hours=hours)
    if replace:
        verbs.change(row, [spec], actor=who)
    else:
        verbs.add_part(row, spec, actor=who)
    return shapes.rotation_shape(find.rotation(rotation))


def change(
    rotation: Named,
    level: Annotated[int, typer.Option(min=0, max=9, help="Which is asked first; 0 leaves it.")] = 0,
    calendar: Annotated[
        str, typer.Option(help="Whose holidays are shown beside it, such as JP_ADMIN; `none` ends it.")
    ] = "",
) -> Any:
    """Change in which order a rotation is asked, and whose holidays are shown beside it."""
    who = actor()
    require(who, "manage")
    row = find.rotation(rotation)
    named = {"": row.calendar, "none": ""}.get(calendar, calendar)
    verbs.describe(row, actor=who, level=level or row.level, calendar=named)
    return shapes.rotation_shape(row)


def retire(rotation: Named, reason: Annotated[str, typer.Option(help="Why, in one sentence.")]) -> Any:
    """End a rotation."""
    who = actor()
    require(who, "manage")
    row = find.rotation(rotation)
    verbs.retire(row, actor=who, reason=reason)
    return shapes.rotation_shape(row)


def cover(
    rotation: Named,
    contact: Annotated[str, typer.Argument(help="Who is on instead.")],
    start: Annotated[str, typer.Option("--from", help="ISO 8601 with zone.")],
    until: Annotated[str, typer.Option("--until", help="ISO 8601 with zone.")],
    reason: Annotated[str, typer.Option(help="Why, such as: leave.")],
    covers: Annotated[str, typer.Option("--for", help="Only in the turns of this contact.")] = "",
) -> Any:
    """Let somebody be on call in place of somebody else, or where nobody is."""
    who = actor()
    require(who, "triage")
    row = verbs.cover(
        find.rotation(rotation), find.contact(contact), time_of(start), time_of(until), actor=who, reason=reason,
        covers=find.contact(covers) if covers else None,
    )  # fmt: skip
    return shapes.override_shape(row)


def uncover(number: Annotated[int, typer.Argument(help="The number of the override, see `oncall list`.")]) -> Any:
    """Take an override back."""
    who = actor()
    require(who, "triage")
    row = find.override(number)
    verbs.uncover(row, actor=who)
    return shapes.override_shape(row)


def list_rotations() -> Answer:
    """The rotations, whose turns they count, and the overrides that stand."""
    require(actor(), "triage")
    rows = [shapes.rotation_shape(row) for row in reading.rotations()]
    return Answer(rows, columns=("rotation", "duty", "level", "parts", "overrides", "holidays"))


def now(
    duty: Duty = "", at: Annotated[str, typer.Option(help="Then instead of now; ISO 8601 with zone.")] = ""
) -> Answer:
    """Who is on call, in the order to ask them."""
    require(actor(), "triage")
    when = optional(at) or timezone.now()
    found = reading.on_call(duty, when) if duty else reading.everybody(when)
    return Answer([shapes.shift_shape(row) for row in found])


def show_rota(
    duty: Duty = "",
    start: Annotated[str, typer.Option("--from", help="ISO 8601 with zone; now where none is given.")] = "",
    days: Annotated[int, typer.Option(min=1, max=shapes.MOST_DAYS)] = 14,
) -> Answer:
    """The shifts ahead, by rotation."""
    require(actor(), "triage")
    begin, end = shapes.stretch(optional(start), days)
    rows = [shift for row in reading.rotations(duty) for shift in reading.shifts(row, begin, end)]
    return Answer([shapes.shift_shape(row) for row in rows])


def gaps() -> Answer:
    """Where nobody is on call within the coming 14 days."""
    require(actor(), "triage")
    return Answer([shapes.gap_shape(row) for row in reading.gaps(timezone.now())])


def import_rota(
    file: Annotated[Path, typer.Argument(help="iCalendar (.ics), or CSV of PagerDuty, Opsgenie or your own.")],
    rotation: Annotated[str, typer.Option(help="The rotation that is to have the shifts.")],
    dry_run: Annotated[bool, typer.Option(help="Only say what would be done.")] = False,
) -> Answer:
    """Take shifts in from another system, in place of those ahead that came from there. What cannot be read is named and left out."""
    who = actor()
    require(who, "manage")
    done = rota_files.take_in(find.rotation(rotation), bytes_of(file), actor=who, dry_run=dry_run)
    return Answer(done, code=UNREADABLE if done.bad else 0)


def export_rota(
    out: Annotated[Path, typer.Option(help="Where to: a name that ends in .ics.")],
    rotation: Annotated[str, typer.Option(help="Only of this rotation.")] = "",
    person: Annotated[str, typer.Option(help="Only the turns of this contact.")] = "",
) -> Any:
    """Write the turns of the coming 180 days as a calendar, of a rotation or of a person."""
    who = actor()
    require(who, "triage")
    made = rota_files.calendar(
        actor=who, rotation=find.rotation(rotation) if rotation else None,
        person=find.contact(person).name if person else "",
    )  # fmt: skip
    with whole(out) as path:
        path.write_bytes(made)
    return {"out": str(out), "shifts": made.count(b"BEGIN:VEVENT")}
