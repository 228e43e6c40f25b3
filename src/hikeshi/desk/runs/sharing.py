"""The processes that work on steps share what the accounts allow; what one of them has held is free as soon as it is dead."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from datetime import timedelta
from typing import Final

from django.utils import timezone

from hikeshi.aws.buckets import REMEMBERED, SHARED
from hikeshi.aws.rates import Api, api
from hikeshi.desk import living
from hikeshi.desk.bell import ring_after_commit
from hikeshi.desk.runs.models import Intent, Step

EVERY: Final = 1.0
"""Seconds between two looks of a process."""
LINE: Final = 2
"""How many wait in line in a process that leaves approved steps to others: with them it would still be waiting when the others have done theirs."""
_looking = threading.Lock()
_looked = [0.0]
_known: set[str] = set()
"""The process that has looked before, itself: empty in one that is new."""


def crowded() -> bool:
    """Whether so many wait here for their turn at AWS that a step is begun sooner by another process, whose part is as large."""
    return SHARED.shared and SHARED.crowd() >= LINE


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
        working, buried = _working()
        if not _known and working != {living.process()}:
            SHARED.join(len(working), EVERY)
        else:
            SHARED.share_among(len(working))
            if buried:
                SHARED.inherit(_asked_lately(), len(working))
        _known.add(living.process())
    finally:
        _looking.release()


def _asked_lately() -> dict[Api, list[float]]:
    """By API, how many seconds ago each changing request was written down, by whatever process for whatever account: more than a bucket has
    seen, never less.
    """
    now = timezone.now()
    lately = Intent.objects.filter(at__gt=now - timedelta(seconds=REMEMBERED))
    asked = defaultdict[Api, list[float]](list)
    for operation, params, at in lately.values_list("operation", "params", "at"):
        service, _, name = operation.partition(":")
        asked[api(service, name, params)].append((now - at).total_seconds())
    return asked


def _working() -> tuple[set[str], bool]:
    """We, the processes of this machine that live, and those elsewhere that hold leases on steps and may live; and whether we were the one to
    find that another has died in the middle of its work.
    """
    held = Step.objects.filter(lease_until__gt=timezone.now()).order_by().values_list("lease_owner", flat=True)
    processes = {living.process_of(owner) for owner in held.distinct()}
    gone = {name for name in processes - {living.process()} if living.dead(name)}
    working = (processes - gone) | living.here() | {living.process()}
    if not _known and working != {living.process()}:
        return working, False  # one of the others does it: who is new has nothing yet, and does not know what they have
    return working, sum(map(_bury, gone)) > 0


def _bury(name: str) -> bool:
    """The same as leases that have ended: whoever claims its steps goes on from what was saved. Whether there were any."""
    freed = Step.objects.filter(lease_owner__startswith=f"{name}:").update(lease_owner="", lease_until=None)
    if freed:
        ring_after_commit(Step)
    return freed > 0
