"""Who may do what: three rights on an incident and two on the organisation. Everything not granted is refused.

| right   | on the incident                               | everywhere        |
|---------|-----------------------------------------------|-------------------|
| read    | anyone with a role on it                      | commander, admin  |
| write   | a responder (or above) with a role on it      | commander, admin  |
| command | its Incident Commander or Technical Lead      | commander, admin  |
| triage  | (organisation) see and judge alerts, declare  | responder or above|
| manage  | (organisation) accounts, tokens, contacts     | admin             |
"""

from __future__ import annotations

from typing import Final, Literal

from hikeshi.desk.actor import Actor
from hikeshi.errors import Refused

Right = Literal["read", "write", "command", "triage", "manage"]

EVERYWHERE: Final[dict[str, frozenset[str]]] = {
    "admin": frozenset({"read", "write", "command", "triage", "manage"}),
    "commander": frozenset({"read", "write", "command", "triage"}),
    "observer": frozenset(),
    "responder": frozenset({"triage"}),
    "system": frozenset({"read", "write", "command", "triage"}),
}
COMMANDING_DUTIES: Final = frozenset({"incident_commander", "deputy_commander", "technical_lead"})


def allowed(actor: Actor, right: Right, duties: frozenset[str] = frozenset()) -> bool:
    """`duties` are the roles the actor holds on the incident in question; empty: none, or no incident is in question."""
    if right in EVERYWHERE.get(actor.role, frozenset()):
        return True
    if not duties:
        return False
    if right == "read":
        return True
    if actor.role != "responder":
        return False
    return right == "write" or (right == "command" and bool(duties & COMMANDING_DUTIES))


def require(actor: Actor, right: Right, duties: frozenset[str] = frozenset()) -> None:
    """Raises `Refused` without saying anything about what is protected."""
    if not allowed(actor, right, duties):
        raise Refused(
            f"{actor.name} may not do this (needs the right to {right}).",
            hint="Ask the Incident Commander for a role on the incident, or an administrator.",
        )
