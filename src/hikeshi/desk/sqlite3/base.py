"""Django's SQLite with a line for those who write.

SQLite lets one write at a time, and who finds it taken sleeps, at last a tenth of a second at a time, whether it is free again or not. So the
threads of a process stand in a line here, and the next one goes on in the moment the one before has committed. Between processes the
database's own way is left, with one thread of each in it.
"""

from __future__ import annotations

import threading
import time
from bisect import insort
from collections import defaultdict
from itertools import count
from typing import Any, Final, NamedTuple

from django.db.backends.sqlite3 import base


class _Place(NamedTuple):
    """One who stands in line: ordered by the time from which on it lets nobody past."""

    at: float
    number: int
    called: threading.Event


class Line:
    """Whose turn it is. Safe to use from many threads; a turn may be left by another thread than took it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = count()
        self._waiting: list[_Place] = []
        self._turn: _Place | None = None

    def take(self, longest: float, patience: float = 0.0) -> _Place:
        """Wait for the turn and return it. Whoever comes up to `patience` seconds later goes first, where it has none.

        After `longest` seconds it is taken all the same: the one who has it may be dead, and the database knows better.
        """
        with self._lock:
            mine = _Place(time.monotonic() + patience, next(self._numbers), threading.Event())
            if self._turn is None:
                self._turn = mine
                return mine
            insort(self._waiting, mine)
        if not mine.called.wait(longest):
            with self._lock:
                if mine in self._waiting:
                    self._waiting.remove(mine)
                    self._turn = mine
        return mine

    def leave(self, turn: _Place) -> None:
        """Call the next one. Does nothing where the turn has gone to somebody else meanwhile."""
        with self._lock:
            if self._turn is not turn:
                return
            self._turn = self._waiting.pop(0) if self._waiting else None
            if self._turn is not None:
                self._turn.called.set()


LINES: Final[defaultdict[str, Line]] = defaultdict(Line)
"""By database file."""
_thread = threading.local()


def be_patient(seconds: float) -> None:
    """From now on this thread lets those past who come up to so many seconds after it: what it writes has time."""
    _thread.patience = seconds


class DatabaseWrapper(base.DatabaseWrapper):
    """The connection of one thread. It has the turn from BEGIN until it has committed, rolled back or is closed."""

    _turn: _Place | None = None

    def _start_transaction_under_autocommit(self) -> None:
        if not self.is_in_memory_db():
            longest = float(self.settings_dict["OPTIONS"].get("timeout", 5.0))
            self._turn = self._line.take(longest, getattr(_thread, "patience", 0.0))
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]
        except BaseException:
            self._leave()
            raise

    def _commit(self) -> Any:
        found = super()._commit()  # type: ignore[misc]
        self._leave()  # where it fails, Django rolls back
        return found

    def _rollback(self) -> Any:
        try:
            return super()._rollback()  # type: ignore[misc]
        finally:
            self._leave()

    def _close(self) -> Any:
        try:
            return super()._close()  # type: ignore[misc]
        finally:
            self._leave()

    @property
    def _line(self) -> Line:
        return LINES[str(self.settings_dict["NAME"])]

    def _leave(self) -> None:
        if self._turn is not None:
            turn, self._turn = self._turn, None
            self._line.leave(turn)
