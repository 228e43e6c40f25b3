"""Support roles called in by rule: what is known of an incident fills a role that nobody holds. The rules are `calls.CALLS`."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import QuerySet
from django.utils import timezone

from hikeshi.desk.actor import Actor
from hikeshi.desk.duties import facts
from hikeshi.desk.incidents.calls import CALLS, Call, called_for
from hikeshi.desk.incidents.exposure import is_unaware
from hikeshi.desk.incidents.holding import hold
from hikeshi.desk.incidents.models import Incident, Role
from hikeshi.desk.incidents.staffing import candidates
from hikeshi.text import Text


def open_incidents() -> QuerySet[Incident]:
    """Those that somebody can still be called in to."""
    return Incident.objects.exclude(status__in=("closed", "merged")).order_by("pk")


def lock(rows: QuerySet[Incident]) -> None:
    """Taken before the facts are said, so that two who say the same at once call one person."""
    list(rows.select_for_update().values_list("pk", flat=True))


def call_in(incident: Incident, *, actor: Actor, only: Collection[str] = CALLS) -> list[Role]:
    """Fill every role that what is known calls for and nobody holds; of the facts in `only`. Called inside the verb that was allowed.

    Those on call first, then the contact list by level; never somebody who must not know. Where nobody is found, `staffing` warns.
    """
    fresh = (
        open_incidents().filter(pk=incident.pk).first()
    )  # read again: who must not know may have been named meanwhile
    if fresh is None:
        return []
    wanted = called_for(facts.known(fresh.name))
    held = set(fresh.roles.filter(until__isnull=True).values_list("duty", flat=True))
    made = [_call(fresh, fact, call, actor) for fact, call in wanted.items() if fact in only and call.duty not in held]
    return [role for role in made if role is not None]


def _call(incident: Incident, fact: str, call: Call, actor: Actor) -> Role | None:
    for contact, why in candidates(call.duty, timezone.now()):
        if any(is_unaware(incident, who) for who in (contact, contact.person) if who is not None):
            continue
        reason = Text(f"{call.reason.en}; {why.en}", f"{call.reason.ja}、{why.ja}")
        return hold(incident, call.duty, contact, contact.person, actor, why=reason, called_for=fact)
    return None
