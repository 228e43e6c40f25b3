"""The part "Watch": what is contained in an incident, since when, whether it still stands, and when somebody looks at it again."""

from __future__ import annotations

from typing import Any

from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.runs.holding import reviews
from hikeshi.desk.runs.models import Step, Watch
from hikeshi.doors.watches import reference


def contained(incident: Incident, step: Step | None = None) -> list[dict[str, Any]]:
    """The containments that stand, of one step or of all, in the order of the playbook: {"row": Watch, "review_at": when or None}."""
    rows = (
        Watch.objects.filter(step__run__incident=incident)
        .select_related("step__run")
        .order_by("step__run", "step__place")
    )
    rows = rows if step is None else rows.filter(step=step)
    due = reviews([incident])
    return [{"row": row, "review_at": due.get(reference(row))} for row in rows]
