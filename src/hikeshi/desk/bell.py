"""Workers of this process hear at once that a row has fallen due; what other processes write they find by looking now and then."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Hashable, Iterable
from functools import partial
from typing import Final

from django.db import transaction


class Bell:
    """Rung for a kind of row; who waits for that kind looks again. Nobody misses one that was rung after `heard`."""

    def __init__(self) -> None:
        self._rung: Counter[Hashable] = Counter()
        self._changed = threading.Condition()

    def heard(self, kinds: Iterable[Hashable]) -> int:
        """How often it was rung for these kinds, or for everybody. Ask before looking, and hand it to `wait`."""
        return sum(self._rung[kind] for kind in (None, *kinds))

    def ring(self, kind: Hashable = None) -> None:
        """For those who wait for this kind; without one, for everybody."""
        with self._changed:
            self._rung[kind] += 1
            self._changed.notify_all()

    def wait(self, kinds: Iterable[Hashable], heard: int, seconds: float) -> None:
        """Until it was rung for one of these kinds since `heard`, and no longer than this."""
        waited_for = tuple(kinds)
        with self._changed:
            self._changed.wait_for(lambda: self.heard(waited_for) != heard, seconds)


BELL: Final = Bell()
"""That of this process."""


def ring_after_commit(kind: Hashable) -> None:
    """Rows of this kind are due as soon as the transaction has ended."""
    transaction.on_commit(partial(BELL.ring, kind))
