"""`contain watch`: what is contained now, and whether it still holds."""

from __future__ import annotations

from hikeshi.desk.incidents import sight
from hikeshi.desk.runs.models import Watch
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.who import actor
from hikeshi.doors.watches import watch as shape


def watch() -> Answer:
    """Every containment that has not been undone, of the incidents you may see: whether the last look found it as it was planned."""
    rows = Watch.objects.filter(step__run__incident__in=sight.visible(actor())).select_related("step__run__incident")
    return Answer([shape(row) for row in rows], columns=("incident", "step", "action", "state", "since", "looked_at"))
