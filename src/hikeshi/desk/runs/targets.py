"""More targets than the playbook takes by itself: somebody who commands says that all of them are meant."""

from __future__ import annotations

from django.db import transaction

from hikeshi.desk.actor import Actor
from hikeshi.desk.incidents.verbs import require_on
from hikeshi.desk.runs.models import Step
from hikeshi.desk.runs.pinned import playbook_of, spec_of
from hikeshi.desk.runs.releasing import release
from hikeshi.desk.runs.rows import fresh, reason_of, write
from hikeshi.errors import Refused
from hikeshi.playbooks import flow


def too_many(step: Step) -> int:
    """How many targets a lacking step has beyond what it may take by itself; 0 where that is not what it waits for."""
    spec, book = spec_of(step), playbook_of(step.run)
    if step.state != "lacking" or spec is None or book is None or not spec.for_each or step.allowed_by:
        return 0
    try:
        count = len(flow.targets_of(book, spec, step.run.facts))
    except Refused:
        return 0
    return count if count > spec.at_most else 0


@transaction.atomic
def allow_targets(step: Step, *, actor: Actor, reason: str) -> None:
    """All the targets are meant: the step opens for each. Raises `Refused` where their number does not hold it."""
    require_on(actor, "command", step.run.incident)
    why = reason_of(reason, "More targets than usual")
    row = fresh(step, "lacking")
    count = too_many(row)
    if not count:
        raise Refused(f"The number of its targets does not hold step {row.key}.", hint="It lacks something else.")
    row.allowed_by = actor.name
    row.save(update_fields=["allowed_by"])
    write(row, actor, "step.allow", {"targets": count, "reason": why})
    release(row.run, actor=actor)
