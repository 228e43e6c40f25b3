"""`token issue | list | revoke`: what programs and the command line sign in with."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

import typer
from django.utils import timezone

from hikeshi.desk.accounts import verbs
from hikeshi.desk.accounts.models import Token
from hikeshi.desk.accounts.permissions import require
from hikeshi.doors import find
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.who import actor, person
from hikeshi.errors import Refused

User = Annotated[str, typer.Option(help="Somebody else's; administrators only.")]


def issue(
    name: Annotated[str, typer.Argument(help="What it is for.")],
    days: Annotated[int, typer.Option(min=0, max=3650, help="Days it lives; 0: until it is revoked.")] = 90,
    user: User = "",
) -> dict[str, Any]:
    """Make an API token. Its secret is shown only here and is not kept."""
    who = actor()
    expires_at = timezone.now() + timedelta(days=days) if days else None
    if user:
        require(who, "manage")
    owner = find.person(user) if user else person()
    secret = verbs.issue_token(owner, name, actor=who, expires_at=expires_at)
    return {"name": name, "user": owner.username, "expires_at": expires_at, "token": secret}


def list_tokens(user: User = "") -> Answer:
    """The tokens that exist. Secrets are not kept, so none is shown."""
    if user:
        require(actor(), "manage")
    rows = (find.person(user) if user else person()).tokens.order_by("pk")
    return Answer([_line(row) for row in rows])


def _line(row: Token) -> dict[str, Any]:
    times = {"made_at": row.made_at, "expires_at": row.expires_at, "revoked_at": row.revoked_at}
    return {"token": row.pk, "name": row.name, **times}


def revoke(number: Annotated[int, typer.Argument(help="A number of `token list`.")]) -> Any:
    """Make a token useless at once."""
    who = actor()
    row = Token.objects.select_related("person").filter(pk=number).first()
    if row is None or (row.person_id != who.person_id and who.role != "admin"):
        raise Refused(f"There is no token {number} of yours.", hint="`hikeshi token list` shows them.")
    verbs.revoke_token(row, actor=who)
    return _line(row)
