"""Queries that few events meet: the events are found once, and counted, drawn and paged from what was found.

Whoever looks for a text asks the same thing eight times: the page, how many, how many each hour has, who and what is most frequent, the next
page. Looking into every record is dear and what is found is small, so a process keeps the rows and times of the searches that were asked last. A
merged store does not change, and neither does what was found in it.
"""

from __future__ import annotations

import threading
from array import array
from bisect import bisect_left, bisect_right
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, TypeVar

import msgspec

from hikeshi.stores.store import Query, Value

T = TypeVar("T")

MOST = 300_000
"""Events of a query that is kept: 4.8 MB."""

ROOM = 1_000_000
"""Events that a process keeps of all its queries, 16 MB, and at most so many queries as KEPT."""

KEPT = 64


class Few(NamedTuple):
    """Every event of a query in the order of time: its row, and its time in UTC microseconds."""

    rows: array[int]
    times: array[int]

    @classmethod
    def of(cls, found: Sequence[tuple[int, int]]) -> Few:
        """Of rows with their times, in any order. In a merged store the order of rows is that of times."""
        ordered = sorted(found)
        return cls(array("q", (row for row, _ in ordered)), array("q", (time for _, time in ordered)))

    def at(self, us: int) -> slice:
        """The place of those of one time."""
        return slice(bisect_left(self.times, us), bisect_right(self.times, us))

    def spread(self, spans: range) -> Counter[int]:
        """How many lie in each of equal spans, by its number."""
        return Counter((time - spans.start) // spans.step for time in self.times)


class Sums(NamedTuple):
    """Of events that are too many to keep: how many there are, and of some columns the most frequent values with how many have each."""

    events: int
    values: dict[str, list[tuple[Value, int]]]


class Known(Generic[T]):
    """What was found last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: OrderedDict[bytes, T] = OrderedDict()

    def of(self, key: bytes, find: Callable[[], T]) -> T:
        """What is known under a name, else what is found now."""
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
                return self._found[key]
        found = find()
        self.keep(key, found)
        return found

    def keep(self, key: bytes, found: T) -> None:
        with self._lock:
            self._found[key] = found
            self._found.move_to_end(key)
            while (
                len(self._found) > KEPT
                or sum(len(one.rows) for one in self._found.values() if isinstance(one, Few)) > ROOM
            ):
                self._found.popitem(last=False)

    def peek(self, key: bytes) -> T | None:
        """What is known under a name; None where nothing is."""
        with self._lock:
            return self._found.get(key)

    def forget(self) -> None:
        with self._lock:
            self._found.clear()


known: Known[Few | None] = Known()
"""Of this process. None stands for more than are kept."""

sums: Known[Sums] = Known()
"""Of those."""


def name(store: tuple[str, int, int], query: Query) -> bytes:
    """One name for what a query means in a store in one state. The page does not matter."""
    whole = msgspec.structs.replace(query, after=None, limit=0, descending=False)
    return msgspec.json.encode((store, whole))
