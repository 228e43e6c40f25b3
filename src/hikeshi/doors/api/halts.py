"""The kill switch, and the watch over what is contained."""

from __future__ import annotations

from ninja import Router, Status
from pydantic import Field

from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.clouds import halting
from hikeshi.desk.incidents import sight
from hikeshi.desk.runs.models import Watch
from hikeshi.doors import halts as shapes
from hikeshi.doors.api.bearer import Call
from hikeshi.doors.api.paging import Body
from hikeshi.doors.watches import WatchShape, watches

router = Router()


class Stop(Body):
    """`account` empty: everywhere."""

    reason: str = Field(max_length=300)
    account: str = Field(default="", max_length=40)


@router.get("/halts", response=list[shapes.HaltShape])
def list_halts(request: Call) -> list[shapes.HaltShape]:
    """What is stopped now."""
    require(request.auth, "triage")
    return [shapes.halt(row) for row in halting.in_force()]


@router.get("/watches", response=list[WatchShape])
def list_watches(request: Call) -> list[WatchShape]:
    """Every containment that has not been undone, of the incidents you may see, and whether it still holds."""
    rows = Watch.objects.filter(step__run__incident__in=sight.visible(request.auth))
    return watches(rows.select_related("step__run__incident"))


@router.post("/halts", response={201: shapes.HaltShape})
def halt(request: Call, body: Stop) -> Status[shapes.HaltShape]:
    """Stop every changing call, in one account or everywhere. What is under way waits before its next call."""
    return Status(201, shapes.halt(halting.halt(actor=request.auth, reason=body.reason, account=body.account)))


@router.post("/halts/lift", response=shapes.HaltShape)
def lift(request: Call, body: Stop) -> shapes.HaltShape:
    """Let changes go on."""
    return shapes.halt(halting.lift(actor=request.auth, reason=body.reason, account=body.account))
