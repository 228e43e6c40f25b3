"""Steps of playbooks that wait for one person: those they have taken, and those that nobody has and their role does."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import NamedTuple

from django.db.models import Q

from hikeshi.desk.accounts.permissions import allowed
from hikeshi.desk.actor import Actor
from hikeshi.desk.duties.models import Clock
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.incidents.sight import duties_of
from hikeshi.desk.ledger.phrases import STEP_CLOCK
from hikeshi.desk.runs.models import Step


class MyStep(NamedTuple):
    """`kind` is decision or step; `clock` is the rule of its time limit, whether it has one or not."""

    kind: str
    step: Step
    due: datetime | None
    clock: str


def my_steps(who: Actor, incidents: Collection[Incident]) -> Iterator[MyStep]:
    """Of these incidents. Three questions to the database and one for each incident's roles."""
    duties = {incident.pk: duties_of(who, incident) for incident in incidents}
    due = dict(
        Clock.objects.filter(
            chain__name__in=[incident.name for incident in incidents], rule__startswith=STEP_CLOCK, stopped_at=None
        ).values_list("rule", "deadline")
    )
    rows = Step.objects.filter(
        Q(state="open") | Q(state="lacking"), Q(owner=who.name) | Q(owner=""), run__incident__in=incidents,
        run__state="running",
    ).select_related("run__incident")  # fmt: skip
    for step in rows:
        mine = duties[step.run.incident_id]
        if step.owner == who.name or (step.role in mine and allowed(who, "write", mine)):
            clock = f"{STEP_CLOCK}{step.run_id}:{step.key.partition('/')[0]}"
            yield MyStep("decision" if step.kind == "decision" else "step", step, due.get(clock), clock)
