"""Where the time of a piece of work goes: parts that code names, noted only while somebody listens (the demo, benchmarks)."""

from __future__ import annotations

import itertools
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, NamedTuple

AWS: Final = "inside AWS calls"
QUEUE: Final = "on the queue"
CLAIM: Final = "claim"
STEP: Final = "rest of the steps"
PAUSE: Final = "pause before asking again"


class Span(NamedTuple):
    """One part of the work as it was done once: by which thread, from when until when (seconds since 1970), and with how many processor
    seconds of that thread.
    """

    part: str
    about: str
    thread: int
    began: float
    ended: float
    used: float


_listeners: Final[list[list[Span]]] = []


@contextmanager
def listening() -> Iterator[list[Span]]:
    """All parts that end within, of every thread of this process, in the order of their ends."""
    heard: list[Span] = []
    _listeners.append(heard)
    try:
        yield heard
    finally:
        _listeners.remove(heard)


@contextmanager
def part(name: str, about: str = "") -> Iterator[None]:
    """What is done within is this part of the work, apart from parts within it. Stands before a function, too."""
    if not _listeners:
        yield
        return
    began, used = time.time(), time.thread_time()
    try:
        yield
    finally:
        span = Span(name, about, threading.get_ident(), began, time.time(), time.thread_time() - used)
        for heard in _listeners:
            heard.append(span)


def split(spans: Sequence[Span], legs: Iterable[Span], began: float, ended: float) -> dict[str, float]:
    """Seconds by part from `began` to `ended`, where the work went through these legs one after the other, each on a thread of its own.

    The values add up to all of it. Before the first leg it lay on the queue, between two it waited to be claimed, or to be asked again
    where both are about the same.
    """
    seconds: defaultdict[str, float] = defaultdict(float)
    at, before = began, None
    for leg in sorted(legs, key=lambda one: one.began):
        if leg.ended <= at or leg.began >= ended:
            continue
        gap = QUEUE if before is None else PAUSE if before.about == leg.about else CLAIM
        seconds[gap] += max(0.0, leg.began - at)
        _exclusive(leg, spans, max(at, leg.began), min(ended, leg.ended), seconds)
        at, before = min(ended, leg.ended), leg
    seconds[CLAIM] += max(0.0, ended - at)
    return dict(seconds)


def processor(spans: Iterable[Span], legs: Iterable[Span]) -> dict[str, float]:
    """Processor seconds by part within these legs, each counted for the innermost part. On a busy machine they say more than the clock."""
    seconds: defaultdict[str, float] = defaultdict(float)
    for leg in legs:
        around: list[Span] = []
        within = [
            one for one in spans if one.thread == leg.thread and one.began >= leg.began and one.ended <= leg.ended
        ]
        for one in sorted(within, key=lambda span: (span.began, -span.ended)):
            while around and around[-1].ended < one.ended:
                around.pop()
            if around:
                seconds[around[-1].part] -= one.used
            seconds[one.part] += one.used
            around.append(one)
    return dict(seconds)


def _exclusive(leg: Span, spans: Iterable[Span], began: float, ended: float, seconds: defaultdict[str, float]) -> None:
    """What lies within the leg, each moment counted for the innermost part."""
    within = [one for one in spans if one.thread == leg.thread and one.began < ended and one.ended > began]
    edges = sorted({began, ended, *(edge for one in within for edge in (one.began, one.ended) if began < edge < ended)})
    for left, right in itertools.pairwise(edges):
        over = [one for one in within if one.began <= left and one.ended >= right]
        inner = min(over, key=lambda one: one.ended - one.began, default=leg)
        seconds[inner.part] += right - left
