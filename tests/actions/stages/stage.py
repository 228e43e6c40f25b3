"""What an action needs to be tried on: built in a fresh simulated account, and what of the account it can change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from actions.account import Cloud


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """One way to try one action. `build` makes what is needed and returns the action's inputs.

    `areas` are the names in `simulation.state.AREAS` that the action can change. `rare` are declared permissions that this stage
    does not need: only used in a fallback, or where there is something to look at. `settings` change the world's settings.
    """

    build: Callable[[Cloud], dict[str, Any]]
    areas: tuple[str, ...]
    rare: frozenset[str] = frozenset()
    outcome: str = "done"
    """What `do` answers when all goes well."""


Stages = Mapping[str, Mapping[str, Stage]]
"""Action name to its stages by name."""
