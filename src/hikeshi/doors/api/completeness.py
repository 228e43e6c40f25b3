"""Whether a timeline is whole: its gaps, what digests prove, and the witnesses of an event."""

from __future__ import annotations

from typing import Any

from ninja import Router

from hikeshi.desk.timelines.models import Timeline
from hikeshi.doors import find
from hikeshi.doors.api.bearer import Call
from hikeshi.doors.completeness import gap_shape, testimony_shape
from hikeshi.doors.integrity import validation_shape
from hikeshi.stores.duck import DuckStore
from hikeshi.stores.gaps import gaps
from hikeshi.stores.integrity import found_in
from hikeshi.stores.witnesses import testimony

router = Router()


@router.get("/incidents/{name}/timelines/{timeline}/gaps", response=list[dict[str, Any]])
def list_gaps(request: Call, name: str, timeline: str) -> list[dict[str, Any]]:
    """Where something is missing, the earliest first."""
    return [gap_shape(gap) for gap in gaps(DuckStore(_timeline(request, name, timeline).folder))]


@router.get("/incidents/{name}/timelines/{timeline}/integrity", response=dict[str, Any] | None)
def show_integrity(request: Call, name: str, timeline: str) -> dict[str, Any] | None:
    """What CloudTrail's digests proved when the timeline was built; null where there were none."""
    found = found_in(_timeline(request, name, timeline).folder)
    return validation_shape(found) if found else None


@router.get("/incidents/{name}/timelines/{timeline}/events/{event}/witnesses", response=dict[str, Any])
def list_witnesses(request: Call, name: str, timeline: str, event: str, ts: int | None = None) -> dict[str, Any]:
    """Every file that delivered an event, and in what the copies differ. `ts` is that of its row, by which it is found sooner."""
    store = DuckStore(_timeline(request, name, timeline).folder)
    return testimony_shape(testimony(store, event, ts))


def _timeline(request: Call, name: str, timeline: str) -> Timeline:
    return find.timeline(find.incident(request.auth, name), timeline)
