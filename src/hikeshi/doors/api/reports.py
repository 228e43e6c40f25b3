"""Reports: text made from the record at one moment and frozen under its hash."""

from __future__ import annotations

from ninja import Router, Status

from hikeshi.desk.reports import verbs
from hikeshi.desk.reports.models import KINDS
from hikeshi.desk.reviews import verbs as reviews
from hikeshi.doors import find, shapes
from hikeshi.doors.api.bearer import Call
from hikeshi.doors.api.paging import Body
from hikeshi.errors import Refused

router = Router()


class Order(Body):
    """`language` is en or ja."""

    kind: str = "incident"
    language: str = "en"


@router.get("/incidents/{name}/reports", response=list[shapes.ReportShape])
def list_reports(request: Call, name: str) -> list[shapes.ReportShape]:
    """The frozen reports, newest first."""
    return [shapes.report(row) for row in find.incident(request.auth, name).reports.select_related("incident")]


@router.post("/incidents/{name}/reports", response={201: shapes.ReportDetail})
def freeze_report(request: Call, name: str, body: Order) -> Status[shapes.ReportDetail]:
    """Make a report from the record as it is now. A post-mortem is begun from the record if nobody has begun it."""
    row = find.incident(request.auth, name)
    if body.kind not in dict(KINDS):
        raise Refused(f"{body.kind!r} is not a kind of report.", hint=f"Use one of: {', '.join(dict(KINDS))}.")
    if body.kind == "post-mortem":
        made = reviews.draft(row, body.language, actor=request.auth)
    else:
        made = verbs.freeze(row, body.kind, body.language, actor=request.auth)
    return Status(201, {**shapes.report(made), "markdown": made.markdown})


@router.get("/incidents/{name}/reports/{number}", response=shapes.ReportDetail)
def show_report(request: Call, name: str, number: int) -> shapes.ReportDetail:
    """One report with its Markdown."""
    row = find.report(find.incident(request.auth, name), number)
    return {**shapes.report(row), "markdown": row.markdown}


@router.post("/incidents/{name}/postmortem", response=shapes.ReviewShape)
def start_postmortem(request: Call, name: str) -> shapes.ReviewShape:
    """Begin the post-mortem from the record, or show the one that was begun."""
    return shapes.review(reviews.start(find.incident(request.auth, name), actor=request.auth))
