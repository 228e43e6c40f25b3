"""`role assign | who`: who answers for what."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hikeshi.desk.incidents import verbs
from hikeshi.doors import find, shapes
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.who import actor


def assign(
    incident: str,
    duty: Annotated[
        str, typer.Argument(help="incident_commander, technical_lead, communications_lead, responder, ...")
    ],
    contact: Annotated[str, typer.Option(help="A name or number on the contact list.")] = "",
    user: Annotated[str, typer.Option(help="A user name.")] = "",
) -> Any:
    """Give a role. Of the roles one person holds, the holder before is relieved at the same moment."""
    who_asks = actor()
    row = find.incident(who_asks, incident)
    verbs.require_on(who_asks, "command", row)  # before names are looked up: they are not everybody's to try
    role = verbs.assign(
        row, duty, actor=who_asks,
        contact=find.contact(contact) if contact else None,
        person=find.person(user) if user else None,
    )  # fmt: skip
    return shapes.role(role)


def who(incident: str, past: Annotated[bool, typer.Option(help="Those relieved too.")] = False) -> Answer:
    """Who answers for what now."""
    rows = find.incident(actor(), incident).roles.select_related("contact", "person")
    return Answer([shapes.role(row) for row in (rows if past else rows.filter(until__isnull=True))])
