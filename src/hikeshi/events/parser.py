"""What a parser is, and how one is added.

A parser is one file in `parsers/` and one line in the table there. The file has, in this order: a docstring that names the format
and the documents it was written from; the typed record; `recognises`; `events`. It never raises at bad input: a line that cannot be
read is yielded as an `Unreadable` value that says where and why, and reading goes on.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from hikeshi.errors import Unreadable
from hikeshi.events.event import Event
from hikeshi.events.source import Source


class Parser(Protocol):
    """The shape of a parser's module."""

    @property
    def NAME(self) -> str:  # noqa: N802  modules spell their constants so
        """Kind of log, as in the `source_kind` column."""

    @property
    def VERSION(self) -> str:  # noqa: N802  modules spell their constants so
        """Raised when the same bytes become other events: stored sources are then read again."""

    def recognises(self, head: bytes) -> bool:
        """Whether content that begins with these bytes (up to 64 KiB, unpacked) is this log. Cheap; never raises."""

    def events(self, source: Source) -> Iterator[Event | Unreadable]:
        """Each record once: as an event or as an Unreadable."""
