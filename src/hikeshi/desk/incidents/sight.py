"""Who sees an incident, and may do what on it.

A restricted incident is seen by those with a role on it or an `Access`, and by nobody else: for commander and administrator too it is
as if it did not exist. Hikeshi itself goes on working on it. A merged incident is in the hands of those on the one it went into.
"""

from __future__ import annotations

from typing import Final

from django.db.models import Exists, OuterRef, Q, QuerySet

from hikeshi.desk.accounts.permissions import EVERYWHERE, Right, allowed, require
from hikeshi.desk.actor import Actor
from hikeshi.desk.alerts.models import Alert, Group
from hikeshi.desk.incidents.models import Access, Incident, Role
from hikeshi.errors import Refused

HANDS: Final = ("pk", "merged_into", "merged_into__merged_into")
"""Where a role or access counts for an incident: on itself, and on what it was merged into, twice over at most."""


def _hands(incident: Incident) -> list[int]:
    """The incidents of HANDS, by key."""
    keys = Incident.objects.filter(pk=incident.pk).values_list(*HANDS).first() or (incident.pk,)
    return [key for key in keys if key is not None]


def visible(actor: Actor) -> QuerySet[Incident]:
    """The incidents this actor may read: a restricted one does not even show its name."""
    if actor.role == "system":
        return Incident.objects.all()
    mine = Q(pk__in=[])
    for place in HANDS if actor.person_id is not None else ():
        here = {"incident": OuterRef(place), "person_id": actor.person_id, "until__isnull": True}
        mine |= Q(Exists(Role.objects.filter(**here))) | Q(Exists(Access.objects.filter(**here)))
    if "read" in EVERYWHERE.get(actor.role, frozenset()):
        mine |= Q(restricted=False)
    return Incident.objects.filter(mine)


def hidden(actor: Actor) -> QuerySet[Incident]:
    """The restricted incidents of which this actor must not learn."""
    return Incident.objects.filter(restricted=True).exclude(pk__in=visible(actor).values("pk"))


def alerts(actor: Actor) -> QuerySet[Alert]:
    """The alerts somebody who triages may see: what a restricted incident has taken up is hidden with it."""
    if not allowed(actor, "triage"):
        return Alert.objects.none()
    taken = Incident.alerts.through.objects.filter(incident__in=hidden(actor))
    return Alert.objects.exclude(pk__in=taken.values("alert_id"))


def groups(actor: Actor) -> QuerySet[Group]:
    """The groups of alerts somebody who triages may see, by the same rule."""
    if not allowed(actor, "triage"):
        return Group.objects.none()
    secret = list(hidden(actor).values_list("pk", flat=True))
    taken = Incident.alerts.through.objects.filter(incident__in=secret)
    return Group.objects.exclude(pk__in=taken.values("alert__group_id")) if secret else Group.objects.all()


def duties_of(actor: Actor, incident: Incident) -> frozenset[str]:
    """The roles this actor holds on the incident, or on what it was merged into."""
    if actor.person_id is None:
        return frozenset()
    held = Role.objects.filter(incident__in=_hands(incident), person_id=actor.person_id, until__isnull=True)
    return frozenset(held.values_list("duty", flat=True))


def has_access(actor: Actor, incident: Incident) -> bool:
    """Whether this actor was let in without a role."""
    if actor.person_id is None:
        return False
    rows = Access.objects.filter(incident__in=_hands(incident), person_id=actor.person_id, until__isnull=True)
    return rows.exists()


def allowed_on(actor: Actor, right: Right, incident: Incident) -> bool:
    """Whether the actor has the right on this incident. An `Access` lets read; what one may do everywhere, one may do here then."""
    duties = duties_of(actor, incident)
    let_in = not duties and has_access(actor, incident)
    if incident.restricted and actor.role != "system" and not (duties or let_in):
        return False
    return (right == "read" and let_in) or allowed(actor, right, duties)


def require_on(actor: Actor, right: Right, incident: Incident) -> None:
    """Raises `Refused` unless the actor has the right on this incident."""
    if not allowed_on(actor, right, incident):
        require(Actor(actor.name, actor.door, "observer"), right)  # refuses in the same words, whatever the reason
        raise Refused(f"{actor.name} may not do this.")
