"""`contact add | change | import | list | retire | verify | ways`: whom to reach, and how."""

from __future__ import annotations

from datetime import time
from pathlib import Path
from typing import Annotated, Any

import typer
from django.utils import timezone

from hikeshi.desk.accounts import contact_files, contacts, verbs
from hikeshi.desk.accounts.models import Contact
from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.incidents.models import DUTIES
from hikeshi.doors import find
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.exits import UNREADABLE
from hikeshi.doors.cli.options import WrongUsage
from hikeshi.doors.cli.who import actor
from hikeshi.errors import Unreadable

Named = Annotated[str, typer.Argument(help="A name or number on the contact list.")]
COLUMNS = ("contact", "name", "duty", "level", "phone", "email", "person", "verified_at")


def _line(row: Contact) -> dict[str, Any]:
    return contacts.shown(row, timezone.now())


def known_duty(text: str) -> str:
    if text not in dict(DUTIES):
        raise WrongUsage(f"{text!r} is not a role.", hint=f"Use one of: {', '.join(dict(DUTIES))}.")
    return text


def add(
    name: str,
    duty: Annotated[str, typer.Argument(help="The role they fill: incident_commander, technical_lead, ...")],
    level: Annotated[int, typer.Option(min=1, max=9, help="1 is reached first.")] = 1,
    phone: str = "",
    email: str = "",
    user: Annotated[str, typer.Option(help="Their user name, where they have one.")] = "",
) -> Any:
    """Put a line on the contact list."""
    who = actor()
    require(who, "manage")
    person = find.person(user) if user else None
    made = verbs.add_contact(name, known_duty(duty), actor=who, level=level, phone=phone, email=email, person=person)
    return _line(made)


def change(
    contact: Named,
    name: str = "",
    duty: str = "",
    level: Annotated[int | None, typer.Option(min=1, max=9, help="1 is reached first.")] = None,
    user: Annotated[str, typer.Option(help="Their user name.")] = "",
    language: Annotated[str, typer.Option(help="en or ja.")] = "",
    zone: Annotated[str, typer.Option(help="Their time zone, such as Asia/Tokyo.")] = "",
    quiet: Annotated[str, typer.Option(help="Quiet hours in their zone, 23:00-07:00; `none` ends them.")] = "",
) -> Any:
    """Change a line of the contact list. What is not named stays."""
    who = actor()
    require(who, "manage")
    row = find.contact(contact)
    given = {
        "name": name,
        "duty": known_duty(duty) if duty else "",
        "level": level,
        "language": language,
        "time_zone": zone,
    }
    values: dict[str, Any] = {key: value for key, value in given.items() if value not in ("", None)}
    if user:
        values["person"] = find.person(user)
    if quiet:
        values["quiet_from"], values["quiet_to"] = _hours(quiet)
    contacts.change(row, actor=who, **values)
    return _line(row)


def _hours(text: str) -> tuple[time | None, time | None]:
    if text == "none":
        return None, None
    begin, _, end = text.partition("-")
    try:
        return time.fromisoformat(begin), time.fromisoformat(end)
    except ValueError as problem:
        raise WrongUsage(f"{text!r} are no hours.", hint="Write 23:00-07:00, or none.") from problem


def ways(
    contact: Named,
    way: Annotated[
        list[str] | None, typer.Option(help="CHANNEL=ADDRESS, in the order to try: phone, sms, mail, chat, pager.")
    ] = None,
) -> Any:
    """Set how somebody is reached, in the order to try. Without --way, say how."""
    who = actor()
    require(who, "manage" if way else "triage")
    row = find.contact(contact)
    if way:
        contacts.set_ways(row, [contacts.Reach(*one.partition("=")[::2]) for one in way], actor=who)
    return Answer(_line(row)["ways"])


def verify(
    contact: Named,
    way: Annotated[int, typer.Argument(help="The number of the way, see `contact ways`.")],
) -> Any:
    """Say that you have just reached somebody by this way."""
    who = actor()
    require(who, "triage")
    row = find.contact(contact)
    contacts.verify(find.way(row, way), actor=who)
    return _line(find.contact(str(row.pk)))


def retire(contact: Named, reason: Annotated[str, typer.Option(help="Why, in one sentence.")]) -> Any:
    """Take somebody off the contact list."""
    who = actor()
    require(who, "manage")
    row = find.contact(contact)
    contacts.retire(row, actor=who, reason=reason)
    return {**_line(row), "retired_at": row.retired_at}


def import_list(
    file: Annotated[Path, typer.Argument(help="A CSV file with columns name, duty, level, phone, sms, mail, ...")],
    dry_run: Annotated[bool, typer.Option(help="Only say what would be done.")] = False,
) -> Answer:
    """Add and change lines from a CSV file. A bad row is named and left out; nobody is taken off the list."""
    who = actor()
    require(who, "manage")
    done = contact_files.import_csv(bytes_of(file), actor=who, duties=dict(DUTIES), dry_run=dry_run)
    return Answer(done, code=UNREADABLE if done.bad else 0)


def bytes_of(file: Path) -> bytes:
    """A small file, read as far as it may be large. Raises `Unreadable`."""
    try:
        with file.open("rb") as stream:
            return stream.read(contact_files.MOST_BYTES + 1)
    except OSError as problem:
        raise Unreadable(f"{problem.strerror}.", source=str(file), hint="Check the name.") from problem


def list_contacts(
    unverified: Annotated[
        bool, typer.Option(help="Only those with a way that nobody has verified for 90 days.")
    ] = False,
) -> Answer:
    """The contact list, by role and level, with every way and when it was last verified."""
    require(actor(), "triage")
    rows = [_line(row) for row in contacts.listed()]
    if unverified:
        rows = [row for row in rows if not row["ways"] or any(way["unverified"] for way in row["ways"])]
    return Answer(rows, columns=COLUMNS)
