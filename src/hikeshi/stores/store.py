"""What an event store is: the questions, the answers, and the record of how it was built. No engine is imported here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec

from hikeshi.errors import Unreadable
from hikeshi.events.assumed import Assumption
from hikeshi.stores.suspects import Suspect

Value = str | int | float | bool | None
Progress = Callable[[int, int], None]
"""Called with the number of files done and of all files while a store is built, and of events while it is merged."""

SHOWN = 1000
"""How many rows of each list a report holds at most. The counts beside the lists are always true."""

PLACES = 100
"""How many unreadable places are kept of one source."""


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """Which events. All parts must hold; an empty query means every event.

    `where` compares columns of the event: one value, several (any of them), or None (the column is empty). A column that is a list
    matches where it contains the value. `marks` are pairs of column and value, of which at least one must hold. `search` is text
    found anywhere in the record, in any case. `after` is the last row seen: the page behind it follows.
    """

    start_us: int | None = None
    end_us: int | None = None
    """UTC microseconds, `start_us` included and `end_us` not."""
    where: Mapping[str, Value | Sequence[Value]] = msgspec.field(default_factory=dict)
    marks: Sequence[tuple[str, Value]] = ()
    search: str | None = None
    after: tuple[int, str | bytes] | None = None
    """Time and id, as in `ts` and `event_uid` of a row."""
    limit: int = 100
    descending: bool = False


class Place(msgspec.Struct, frozen=True):
    """What could not be read, where, and why."""

    source: str
    place: str
    reason: str

    @classmethod
    def of(cls, trouble: Unreadable) -> Place:
        where = f"{trouble.source}, {trouble.place}: " if trouble.place else f"{trouble.source}: "
        return cls(trouble.source, trouble.place, trouble.message.removeprefix(where))


class SourceRow(msgspec.Struct, frozen=True, kw_only=True):
    """The manifest of one source file: which bytes, read by what, and how the count adds up.

    `records` read are `events`, `unreadable_count` and `undated` (they have no time) together; of the events, `duplicates` had been delivered by another record already.
    """

    path: str
    sha256: str
    size: int
    """Bytes of the file, packed or not."""
    parser: str
    parser_version: str
    events: int = 0
    duplicates: int = 0
    unreadable_count: int = 0
    unreadable: tuple[Place, ...] = ()
    undated: int = 0
    first_us: int | None = None
    last_us: int | None = None
    note: str = ""
    name: str = ""
    """What people call it, where that is not its path."""
    assumed: tuple[Assumption, ...] = ()
    """What people said of it; it is read again when they say something else."""

    @property
    def records(self) -> int:
        return self.events + self.unreadable_count + self.undated


class BuildReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a store holds after a build. `built` sources were read in this build, `unchanged` ones had been read before.

    `events` are distinct events; `events` + `duplicates` + `unreadable_count` + `undated` are all records read.
    """

    files: int
    events: int
    duplicates: int
    unreadable_count: int
    unreadable: tuple[Place, ...]
    undated: int = 0
    """Records without any time."""
    not_recognised_count: int
    not_recognised: tuple[str, ...]
    built: int
    unchanged: int
    seconds: float
    sources: tuple[SourceRow, ...]
    """The first of the manifest rows; `Store.sources` has all."""


class Store(Protocol):
    """An engine that keeps events. Every method raises Refused for a column that does not exist or a value that cannot be in it."""

    def build(
        self,
        paths: Iterable[str | Path],
        *,
        workers: int | None = None,
        progress: Progress | None = None,
        sha256_of: Mapping[str, str] | None = None,
        names: Mapping[str, str] | None = None,
        assumed: Sequence[Assumption] = (),
    ) -> BuildReport:
        """Read logs into the store. Repeating it reads only what is new; killing it leaves a store that can be used.

        `names` has what people call a path where they know it by another name; `assumed` is what they know of the sources.
        """

    def events(self, query: Query) -> list[dict[str, Any]]:
        """One page of events in the order of time, then id. Ids are hexadecimal; empty columns are None."""

    def count(self, query: Query) -> int:
        """How many distinct events. The page (`after`, `limit`) does not matter here and below."""

    def histogram(self, query: Query, buckets: int = 60) -> list[tuple[int, int, int]]:
        """(start, end, events) of equal spans in UTC microseconds, empty ones too."""

    def facet(self, field: str, query: Query, top: int = 10) -> list[tuple[Value, int]]:
        """The most frequent values of a column and how many events have each."""

    def sources(self) -> list[SourceRow]:
        """The manifest of every source in the store, by path."""

    def suspects(self, query: Query) -> list[Suspect]:
        """Who did what attackers do, the likeliest first."""
