"""What every verb on steps begins and ends with: the row as it is now, locked, and one line of the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from hikeshi.desk.actor import Actor
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.runs.models import Step
from hikeshi.errors import Conflict, Refused

LONGEST_REASON: Final = 500


def fresh(step: Step, *states: str) -> Step:
    """The step, locked until the transaction ends. Raises `Conflict` where it is in none of these states any more."""
    row = Step.objects.select_for_update(of=("self",)).select_related("run__incident", "run__order").get(pk=step.pk)
    if row.state not in states:
        raise Conflict(f"Step {row.key} is {row.state} now.", current=row.state, hint="Look at it again.")
    return row


def write(step: Step, actor: Actor, verb: str, data: Mapping[str, Any]) -> None:
    """One line in the incident's chain."""
    ledger.append(step.run.incident.name, actor=actor, verb=verb, obj=f"step {step.key}", data=data)


def reason_of(text: str, what: str) -> str:
    """The reason without the space around it. Raises `Refused` where there is none, or more than is kept."""
    reason = text.strip()
    if not reason:
        raise Refused(f"{what} needs a reason.", hint="Say it in one sentence; it stays in the record.")
    if len(reason) > LONGEST_REASON:
        raise Refused(
            f"The reason is longer than {LONGEST_REASON} characters.", hint="Shorten it; a note has room for more."
        )
    return reason
