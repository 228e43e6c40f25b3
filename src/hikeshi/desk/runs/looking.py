"""Looking before there is a step: what would cut this instance off, and what would get through all the same. Nothing is changed."""

from __future__ import annotations

from hikeshi.actions import ACTIONS
from hikeshi.actions.aws.network.ladder import Facts, Ladder, advise, facts_of
from hikeshi.actions.aws.recorder import NullRecorder
from hikeshi.desk.actor import Actor
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.incidents.verbs import require_on
from hikeshi.desk.runs.adding import where
from hikeshi.desk.runs.models import Run, Step
from hikeshi.desk.runs.worlds import world_of


def ladder(incident: Incident, instance_id: str, *, actor: Actor, account: str = "", region: str = "") -> Ladder:
    """Read the ways of the instance in its account and choose the rungs, with what the incident's alert says of it.

    Raises `Refused` for an unknown account or instance.
    """
    require_on(actor, "write", incident)
    run = Run(incident=incident, facts=where(incident, account, region))
    step = Step(run=run, key="look", action="aws.ec2.isolate")  # never saved: a world belongs to a step
    return advise(world_of(step, NullRecorder()), instance_id, _facts(incident, instance_id), ACTIONS)


def _facts(incident: Incident, instance_id: str) -> Facts:
    """Of the gravest alert about this instance; of none where no alert names it."""
    alert = incident.alerts.filter(instance_id=instance_id).select_related("group").order_by("-score").first()
    if alert is None:
        return Facts()
    named = [("address", alert.remote_address)] if alert.remote_address else []
    seen = ((one.kind, one.value) for one in alert.group.observables.all())
    return facts_of(alert.kind, alert.resource_role, [*named, *seen])
