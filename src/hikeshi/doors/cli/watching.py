"""`contain watch | keep`: what is contained now, whether it still holds, and that it stays."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hikeshi.desk.incidents import sight
from hikeshi.desk.runs import holding
from hikeshi.desk.runs.models import Watch
from hikeshi.doors import find
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.steps import Reference
from hikeshi.doors.cli.who import actor
from hikeshi.doors.watches import watch as shape, watches


def watch() -> Answer:
    """Every containment that has not been undone, of the incidents you may see: whether the last look found it as it was planned."""
    rows = Watch.objects.filter(step__run__incident__in=sight.visible(actor())).select_related("step__run__incident")
    return Answer(
        list(watches(rows)), columns=("incident", "step", "action", "state", "contained_at", "looked_at", "review_at")
    )


def keep(
    incident: str,
    step: Reference,
    reason: Annotated[str, typer.Option(help="Why it must stay contained; it stays in the record.")],
) -> Any:
    """Say that you have looked and it stays contained. Its next review is due in 24 hours (SEV-1), 72 hours (SEV-2) or a week."""
    who = actor()
    return shape(holding.keep(find.step(find.incident(who, incident), step), actor=who, reason=reason))
