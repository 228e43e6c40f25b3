"""Answers about everything in a merged store: found once, kept beside it as long as it is the same, and thrown away freely.

The first look at a large timeline asks how many events each hour has and who and what is most frequent, of all events. No answer changes while
no part does, so each has a file in `kept`, named by the parts it is of.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import msgspec

from hikeshi.events.event import COLUMNS
from hikeshi.stores.store import Query

MOST = 1000
"""Values that are kept of a column, the most frequent first."""

BUCKETS = 100
"""A histogram with more is not kept."""

USUAL = ("source_kind", "action", "actor_name", "src_ip", "outcome", "service", "region")
"""Columns whose values are counted when a store was merged; others when somebody asks first."""

EXACT = frozenset({"bool", "int32", "int64", "list<string>", "string", "uint16"})
"""Types whose values are the same behind JSON."""

T = TypeVar("T")


def of_everything(query: Query) -> bool:
    """Whether it means every event there is. Pages do not matter."""
    return not (query.where or query.marks or query.search) and query.start_us is None and query.end_us is None


def countable(field: str) -> bool:
    return field == "dup_count" or (field in COLUMNS and COLUMNS[field].arrow in EXACT)


class Kept:
    """What is known of the parts that are named by `state`."""

    def __init__(self, folder: Path, state: str) -> None:
        self._folder = folder / "kept"
        self._state = state

    def answer(self, name: str, kind: type[T], ask: Callable[[], T]) -> T:
        """What was kept under a name, else what `ask` finds."""
        path = self._folder / f"{self._state}-{name}.json"
        try:
            return msgspec.json.decode(path.read_bytes(), type=kind)
        except (OSError, msgspec.DecodeError):  # not there, or damaged: it is asked again
            found = ask()
        with suppress(OSError):  # a full disk, or one that may only be read, fails no question
            self._folder.mkdir(exist_ok=True)
            new = path.with_name(f"{path.name}.{uuid4().hex}.new")  # several may find it missing at once
            new.write_bytes(msgspec.json.encode(found))
            new.replace(path)
        return found

    def forget_others(self) -> None:
        """Remove what is of other parts, and what was never finished."""
        for path in self._folder.glob("*"):
            if not path.name.startswith(f"{self._state}-") or path.suffix == ".new":
                path.unlink(missing_ok=True)
