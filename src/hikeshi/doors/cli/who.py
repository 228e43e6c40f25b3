"""The actor of this run's verbs. Apart from `identity.py` because it needs the database."""

from __future__ import annotations

from hikeshi.desk.accounts import verbs
from hikeshi.desk.accounts.models import Person
from hikeshi.desk.actor import Actor
from hikeshi.doors.cli.identity import secret
from hikeshi.errors import Refused


def actor() -> Actor:
    """Raises `Refused` for a token that is unknown, expired or revoked; which of them is not said."""
    found = verbs.actor_for_token(secret(), "cli")
    if found is None:
        raise Refused("The token is not valid.", hint="Make a new one in the console, or with `hikeshi token issue`.")
    return found


def person() -> Person:
    """The person behind the token."""
    who = actor()
    if who.person_id is None:
        raise Refused(f"{who.name} is not a person.")
    return Person.objects.get(pk=who.person_id)
