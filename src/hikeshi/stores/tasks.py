"""What a process that builds asks of those that read, and what they answer. Arrow is heavy, and who only asks does not load it."""

from __future__ import annotations

import msgspec

from hikeshi.events.assumed import Assumption
from hikeshi.events.source import Limits
from hikeshi.stores.store import Place


class Known(msgspec.Struct, frozen=True):
    """What people call a file, what they know of it, when it was last written as it was hashed (0: not known), and whether it was read before."""

    name: str = ""
    assumed: tuple[Assumption, ...] = ()
    written_ns: int = 0
    stored: bool = False


class Task(msgspec.Struct, frozen=True):
    """Sources to be read together into one batch."""

    folder: str
    number: int
    files: tuple[tuple[str, str], ...]
    """Path and SHA-256 of each."""
    limits: Limits
    known: dict[str, Known] = {}
    """By path."""


class Done(msgspec.Struct, frozen=True):
    """What became of a task's files: read, not known as a log, or not to be opened."""

    built: int
    not_recognised: tuple[str, ...]
    closed: tuple[Place, ...]


def perform(task: Task) -> Done:
    """Read the files, write the parts, commit the batch (writing.py)."""
    from hikeshi.stores import writing

    return writing.perform(task)
