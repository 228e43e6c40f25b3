"""The processes that work on steps share what the accounts allow; what one of them has held is free as soon as it is dead."""

from __future__ import annotations

import threading
import time
from typing import Final

from django.utils import timezone

from hikeshi.aws.buckets import SHARED
from hikeshi.desk import living
from hikeshi.desk.bell import ring_after_commit
from hikeshi.desk.runs.models import Step

EVERY: Final = 1.0
"""Seconds between two looks of a process."""
_looking = threading.Lock()
_looked = [0.0]
_known: set[str] = set()
"""The process that has looked before, itself: empty in one that is new."""


def look(*, now: bool = False) -> None:
    """Take an equal part of every bucket, by who lives and who holds leases, and give the steps of dead processes to those who live.

    A process that is new beside others begins with nothing: what is left in the buckets is counted by those who were there.
    At most once in `EVERY`, where it need not be `now`: by whoever of a process comes first.
    """
    if not now and time.monotonic() - _looked[0] < EVERY:
        return
    if not _looking.acquire(blocking=now):  # a look that began before a claim of ours does not count for it
        return
    try:
        _looked[0] = time.monotonic()
        working = _working()
        if not _known and working != {living.process()}:
            SHARED.join(len(working), EVERY)
        else:
            SHARED.share_among(len(working))
        _known.add(living.process())
    finally:
        _looking.release()


def _working() -> set[str]:
    """We, the processes of this machine that live, and those elsewhere that hold leases on steps and may live."""
    held = Step.objects.filter(lease_until__gt=timezone.now()).order_by().values_list("lease_owner", flat=True)
    processes = {living.process_of(owner) for owner in held.distinct()}
    gone = {name for name in processes - {living.process()} if living.dead(name)}
    for name in gone:  # the same as a lease that has ended: whoever claims it goes on from what was saved
        mine = Step.objects.filter(lease_owner__startswith=f"{name}:")
        if mine.update(lease_owner="", lease_until=None):
            ring_after_commit(Step)
    return (processes - gone) | living.here() | {living.process()}
