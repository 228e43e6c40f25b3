"""The threads behind a serving process: one worker and, where a queue is set, one intake that wakes it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from django.db import connections

from hikeshi.desk.runs.perform import warm_up
from hikeshi.doors.intake import Intake
from hikeshi.doors.worker import Worker


class Station:
    """Start with `with`; leaving it stops both threads after what they are doing."""

    def __init__(self, queue_url: str = "") -> None:
        self.stop, self.wake = threading.Event(), threading.Event()
        self.worker = Worker(stop=self.stop, wake=self.wake)
        self.threads = [threading.Thread(target=self._run, args=(self.worker.run,), name="worker", daemon=True)]
        if queue_url:
            intake = Intake(queue_url, stop=self.stop, arrived=self.wake.set)
            self.threads.append(threading.Thread(target=self._run, args=(intake.run,), name="intake", daemon=True))

    def __enter__(self) -> Self:
        warm_up()
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop.set()
        self.wake.set()
        for thread in self.threads:
            thread.join(timeout=5)  # a long poll may outlive us; what it brings stays on the queue until it is kept

    @staticmethod
    def _run(loop: Callable[[], None]) -> None:
        try:
            loop()
        finally:
            connections.close_all()
