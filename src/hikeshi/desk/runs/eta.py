"""How long it takes until everything is done that one yes after the other would begin: asked before anybody says it.

One plan is quick; two hundred in one account wait for each other, because AWS lets so many requests through at once and so many a second.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from hikeshi.actions.action import Call, Plan
from hikeshi.actions.aws.world import SECONDS_PER_CALL
from hikeshi.aws.buckets import Buckets
from hikeshi.aws.rates import api
from hikeshi.desk.runs.models import Step
from hikeshi.desk.runs.plans import plan_of
from hikeshi.desk.runs.worlds import urgency_of

AHEAD = ("asked", "approved")


class Eta(NamedTuple):
    """`seconds` until `plans` of one incident are carried out, counted from when the last of them is approved."""

    seconds: float
    plans: int


def eta(step: Step) -> Eta:
    """For the step's plan and all others of its incident that are asked for or approved, on buckets that are full.

    A call that several plans would make alike, such as a group of a VPC, is made once; what is seldom made is not waited for. Plans of other urgencies do not stand in the way.
    """
    urgency = urgency_of(step)
    rows = Step.objects.filter(run__incident=step.run.incident, state__in=AHEAD).exclude(pk=step.pk).exclude(plan="")
    others = [plan_of(row) for row in rows if urgency_of(row) == urgency]
    plans = [plan_of(step), *others]
    calls = list(_calls(plans))
    named = [(*call.operation.partition(":"), call.params) for call in calls]
    wait = Buckets().seconds("", [api(service, name, params) for service, _, name, params in named], urgency)
    return Eta(wait + len(calls) / len(plans) * SECONDS_PER_CALL, len(plans))


def _calls(plans: Iterable[Plan]) -> Iterator[Call]:
    seen = set()
    for plan in plans:
        for call in plan.calls:
            same = (call.operation, repr(sorted(call.params.items(), key=str)))
            if same not in seen and not call.seldom:
                seen.add(same)
                yield call
