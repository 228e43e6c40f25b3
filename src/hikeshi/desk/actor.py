"""Who is acting, and through which door: the keyword-only `actor` of every verb."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Door = Literal["console", "api", "cli", "worker", "intake"]
Role = Literal["admin", "commander", "responder", "observer", "system"]


@dataclass(frozen=True, slots=True)
class Actor:
    """`name` is what the ledger keeps. `person_id` is None for Hikeshi itself (role "system")."""

    name: str
    door: Door
    role: Role
    person_id: int | None = None


def system(name: str, door: Door) -> Actor:
    """Hikeshi acting by a rule that people have approved: a worker, the intake."""
    return Actor(name=name, door=door, role="system")
