"""`contact add | list`: whom to reach, and how."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hikeshi.desk.accounts import verbs
from hikeshi.desk.accounts.models import Contact
from hikeshi.desk.accounts.permissions import require
from hikeshi.doors import find
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.who import actor


def _line(row: Contact) -> dict[str, Any]:
    person = row.person.username if row.person else None
    reach = {"phone": row.phone, "email": row.email, "person": person}
    return {"contact": row.pk, "name": row.name, "duty": row.duty, "level": row.level, **reach}


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
    return _line(verbs.add_contact(name, duty, actor=who, level=level, phone=phone, email=email, person=person))


def list_contacts() -> Answer:
    """The contact list, by role and level."""
    require(actor(), "triage")
    return Answer([_line(row) for row in Contact.objects.select_related("person")])
