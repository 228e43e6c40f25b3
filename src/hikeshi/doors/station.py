"""The threads behind a serving process: deadlines, workers, senders and, where a queue is set, one intake."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from django.db import connections

from hikeshi.desk.bell import BELL
from hikeshi.desk.runs.perform import warm_up
from hikeshi.doors.intake import Intake
from hikeshi.doors.mailbox import Mailbox
from hikeshi.doors.worker import SENDING, WORK, Prompt, Work, Worker

WORKERS = 2
"""So that evidence is taken side by side."""
SENDERS = 2
"""Who carry messages: a service that does not answer holds one of them for ten seconds."""


class Station:
    """Start with `with`; leaving it stops the workers after what they are doing."""

    def __init__(self, queue_url: str = "", mailbox_url: str = "") -> None:
        self.stop, self.pressed = threading.Event(), threading.Event()
        self.workers = [
            self._worker(work=(), prompt=None, pressed=self.pressed)
        ]  # deadlines: nothing slow ever holds them back
        self.workers += [self._worker(work=WORK, prompt=()) for _ in range(WORKERS)]
        self.workers += [self._worker(work=SENDING, prompt=(), pressed=self.pressed) for _ in range(SENDERS)]
        self.intakes = [self._thread(Intake(queue_url, stop=self.stop).run)] if queue_url else []
        if mailbox_url:
            self.intakes.append(self._thread(Mailbox(mailbox_url, stop=self.stop).run))

    def __enter__(self) -> Self:
        self.workers[0].start()  # deadlines do not wait until the clients of actions are built
        warm_up()
        gc.collect()
        gc.freeze()  # looking through all that was loaded takes a quarter of a second, and would begin in the first containment
        for thread in (*self.workers[1:], *self.intakes):
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop.set()
        BELL.ring()
        for (
            thread
        ) in self.workers:  # the intake's long poll may outlive us: what it brings stays on the queue until it is kept
            thread.join(timeout=5)

    def _worker(
        self, *, work: Work, prompt: tuple[Prompt, ...] | None, pressed: threading.Event | None = None
    ) -> threading.Thread:
        return self._thread(Worker(stop=self.stop, work=work, prompt=prompt, pressed=pressed).run)

    def _thread(self, loop: Callable[[], None]) -> threading.Thread:
        return threading.Thread(target=self._run, args=(loop,), daemon=True)

    @staticmethod
    def _run(loop: Callable[[], None]) -> None:
        try:
            loop()
        finally:
            connections.close_all()
