"""`clocks list`: the clocks of an incident, in the order they run out."""

from __future__ import annotations

from hikeshi.desk.duties.models import Clock
from hikeshi.doors import find, shapes
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.who import actor


def list_clocks(incident: str) -> Answer:
    """The clocks of an incident, met, running and over."""
    row = find.incident(actor(), incident)
    clocks = Clock.objects.filter(chain__name=row.name).select_related("chain")
    columns = ("title", "state", "started_at", "deadline", "stopped_at", "breached_at")
    return Answer([shapes.clock(clock) for clock in clocks], columns=columns)
