"""The evidence plan: what is to be collected, the most volatile first, and how far that is."""

from __future__ import annotations

from ninja import Router, Status

from hikeshi.desk.evidence import volatility
from hikeshi.desk.evidence.models import Planned
from hikeshi.desk.incidents.verbs import require_on
from hikeshi.doors import find, shapes
from hikeshi.doors.api.bearer import Call
from hikeshi.doors.api.paging import Body
from hikeshi.errors import Refused

router = Router()


class Expected(Body):
    """`kind` is memory, state, network, disk, logs, cloud or media; `target` says whose."""

    kind: str
    target: str


class Settled(Body):
    """`item` (EV-003) that is what the line asked for, or why it `failed`. Name one of the two."""

    item: str = ""
    failed: str = ""


class Waived(Body):
    reason: str


@router.get("/incidents/{name}/evidence-plan", response=list[shapes.PlannedShape])
def list_planned(request: Call, name: str) -> list[shapes.PlannedShape]:
    """The plan in the order of volatility (RFC 3227)."""
    return [shapes.planned(line) for line in volatility.lines(find.incident(request.auth, name))]


@router.post("/incidents/{name}/evidence-plan", response={201: list[shapes.PlannedShape]})
def expect_evidence(request: Call, name: str, body: list[Expected]) -> Status[list[shapes.PlannedShape]]:
    """Put lines into the plan; an empty list adds what the alerts' resources suggest. Answers with the new ones."""
    row = find.incident(request.auth, name)
    wanted = [(one.kind, one.target) for one in body] or volatility.of_alerts(row)
    return Status(201, [shapes.planned(line) for line in volatility.expect(row, wanted, actor=request.auth)])


@router.post("/incidents/{name}/evidence-plan/{line}/settle", response=shapes.PlannedShape)
def settle_planned(request: Call, name: str, line: int, body: Settled) -> shapes.PlannedShape:
    """Say that a line is held by an item, or that it was tried and failed."""
    row = find.incident(request.auth, name)
    found = find.planned(row, line)
    require_on(request.auth, "write", row)
    if bool(body.item) == bool(body.failed):
        raise Refused("Name the item, or say why it failed.", hint="Send one of `item` and `failed`.")
    if body.item:
        volatility.bind(found, find.item(row, body.item), actor=request.auth)
    else:
        volatility.fail(found, actor=request.auth, reason=body.failed)
    return _fresh(found)


@router.post("/incidents/{name}/evidence-plan/{line}/waive", response=shapes.PlannedShape)
def waive_planned(request: Call, name: str, line: int, body: Waived) -> shapes.PlannedShape:
    """Decide by name not to wait for this evidence."""
    found = find.planned(find.incident(request.auth, name), line)
    volatility.waive(found, actor=request.auth, reason=body.reason)
    return _fresh(found)


def _fresh(line: Planned) -> shapes.PlannedShape:
    return shapes.planned(Planned.objects.select_related("incident", "item").get(pk=line.pk))
