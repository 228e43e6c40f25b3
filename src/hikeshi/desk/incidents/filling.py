"""The roles that an incident of its severity needs and nobody holds: whom they would go to, and giving all of them in one go."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from hikeshi.desk.actor import Actor
from hikeshi.desk.incidents.exposure import is_unaware
from hikeshi.desk.incidents.holding import hold
from hikeshi.desk.incidents.models import Incident, Role
from hikeshi.desk.incidents.sight import require_on
from hikeshi.desk.incidents.staffing import NEEDED, NOBODY, Proposed, candidates, identity
from hikeshi.errors import Refused


def missing(incident: Incident, at: datetime) -> list[Proposed]:
    """Whom each empty role would go to: those on call first, then the contact list by level; never somebody who must not know."""
    roles = list(incident.roles.filter(until__isnull=True).select_related("contact", "person"))
    empty = Counter(NEEDED[incident.severity]) - Counter(role.duty for role in roles)
    found: list[Proposed] = []
    for duty in NEEDED[incident.severity]:
        if empty[duty] > 0:
            empty[duty] -= 1
            found.append(_proposed(incident, duty, roles, found, at))
    return found


def _proposed(incident: Incident, duty: str, roles: list[Role], before: list[Proposed], at: datetime) -> Proposed:
    holding = {one for role in roles if role.duty == duty for one in (role.contact_id, _of_person(role)) if one}
    taken = {identity(one.contact) for one in before if one.contact and one.duty == duty}
    for contact, why in candidates(duty, at):
        known = contact.pk in holding or identity(contact) in holding or identity(contact) in taken
        if not known and not any(is_unaware(incident, one) for one in (contact, contact.person) if one is not None):
            return Proposed(duty, contact, why)
    return Proposed(duty, None, NOBODY)


def _of_person(role: Role) -> str:
    return f"person {role.person_id}" if role.person_id else ""


@transaction.atomic
def fill(incident: Incident, *, actor: Actor) -> list[Role]:
    """Give every empty role to whom it is proposed to. Raises `Refused` where there is none, or nobody for any of them."""
    require_on(actor, "command", incident)
    Incident.objects.select_for_update().get(pk=incident.pk)  # two who accept at once give each role once
    made = [
        hold(incident, one.duty, one.contact, one.contact.person, actor, why=one.why)
        for one in missing(incident, timezone.now())
        if one.contact is not None
    ]
    if not made:
        raise Refused("There is no role to give.", hint="All are held, or nobody is on the list: `hikeshi role check`.")
    return made
