"""Alerts: payloads in, the queue, and what people think of it."""

from __future__ import annotations

from typing import Annotated, Literal

from django.conf import settings
from ninja import Query, Router, Schema, Status

from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.alerts import reporting, verbs
from hikeshi.desk.incidents.sight import alerts
from hikeshi.doors import find, shapes
from hikeshi.doors.api.bearer import Call
from hikeshi.doors.api.paging import Body, Page, Paging, newest_first

router = Router()


class Verdict(Body):
    """`verdict` is true, false, benign, duplicate, test or exercise. For all alerts of a cause: `/groups/judge`."""

    verdict: str
    reason: str


class Noticed(Body):
    """What somebody noticed, in their own words: `when` may be "this morning". `call_back` says whom to call, and how."""

    what: str
    when: str = ""
    device: str = ""
    call_back: str = ""
    language: Literal["en", "ja"] = "en"


class ReportShape(Schema):
    """A report that is safe. `number` is what its writer may quote."""

    number: str
    delivery: shapes.DeliveryShape


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


@router.post("/alerts/report", response={202: ReportShape})
def report_something(request: Call, body: Noticed) -> Status[ReportShape]:
    """Write down what somebody noticed, as the form on /report/ does. Any token may: a chat bot's, an intranet page's."""
    simulated = bool(settings.ENVIRONMENT.aws_endpoint_url)
    kept = reporting.report(actor=request.auth, simulated=simulated, **body.model_dump())
    return Status(202, ReportShape(number=kept.number, delivery=shapes.delivery(kept.delivery)))


@router.get("/alerts/{name}", response=shapes.AlertShape)
def show_alert(request: Call, name: str) -> shapes.AlertShape:
    """One alert, by name (ALR-7) or number."""
    return shapes.alert(find.alert(request.auth, name))


@router.post("/alerts/{name}/triage", response=shapes.AlertShape)
def triage_alert(request: Call, name: str, body: Verdict) -> shapes.AlertShape:
    """Record a verdict with its reason."""
    row = find.alert(request.auth, name)
    return shapes.alert(verbs.triage(row, actor=request.auth, verdict=body.verdict, reason=body.reason))
