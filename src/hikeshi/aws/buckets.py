"""Our own request buckets: we wait before AWS has to say no, and the most urgent goes first.

One `Bucket` for each account, region and API, shared by the threads of a process. Isolation may use 90 % of what is published and all of
the burst; everything else half of both, so that the account's own automation is not starved by us. What AWS refuses as too many empties
the bucket and slows it down; the pace returns with time. A process that shares an account with others takes its part (`share`).
"""

from __future__ import annotations

import math
import threading
import time
from bisect import insort
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import IntEnum
from itertools import count
from typing import Final

from hikeshi.aws.rates import LEARNED, Api, Rate, rate_of

FIRST_SHARE: Final = 0.9
"""Of the published refill, for all of us together. The burst is a store, not a rate: isolation may take all of it."""
REST_SHARE: Final = 0.5
"""Of burst and refill, for what is no isolation."""
SLOWER: Final = 0.7
"""What a refusal leaves of the pace, at most once a second."""
SLOWEST: Final = 0.1
RECOVERY: Final = 0.02
"""Of the full pace, regained with each second without a refusal."""
REMEMBERED: Final = 120.0
"""Seconds after which any published bucket is full again, whatever was asked before."""
LOOK: Final = 1.0
"""Seconds after which one who waits looks again whether it should go on at all."""


class Urgency(IntEnum):
    """Who goes first where requests are short, across everything that is done at the same time."""

    NETWORK = 0
    PROTECTION = 1
    REST = 2


class _Store:
    """Tokens that come back with time. `others` is what comes back to those we share with: what we hold beyond our part goes over to them."""

    def __init__(
        self, burst: float, refill: float, now: float, *, others: float = 0.0, since: float | None = None
    ) -> None:
        self.burst, self.refill, self.at = (
            max(1.0, burst),
            refill,
            now,
        )  # less than one would never let anything through
        self.others = others
        self.level = self.burst if since is None else min(self.burst, (now - since) * refill)

    def fill(self, now: float) -> None:
        passed, self.at = now - self.at, now
        if self.level > self.burst:
            self.level = max(self.burst, self.level - passed * self.others)
        else:
            self.level = min(self.burst, self.level + passed * self.refill)

    def seconds(self, tokens: float) -> float:
        """Until there are so many."""
        return max(0.0, (tokens - self.level) / self.refill)

    def resize(self, burst: float, refill: float, others: float) -> None:
        self.burst, self.refill, self.others = max(1.0, burst), refill, others


class Bucket:
    """One API of one account and region. Safe to use from many threads. It is full at first, or where we share it `since` then, was empty then."""

    def __init__(
        self, rate: Rate, share: float = 1.0, clock: Callable[[], float] = time.monotonic, since: float | None = None
    ) -> None:
        self._rate, self._share, self._pace, self._clock = rate, share, 1.0, clock
        self._lock = threading.Lock()
        self._line: list[tuple[Urgency, int]] = []
        self._numbers = count()
        now = self._refused = clock()
        self._all = _Store(rate.burst * share, rate.refill * FIRST_SHARE * share, now, since=since)
        self._rest = _Store(rate.burst * REST_SHARE * share, rate.refill * REST_SHARE * share, now, since=since)
        self._resize()

    def take(self, urgency: Urgency, sleep: Callable[[float], None]) -> float:
        """Wait in line for one request; returns the seconds waited. What `sleep` raises gives the place back and goes on."""
        began = self._clock()
        with self._lock:
            place = (urgency, next(self._numbers))
            insort(self._line, place)
        try:
            while pause := self._turn(place):
                sleep(min(pause, LOOK))
        finally:
            with self._lock:
                if place in self._line:
                    self._line.remove(place)
        return self._clock() - began

    def _turn(self, place: tuple[Urgency, int]) -> float:
        """0: taken. Else the seconds after which to ask again."""
        with self._lock:
            self._fill()
            ahead = self._line.index(place)
            pause = self._all.seconds(ahead + 1)
            if place[0] is not Urgency.NETWORK:
                held = sum(1 for urgency, _ in self._line[:ahead] if urgency is not Urgency.NETWORK)
                pause = max(pause, self._rest.seconds(held + 1))
            if pause > 0:
                return max(pause, 0.001)
            self._all.level -= 1
            if place[0] is not Urgency.NETWORK:
                self._rest.level -= 1
            self._line.remove(place)
            return 0.0

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        return len(self._line)

    def refused(self) -> None:
        """AWS has said that it is asked too often: its bucket is empty, and somebody else draws from it too."""
        with self._lock:
            self._fill()
            self._all.level = min(0.0, self._all.level)
            self._rest.level = min(0.0, self._rest.level)
            now = self._clock()
            if now - self._refused > 1.0 or self._pace == 1.0:
                self._pace = max(SLOWEST, self._pace * SLOWER)
            self._refused = now
            self._resize()

    def seconds(self, requests: int, urgency: Urgency) -> float:
        """How long so many requests more will wait, behind those who wait now and are not less urgent."""
        with self._lock:
            self._fill()
            ahead = sum(1 for other, _ in self._line if other <= urgency)
            wait = self._all.seconds(ahead + requests)
            return wait if urgency is Urgency.NETWORK else max(wait, self._rest.seconds(ahead + requests))

    def share(self, part: float) -> None:
        """From now on, this process may use so much of it."""
        with self._lock:
            self._fill()
            self._share = part
            self._resize()

    def inherit(self, ages: Iterable[float], others: int) -> None:
        """Somebody we share it with is dead: take over what AWS has still to give beyond what we have and `others` who live may have.

        `ages`: how many seconds ago each request was made in the last `REMEMBERED` seconds, by all of us, the dead one included. Counted
        as if it had been full before, as it is where nobody else asks; once AWS has refused anything, nothing is taken over.
        """
        with self._lock:
            self._fill()
            if self._pace < 1.0:
                return
            left, at, refill = float(self._rate.burst), REMEMBERED, self._rate.refill * FIRST_SHARE
            for age in sorted(ages, reverse=True):
                left, at = min(self._rate.burst, left + (at - age) * refill) - 1, age
            left = min(self._rate.burst, left + at * refill)
            self._all.level += max(0.0, left - max(0.0, self._all.level) - others * self._all.burst)

    def _fill(self) -> None:
        now = self._clock()
        if self._pace < 1.0 and now - self._refused > 1.0:
            self._pace = min(1.0, self._pace + (now - max(self._refused, self._all.at)) * RECOVERY)
            self._resize()
        self._all.fill(now)
        self._rest.fill(now)

    def _resize(self) -> None:
        burst, refill = self._rate.burst * self._share, self._rate.refill * self._share * self._pace
        others = self._rate.refill * (1.0 - self._share) * self._pace
        self._all.resize(burst, refill * FIRST_SHARE, others * FIRST_SHARE)
        self._rest.resize(burst * REST_SHARE, refill * REST_SHARE, others * REST_SHARE)


