"""Alerts: payloads in, the queue, and what people think of it."""

from __future__ import annotations

from typing import Annotated

from django.conf import settings
from ninja import Query, Router, Status

from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.alerts import verbs
from hikeshi.desk.incidents.sight import alerts
from hikeshi.doors import find, shapes
from hikeshi.doors.api.bearer import Call
from hikeshi.doors.api.paging import Body, Page, Paging, newest_first

router = Router()


class Verdict(Body):
    """`verdict` is true, false, benign, duplicate, test or exercise. For all alerts of a cause: `/groups/judge`."""

    verdict: str
    reason: str


@router.get("/alerts", response=Page[shapes.AlertShape])
def list_alerts(
    request: Call, paging: Annotated[Paging, Query()], waiting: bool | None = None
) -> Page[shapes.AlertShape]:
    """Alerts, newest first. `waiting=true`: only those without a verdict and without an incident."""
    require(request.auth, "triage")
    rows = alerts(request.auth)
    if waiting is not None:
        open_ones = {"verdict": "", "incidents__isnull": True}
        rows = rows.filter(**open_ones) if waiting else rows.exclude(**open_ones)
    return newest_first(rows, paging, shapes.alert)


@router.post("/alerts", response={202: shapes.DeliveryShape})
def receive_alert(request: Call, source: str = "api", message_id: str = "") -> Status[shapes.DeliveryShape]:
    """Hand in a payload as it is: the body's bytes are kept and hashed. The same `message_id` twice is kept once.

    A payload that cannot be understood is kept too, with the `problem` named.
    """
    simulated = bool(settings.ENVIRONMENT.aws_endpoint_url)
    kept = verbs.receive(request.body, actor=request.auth, source=source, message_id=message_id, simulated=simulated)
    return Status(202, shapes.delivery(kept))


@router.get("/alerts/{name}", response=shapes.AlertShape)
def show_alert(request: Call, name: str) -> shapes.AlertShape:
    """One alert, by name (ALR-7) or number."""
    return shapes.alert(find.alert(request.auth, name))


@router.post("/alerts/{name}/triage", response=shapes.AlertShape)
def triage_alert(request: Call, name: str, body: Verdict) -> shapes.AlertShape:
    """Record a verdict with its reason."""
    row = find.alert(request.auth, name)
    return shapes.alert(verbs.triage(row, actor=request.auth, verdict=body.verdict, reason=body.reason))
