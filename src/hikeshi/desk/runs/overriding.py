"""Letting a step go before the evidence: for active destruction, where waiting costs more than the evidence."""

from __future__ import annotations

from django.db import transaction

from hikeshi.desk.actor import Actor
from hikeshi.desk.evidence import volatility
from hikeshi.desk.incidents.verbs import require_on
from hikeshi.desk.runs import by_hand
from hikeshi.desk.runs.gate import gate
from hikeshi.desk.runs.models import Step
from hikeshi.desk.runs.rows import reason_of, write
from hikeshi.errors import Refused


@transaction.atomic
def override_gate(step: Step, *, actor: Actor, reason: str) -> None:
    """Let the step go on although evidence is not safe, with the reason: steps that take evidence for it (named under `evidence`) and are not
    over are left out, and each line that holds it back is waived by name.

    Raises `Refused` where nothing holds it back, `Conflict` where such a step is being done now.
    """
    require_on(actor, "command", step.run.incident)
    found = gate(step)
    if not found.closed:
        raise Refused(
            f"No evidence holds step {step.key} back that could be waived.", hint="Go on with the step itself."
        )
    data = {
        "reason": reason_of(reason, "Going on without evidence"), "lines": [volatility.said(one).en for one in found.missing],
        "steps": [one.key for one in found.steps],
    }  # fmt: skip
    write(step, actor, "step.override", data)
    for one in found.steps:
        by_hand.skip(one, actor=actor, reason=reason)
    for line in gate(step).missing:  # leaving a step out has waived what it would have brought
        volatility.waive(line, actor=actor, reason=reason)