class Buckets:
    """All buckets of a process. `place` names the account and region as AWS counts them."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._lock = threading.Lock()
        self._clock = clock
        self._share = 1.0
        self._since: float | None = None
        self._kept: dict[tuple[str, Api], Bucket] = {}

    def take(self, place: str, one: Api, urgency: Urgency, sleep: Callable[[float], None]) -> float:
        """Wait for one request; returns the seconds waited. What is not published is not waited for until AWS has refused it."""
        bucket = self._bucket(place, one)
        return bucket.take(urgency, sleep) if bucket else 0.0

    def refused(self, place: str, one: Api) -> None:
        """AWS has answered this call with "too many"."""
        if bucket := self._bucket(place, one, assumed=LEARNED):
            bucket.refused()

    @property
    def shared(self) -> bool:
        """Whether other processes use the same accounts."""
        return self._share < 1.0

    def crowd(self) -> int:
        """How many wait in the longest line."""
        with self._lock:
            kept = list(self._kept.values())
        return max((bucket.waiting for bucket in kept), default=0)

    def seconds(self, place: str, calls: Iterable[Api], urgency: Urgency) -> float:
        """How long these calls wait for their turns from now on. Buckets of different APIs fill at the same time: the slowest counts."""
        counted = Counter(calls)
        waits = ((self._bucket(place, one), requests) for one, requests in counted.items())
        return max((bucket.seconds(requests, urgency) for bucket, requests in waits if bucket), default=0.0)

    def join(self, processes: int, late: float) -> None:
        """We are new beside others, so many with us: all that is left is theirs, and ours is only what comes back from now on.

        From `late` seconds on, by when they have seen us and take no more than their part.
        """
        with self._lock:
            self._share, self._since = 1.0 / max(1, processes), self._clock() + late
            self._kept.clear()

    def share_among(self, processes: int) -> None:
        """So many processes use the same accounts: each takes an equal part. What we hold beyond ours goes over as theirs fills."""
        with self._lock:
            part = 1.0 / max(1, processes)
            if math.isclose(part, self._share):
                return
            self._share = part
            for bucket in self._kept.values():
                bucket.share(part)

    def inherit(self, asked: Mapping[Api, Sequence[float]], processes: int) -> None:
        """One of those we shared with is dead; so many live, we among them. `asked`: by API, how many seconds ago each request was made.

        An API that is not named stays as it is: of calls that only read, nobody knows what others have made.
        """
        with self._lock:
            kept = [(bucket, asked[one]) for (_, one), bucket in self._kept.items() if one in asked]
        for bucket, ages in kept:
            bucket.inherit(ages, processes - 1)

    def forget(self) -> None:
        """All buckets are full again, as after a start."""
        with self._lock:
            self._kept.clear()
            self._share, self._since = 1.0, None

    def _bucket(self, place: str, one: Api, assumed: Rate | None = None) -> Bucket | None:
        with self._lock:
            if (kept := self._kept.get((place, one))) is not None:
                return kept
            rate = rate_of(one) or assumed
            if rate is None:
                return None
            made = self._kept[place, one] = Bucket(rate, self._share, self._clock, self._since)
            return made


SHARED: Final = Buckets()
"""Those of this process."""
