"""Who holds a role from now on: the row and its line in the ledger, inside the verb that has checked who may."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from hikeshi.desk.accounts.models import Contact, Person
from hikeshi.desk.actor import Actor
from hikeshi.desk.incidents.models import Incident, Role
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.text import Text


def hold(
    incident: Incident, duty: str, contact: Contact | None, person: Person | None, actor: Actor, *,
    why: Text | None = None, called_for: str = "",
) -> Role:  # fmt: skip
    """Give the role. `called_for` is the fact whose rule called them in (`calls.CALLS`): the ledger says "called in" then."""
    role = Role(
        incident=incident, duty=duty, contact=contact, person=person, since=timezone.now(), called_for=called_for,
    )  # fmt: skip
    role.full_clean(exclude=("incident", "contact", "person"))  # rows that the caller has just read
    role.save()
    data: dict[str, Any] = {"to": str(role), "has_account": bool(person)}
    if why is not None:
        data |= {"en": f"({why.en})", "ja": f"({why.ja})"}
    if called_for:
        data["fact"] = called_for
    ledger.append(incident.name, actor=actor, verb="role.call_in" if called_for else "role.assign", obj=duty, data=data)
    return role
