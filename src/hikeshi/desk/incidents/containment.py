"""Containment that no action of ours has proven: people say that it holds, and why."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from hikeshi.desk.actor import Actor
from hikeshi.desk.incidents import targets
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.incidents.verbs import change, require_on
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.errors import Refused


@transaction.atomic
def state_contained(incident: Incident, *, actor: Actor, reason: str) -> None:
    """Whoever commands states that the attack is stopped. The containment target ends; the first time is kept for the figures."""
    require_on(actor, "command", incident)
    if not reason.strip():
        raise Refused("Containment needs a reason.", hint="Say what shows that the attacker is stopped.")
    incident.refresh_from_db()
    if incident.contained_at is not None:
        raise Refused(f"{incident} is contained already.")
    now = timezone.now()
    data = change(incident, None, {"reason": reason.strip()}, contained_at=now)
    ledger.append(incident.name, actor=actor, verb="incident.contained_by_hand", obj=incident.name, data=data)
    targets.stop(incident, "containment.", actor=actor, at=now)
