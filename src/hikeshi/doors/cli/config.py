"""`config`: every environment variable, what it means, and what it is now. Secrets are never shown."""

from __future__ import annotations

import os
from typing import Any

from hikeshi.doors.cli.answer import Answer
from hikeshi.environment import VARIABLES, read_environment

SECRET = frozenset({"HIKESHI_CHECKPOINT_COPIES", "HIKESHI_DATABASE_URL", "HIKESHI_TOKEN"})
"""The address of a webhook is often a secret, too."""


def config() -> Answer:
    """The variables in force, checked as at every start. A variable that is not in this list stops Hikeshi with a hint."""
    read_environment()
    rows = [_row(name, default, meaning) for name, (default, meaning) in VARIABLES.items()]
    return Answer(rows, columns=("variable", "value", "meaning"))


def _row(name: str, default: str, meaning: str) -> dict[str, Any]:
    given = os.environ.get(name, "").strip()
    shown = "(set, not shown)" if given and name in SECRET else given or default
    return {"variable": name, "value": shown, "default": default, "given": bool(given), "meaning": meaning}
