"""`user list | invite | role`: who can sign in, and what they may do."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from django.conf import settings

from hikeshi.desk.accounts import verbs
from hikeshi.desk.accounts.models import Person
from hikeshi.desk.accounts.permissions import require
from hikeshi.doors import find
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.who import actor


def _line(row: Person) -> dict[str, Any]:
    shown = {"username": row.username, "name": str(row), "role": row.role, "active": row.is_active}
    return shown | {"last_sign_in": row.last_login}


def list_users() -> Answer:
    """Everybody who can sign in."""
    require(actor(), "manage")
    return Answer([_line(row) for row in Person.objects.order_by("username")])


def invite(
    role: Annotated[str, typer.Option(help="admin, commander, responder or observer.")] = "responder",
) -> dict[str, Any]:
    """A sign-in link that works once and for 24 hours. It is shown only here."""
    secret = verbs.invite(actor=actor(), role=role)
    return {"role": role, "invite": f"{settings.ENVIRONMENT.public_url}/invite/{secret}/"}


def role(
    username: str,
    role_: Annotated[str, typer.Argument(metavar="ROLE", help="admin, commander, responder or observer.")],
) -> Any:
    """Change what somebody may do everywhere."""
    who = actor()
    require(who, "manage")
    row = find.person(username)
    verbs.set_role(row, role_, actor=who)
    return _line(row)
