"""Who may change what ties the ledger to the outside. Here, because accounts (and their table of rights) are a later noun than the ledger."""

from __future__ import annotations

from typing import Final, Literal

from hikeshi.desk.actor import Actor
from hikeshi.errors import Refused

KEYS: Final = frozenset({"admin"})
"""Changing or withdrawing a key: as the right to manage."""
ANCHORS: Final = frozenset({"admin", "commander"})
"""Trying stamps and copies again: as the right to read every chain."""


def require(actor: Actor, what: Literal["keys", "anchors"]) -> None:
    """Raises `Refused` for whoever may not."""
    if actor.role not in (KEYS if what == "keys" else ANCHORS):
        raise Refused(f"{actor.name} may not do this.", hint="Ask an administrator.")
