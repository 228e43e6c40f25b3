"""One thread that commits what the requests bring: all that wait are received in one transaction, and then all are answered.

A transaction costs about the same for one payload as for twenty: while one is written, the next are gathered, and for a few milliseconds
more while they still come. A request that is answered is committed; one whose process dies before has no answer, and its sender sends it again.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Final

from django.db import connection

from hikeshi.desk.actor import system
from hikeshi.desk.alerts.receiving import Kept, Parcel, receive_many

log = logging.getLogger(__name__)
AT_ONCE: Final = 100
"""Payloads in a transaction."""
BYTES_AT_ONCE: Final = 2 * 1024 * 1024
"""Bytes of them, beyond the first."""
PAUSE: Final = 0.003
"""Seconds without another payload after which those that wait are written: senders who were answered together send their next together."""
GATHERED: Final = 0.015
"""Seconds they are gathered at most."""
MOST_WAITING: Final = 1000
"""Payloads that wait; those that come then are sent away."""
MOST_BYTES: Final = 64 * 1024 * 1024
"""Bytes of them: they are held in memory."""
LONGEST_AWAY: Final = 30
"""Seconds a sender is sent away for."""

Receive = Callable[[Sequence[Parcel]], list[Kept]]


def _receive(parcels: Sequence[Parcel]) -> list[Kept]:
    return receive_many(parcels, actor=system("Webhook", "intake"))


class Full(Exception):
    """More waits than is good; come again in `seconds`."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"More alerts are waiting to be written than {MOST_WAITING} or {MOST_BYTES} bytes.")
        self.seconds = seconds


class Committer:
    """`hand_in` from any thread; the future is done when the payload is committed, or holds why it is not."""

    def __init__(self, receive: Receive = _receive) -> None:
        self._receive = receive
        self._waiting: deque[tuple[Parcel, Future[Kept], float]] = deque()
        self._bytes = 0
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def hand_in(self, parcel: Parcel) -> Future[Kept]:
        """Raises `Full`, and then nothing of the parcel is kept."""
        future: Future[Kept] = Future()
        with self._changed:
            full = len(self._waiting) >= MOST_WAITING or self._bytes + len(parcel.payload) > MOST_BYTES
            if full and self._waiting:
                raise Full(self._away())
            self._waiting.append((parcel, future, time.monotonic()))
            self._bytes += len(parcel.payload)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="webhook commits", daemon=True)
                self._thread.start()
            self._changed.notify()
        return future

    def _away(self) -> int:
        """Seconds: as long as the oldest has waited, which is how far we are behind."""
        return min(LONGEST_AWAY, 1 + math.ceil(time.monotonic() - self._waiting[0][2]))

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._waiting:
                    self._changed.wait()
                self._gather()
                taken = self._take()
            self._commit(taken)

    def _gather(self) -> None:
        """Wait while others come: each transaction less leaves its time to all of them."""
        until = time.monotonic() + GATHERED
        while len(self._waiting) < AT_ONCE and time.monotonic() < until and self._changed.wait(PAUSE):
            pass

    def _take(self) -> list[tuple[Parcel, Future[Kept], float]]:
        taken: list[tuple[Parcel, Future[Kept], float]] = []
        size = 0
        while self._waiting and len(taken) < AT_ONCE:
            size += len(self._waiting[0][0].payload)
            if taken and size > BYTES_AT_ONCE:
                break
            taken.append(self._waiting.popleft())
            self._bytes -= len(taken[-1][0].payload)
        return taken

    def _commit(self, taken: Sequence[tuple[Parcel, Future[Kept], float]]) -> None:
        try:
            kept = self._receive([parcel for parcel, _, _ in taken])
        except Exception as problem:  # the boundary: nothing of it is kept, and every sender is told so
            log.exception("%d payloads could not be received", len(taken))
            connection.close()  # it may be the connection that is broken
            for _, future, _ in taken:
                if future.set_running_or_notify_cancel():
                    future.set_exception(problem)
            return
        for (_, future, _), one in zip(taken, kept, strict=True):
            if future.set_running_or_notify_cancel():
                future.set_result(one)
