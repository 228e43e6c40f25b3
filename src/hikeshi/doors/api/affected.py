"""Affected assets: what is in the incident, compromised or not, usable again or not."""

from __future__ import annotations

from ninja import Router, Status

from hikeshi.desk.incidents import affected
from hikeshi.doors import find, standing
from hikeshi.doors.api.bearer import Call
from hikeshi.doors.api.paging import Body

router = Router()


class NewAsset(Body):
    identifier: str
    compromise: str = "unknown"
    note: str = ""


class Assessment(Body):
    """`version` is the one the writer saw; what is empty stays as it is."""

    reason: str
    compromise: str = ""
    clearance: str = ""
    version: int | None = None


@router.get("/incidents/{name}/affected", response=list[standing.AffectedShape])
def list_affected(request: Call, name: str) -> list[standing.AffectedShape]:
    """The affected assets with their states."""
    return [standing.affected(row) for row in find.incident(request.auth, name).assets.all()]


@router.post("/incidents/{name}/affected", response={201: standing.AffectedShape})
def add_affected(request: Call, name: str, body: NewAsset) -> Status[standing.AffectedShape]:
    """Put an asset on the list."""
    row = find.incident(request.auth, name)
    made = affected.add(row, body.identifier, actor=request.auth, compromise=body.compromise, note=body.note)
    return Status(201, standing.affected(made))


@router.post("/incidents/{name}/affected/gather", response=list[standing.AffectedShape])
def gather_affected(request: Call, name: str) -> list[standing.AffectedShape]:
    """Put everything on the list that the incident's alerts name. Answers what was added."""
    rows = affected.gather(find.incident(request.auth, name), actor=request.auth)
    return [standing.affected(row) for row in rows]


@router.post("/incidents/{name}/affected/{asset}", response=standing.AffectedShape)
def assess_affected(request: Call, name: str, asset: int, body: Assessment) -> standing.AffectedShape:
    """Say whether it is compromised, and whether it may be used again."""
    row = standing.find_asset(find.incident(request.auth, name), str(asset))
    affected.assess(
        row, actor=request.auth, reason=body.reason, compromise=body.compromise, clearance=body.clearance,
        version=body.version,
    )  # fmt: skip
    return standing.affected(row)
