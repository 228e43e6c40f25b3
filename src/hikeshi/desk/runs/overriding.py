"""Letting a step go before the evidence: for active destruction, where waiting costs more than the evidence."""

from __future__ import annotations

from django.db import transaction

from hikeshi.desk.actor import Actor
from hikeshi.desk.evidence import volatility
from hikeshi.desk.incidents.verbs import require_on
from hikeshi.desk.runs.gate import gate
from hikeshi.desk.runs.models import Step
from hikeshi.desk.runs.rows import write
from hikeshi.errors import Refused


@transaction.atomic
def override_gate(step: Step, *, actor: Actor, reason: str) -> None:
    """Let the step go on although evidence is not safe: each line that holds it back is waived by name, with the reason.

    Raises `Refused` where nothing holds it back that could be waived: a step that takes evidence is skipped instead.
    """
    require_on(actor, "command", step.run.incident)
    found = gate(step)
    if not found.missing:
        said = f"Skip step {found.steps[0].key} with a reason." if found.steps else "Go on with the step itself."
        raise Refused(f"No evidence holds step {step.key} back that could be waived.", hint=said)
    write(
        step, actor, "step.override",
        {"reason": reason.strip(), "lines": [volatility.said(one).en for one in found.missing]},
    )  # fmt: skip
    for line in found.missing:
        volatility.waive(line, actor=actor, reason=reason)
