"""Reading evidence again in idle time: one item at a time, for as long as it takes, in the way of nothing else."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextlib import suppress
from typing import Final, TypeVar

from hikeshi.custody.locker import Checked
from hikeshi.desk.actor import Actor
from hikeshi.desk.evidence import verbs
from hikeshi.desk.evidence.models import Item
from hikeshi.desk.queue import give_back
from hikeshi.errors import HikeshiError

PAUSE: Final = 0.5
"""Seconds of reading between two looks at what else is due."""

NICENESS: Final = 10
T = TypeVar("T")


def check_due(item: Item, *, actor: Actor, meanwhile: Callable[[], None]) -> None:
    """Read the item's bytes and record the result; the item is due again after that.

    `meanwhile` is called every `PAUSE` seconds: it keeps the lease and does what is more urgent. What it raises ends the check without
    a result, as when another worker has taken the item over.
    """
    if item.disposed_at:
        give_back(item, due_at=None)
        item.save(update_fields=["due_at", "lease_owner", "lease_until", "attempts"])
        return
    found = beside(lambda: _tried(item), meanwhile)
    meanwhile()  # the lease must still be ours, and the item still there
    verbs.record_check(item, found, actor=actor)


def _tried(item: Item) -> Checked:
    try:
        return verbs.compare(item)
    except HikeshiError as problem:
        return Checked(result="could-not-check", reason=str(problem))


def beside(work: Callable[[], T], meanwhile: Callable[[], None]) -> T:
    """Do `work` in a thread of low priority and call `meanwhile` as long as it lasts. `work` must not touch the database.

    A read cannot be broken off: where `meanwhile` raises, the thread ends by itself or with the process.
    """
    done: Future[T] = Future()

    def run() -> None:
        with suppress(OSError):
            os.nice(NICENESS)  # of this thread alone, on Linux; it lowers its share of the disk too
        try:
            done.set_result(work())
        except BaseException as problem:  # noqa: BLE001 - handed to whoever waits
            done.set_exception(problem)

    threading.Thread(target=run, daemon=True).start()
    while not wait([done], timeout=PAUSE).done:
        meanwhile()
    return done.result()
