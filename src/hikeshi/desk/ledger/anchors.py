"""What ties a checkpoint to the world outside: time stamps and copies. One hook, called in the transaction that makes the checkpoint."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from hikeshi.desk.ledger.models import Checkpoint

ANCHORS: Final[tuple[Callable[[Checkpoint], None], ...]] = ()
"""Each adds the rows a worker is to take outside. No network here: the rows wait."""


def plan(checkpoint: Checkpoint) -> None:
    """Line up everything that is to be held outside of this checkpoint."""
    for anchor in ANCHORS:
        anchor(checkpoint)
