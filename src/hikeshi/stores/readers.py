"""Processes that read logs, as who builds a store sees them. `forked.py` is their side."""

from __future__ import annotations

import os
import pickle
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from selectors import EVENT_READ, DefaultSelector
from types import TracebackType
from typing import Self

from hikeshi.errors import Failed
from hikeshi.stores.tasks import Done, Task

KEEPING = {"MIMALLOC_PURGE_DELAY": "-1"}
"""Has Arrow use memory again and not give it back after each batch, as settling.py does for the rest."""


class Readers:
    """So many processes. Starting them returns at once, and they load what they need while the caller does something else.

    They are forked from one that has loaded everything and has no threads; the caller may have threads and open databases. When it is
    left, nobody writes into the store any more.
    """

    def __init__(self, count: int) -> None:
        pairs = [socket.socketpair() for _ in range(count)]
        theirs = [end.fileno() for _, end in pairs]
        command = [sys.executable, "-P", "-m", "hikeshi.stores.forked", str(os.getpid()), *map(str, theirs)]
        self._first = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, pass_fds=theirs, env=os.environ | KEEPING
        )
        self._all = [_Reader(own) for own, _ in pairs]
        for _, end in pairs:
            end.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._first.kill()  # the others end with it, or because nobody asks them any more
        for reader in self._all:
            reader.leave()
        self._first.wait()

    def answers(self, tasks: Iterable[Task]) -> Iterator[tuple[Task, Done]]:
        """Each task with what came of it, as they are done. A task is taken only when one of the processes has nothing to do.

        Raises what went wrong in them, and Failed where one was killed.
        """
        tasks, asked = iter(tasks), dict[_Reader, Task]()
        with DefaultSelector() as ready:
            for reader in self._all:
                ready.register(reader.end, EVENT_READ, reader)
            for reader, task in zip(self._all, tasks, strict=False):
                reader.ask(task)
                asked[reader] = task
            while asked:
                for key, _ in ready.select():
                    reader = key.data
                    done, answer = asked.pop(reader), reader.answer()
                    if following := next(tasks, None):
                        reader.ask(following)
                        asked[reader] = following
                    yield done, answer


class _Reader:
    """One of them."""

    def __init__(self, end: socket.socket) -> None:
        self.end = end
        self._said = end.makefile("rb")

    def ask(self, task: Task) -> None:
        with _alive():
            self.end.sendall(pickle.dumps(task))

    def answer(self) -> Done:
        with _alive():
            answer: Done | Exception = pickle.load(self._said)  # noqa: S301  it is a process of ours
        if isinstance(answer, Exception):
            raise answer
        return answer

    def leave(self) -> None:
        """Say that there is no more, and wait until it has ended."""
        with suppress(OSError):
            self.end.shutdown(socket.SHUT_WR)
            while self.end.recv(1 << 16):
                pass
        self._said.close()
        self.end.close()


@contextmanager
def _alive() -> Iterator[None]:
    try:
        yield
    except (EOFError, OSError, pickle.UnpicklingError) as error:
        raise Failed(
            "A process that read logs was killed, perhaps for lack of memory. What was finished is kept.",
            permanent=False,
            hint="Build again with fewer workers; it goes on where it stopped.",
        ) from error
