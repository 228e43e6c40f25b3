"""What many steps ask of AWS at the same time is asked once, and what they all need is made by one of them.

A list that several threads want is read by the first; those who come before it is sent join, and what they ask for is read along (two
hundred instances in one call). Nobody is answered from before they asked: a read that is under way already is not joined. So the longer the
line in front of AWS, the fewer the calls.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from hikeshi.aws.failures import CallFailed
from hikeshi.pace import AWS, part

MOST: Final = 200
"""Values of one filter (Amazon EC2 API Reference, Filter)."""
LOOK: Final = 1.0
"""Seconds after which one who waits looks again whether it should go on at all."""

Items = list[dict[str, Any]]


class _Batch:
    def __init__(self, values: frozenset[str]) -> None:
        self.values = values
        self.done = threading.Event()
        self.items: Items | None = None
        self.failure: CallFailed | None = None


class Together:
    """What a process asks for together. `linger` is called while one waits; what it raises goes on."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._gathering: dict[Hashable, _Batch] = {}
        self._lines: dict[Hashable, threading.Lock] = {}

    def ask(
        self, key: Hashable, values: Iterable[str], ready: Callable[[], None], send: Callable[[list[str]], Items],
        linger: Callable[[], None],
    ) -> Items:  # fmt: skip
        """The items of a list for at least these values. `ready` waits for the turn, others may join until it returns."""
        wanted = frozenset(values)
        while True:
            batch, first = self._join(key, wanted)
            if first:
                return self._read(key, batch, ready, send, linger)
            _await(batch, linger)
            if batch.failure is not None:
                raise batch.failure
            if batch.items is not None:
                return batch.items
            # Whoever read for us was called away: read it ourselves.

    @contextmanager
    def alone(self, key: Hashable, linger: Callable[[], None]) -> Iterator[None]:
        """One at a time in this process."""
        with self._lock:
            line = self._lines.setdefault(key, threading.Lock())
        while not line.acquire(timeout=LOOK):
            linger()
        try:
            yield
        finally:
            line.release()

    def _join(self, key: Hashable, wanted: frozenset[str]) -> tuple[_Batch, bool]:
        with self._lock:
            batch = self._gathering.get(key)
            if batch is not None and len(batch.values | wanted) <= MOST:
                batch.values |= wanted
                return batch, False
            batch = self._gathering[key] = _Batch(wanted)
            return batch, True

    def _read(
        self, key: Hashable, batch: _Batch, ready: Callable[[], None], send: Callable[[list[str]], Items],
        linger: Callable[[], None],
    ) -> Items:  # fmt: skip
        try:
            with self.alone(("read", key), linger):
                ready()
                self._close(key, batch)
                batch.items = send(sorted(batch.values))
                return batch.items
        except CallFailed as failure:
            batch.failure = failure
            raise
        finally:
            self._close(key, batch)
            batch.done.set()

    def _close(self, key: Hashable, batch: _Batch) -> None:
        with self._lock:
            if self._gathering.get(key) is batch:
                del self._gathering[key]


@part(AWS)
def _await(batch: _Batch, linger: Callable[[], None]) -> None:
    while not batch.done.wait(LOOK):
        linger()


def _instances(reservation: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for one in reservation["Instances"]:
        yield one["InstanceId"], {**reservation, "Instances": [one]}


def _interfaces(interface: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield interface.get("Attachment", {}).get("InstanceId", ""), interface


BY_VALUE: Final[Mapping[tuple[str, str, str], Callable[[dict[str, Any]], Iterator[tuple[str, dict[str, Any]]]]]] = {
    ("ec2", "DescribeInstances", "instance-id"): _instances,
    ("ec2", "DescribeNetworkInterfaces", "attachment.instance-id"): _interfaces,
}
"""Lists that can be read for many at once: (service, operation, its only filter), and how an item says for whom it is."""

TOGETHER: Final = Together()
"""That of this process."""
