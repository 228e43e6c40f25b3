"""Whose hands are on the work: a commander who does steps of others is no longer commanding."""

from __future__ import annotations

from typing import Final

from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger.models import Entry
from hikeshi.desk.runs.models import Step

TECHNICAL: Final = ("responder", "technical_lead")
"""Roles whose steps are technical work."""


def hands_on(incident: Incident) -> frozenset[str]:
    """Names of those who have done a technical step of the incident themselves."""
    steps = Step.objects.filter(run__incident=incident, role__in=TECHNICAL, state="done", action="")
    done = Entry.objects.filter(chain__name=incident.name, verb="step.done")
    return frozenset(done.filter(object__in=[f"step {step.key}" for step in steps]).values_list("actor", flat=True))
