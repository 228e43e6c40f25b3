"""How long it takes until everything is done that one yes would begin: asked before anybody says it.

Two things decide. AWS lets so many requests through at once and so many a second: that is published. And each plan has work of its own, by
us and by AWS, with the workers there are: making these very plans has just shown how much, and plans that were carried out lately show how
much longer doing takes than planning.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

from django.db.models import Max, Q

from hikeshi.actions.action import Call, Plan
from hikeshi.actions.aws.world import SECONDS_PER_CALL
from hikeshi.aws.buckets import Buckets
from hikeshi.aws.rates import api
from hikeshi.desk.runs.at_once import breath
from hikeshi.desk.runs.models import Step
from hikeshi.desk.runs.plans import plan_of
from hikeshi.desk.runs.worlds import urgency_of

AHEAD = ("asked", "approved")
LATELY: Final = 200
"""Steps of the same action that are looked back to."""
LOOKED_AT: Final = ("pk", "part_of_id", "asked_at", "planned_seconds", "ended_at", "waited_seconds")
TURN: Final = 1.0
"""Seconds of waiting for a turn from which on a step says nothing about the work."""
USUALLY: Final = 2.0
"""How much longer doing takes than planning, where no such step was done yet: it reads as much again, changes, and proves."""
PRIOR: Final = 0.5
"""Seconds of planning for which that counts beside what was measured: one first plan on cold connections must not decide."""
TAKEN_UP: Final = 0.05
"""Seconds until a yes is written down and a worker has begun."""


class Eta(NamedTuple):
    """`seconds` from the yes until `plans` of one incident are carried out, where that yes is the last that they need."""

    seconds: float
    plans: int


def eta(step: Step) -> Eta:
    """For the step's plan and all others of its incident that are asked for or approved, on buckets that are full.

    A call that several plans would make alike, such as a group of a VPC, is made once; what is seldom made is not waited for. Plans of other urgencies do not stand in the way.
    """
    urgency = urgency_of(step)
    rows = Step.objects.filter(run__incident=step.run.incident, state__in=AHEAD).exclude(pk=step.pk).exclude(plan="")
    steps = [step, *(row for row in rows if urgency_of(row) == urgency)]
    plans = [plan_of(row) for row in steps]
    calls = list(_calls(plans))
    named = [(*call.operation.partition(":"), call.params) for call in calls]
    wait = Buckets().seconds("", [api(service, name, params) for service, _, name, params in named], urgency)
    planning = _planning(steps)
    if not planning:
        return Eta(wait + len(calls) / len(plans) * SECONDS_PER_CALL, len(plans))
    work = TAKEN_UP + breath(len(plans)) + planning * _longer(step)
    return Eta(max(wait + work / len(plans), work), len(plans))


def _longer(step: Step) -> float:
    """How many times as long as planning together it took to carry out the same action together lately, where nobody waited for turns."""
    done = Step.objects.filter(action=step.action, state="done", planned_seconds__gt=0, asked_at__isnull=False)
    rows = done.annotate(yes=Max("approvals__at", filter=Q(approvals__purpose="do"))).filter(yes__isnull=False)
    waves = defaultdict[int, list[Any]](list)
    for row in rows.order_by("-ended_at").values_list(*LOOKED_AT, "yes", named=True)[:LATELY]:
        waves[row.part_of_id or -row.pk].append(row)
    planned, carried = PRIOR, PRIOR * USUALLY
    for wave in waves.values():
        if all(row.waited_seconds < TURN for row in wave):
            planned += _planning(wave)
            carried += _union((row.yes.timestamp(), row.ended_at.timestamp()) for row in wave)
    return carried / planned


def _planning(steps: Iterable[Any]) -> float:
    """Seconds in which at least one of these plans was being made."""
    ends = ((step.asked_at.timestamp(), step.planned_seconds) for step in steps if step.asked_at)
    return _union((end - took, end) for end, took in ends)


def _union(spans: Iterable[tuple[float, float]]) -> float:
    seconds = until = 0.0
    for began, ended in sorted(spans):
        seconds += max(0.0, ended - max(began, until))
        until = max(until, ended)
    return seconds


def _calls(plans: Iterable[Plan]) -> Iterator[Call]:
    seen = set()
    for plan in plans:
        for call in plan.calls:
            same = (call.operation, repr(sorted(call.params.items(), key=str)))
            if same not in seen and not call.seldom:
                seen.add(same)
                yield call
