"""The states of a step that decide what may follow it. Words only, so that it costs nothing to know them."""

from __future__ import annotations

from typing import Final

CLEAR: Final = frozenset({"done", "partial", "skipped", "not_needed"})
FAILED: Final = frozenset({"failed", "refused", "unknown"})
ENDED: Final = CLEAR | FAILED | {"undone"}
WAITING: Final = frozenset({"waiting", "lacking"})
"""Not open yet, or open but for a fact."""

STATES: Final = (
    "waiting", "lacking", "open", "planning", "asked", "approved", "running", "pending", "done", "partial", "refused", "failed",
    "unknown", "skipped", "not_needed", "undo_asked", "undoing", "undone",
)  # fmt: skip
"""Every state, in the order that a step comes through them."""
