"""Suppressions: what is hidden from the queue, until when, for whom and why."""

from __future__ import annotations

from typing import Annotated

from django.utils import timezone
from ninja import Query, Router, Status
from pydantic import AwareDatetime

from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.alerts import suppressing
from hikeshi.desk.alerts.models import Suppression
from hikeshi.doors import find, group_shapes as named
from hikeshi.doors.api.bearer import Call
from hikeshi.doors.api.paging import Body, Page, Paging, newest_first

router = Router()


class Wanted(Body):
    """`match`: source, kind, account and observables (principal, address, ...) that must all be equal. `owner` is a username; empty: you.

    `hides_sev1` is the second yes: without it nothing suggested as SEV-1 is hidden.
    """

    match: dict[str, str]
    reason: str
    expires_at: AwareDatetime
    owner: str = ""
    hides_sev1: bool = False


class Ending(Body):
    reason: str


def _counted(row: Suppression) -> named.SuppressionShape:
    return named.suppression(suppressing.counted(Suppression.objects.filter(pk=row.pk)).get(), timezone.now())


@router.get("/suppressions", response=Page[named.SuppressionShape])
def list_suppressions(
    request: Call, paging: Annotated[Paging, Query()], active: bool | None = None
) -> Page[named.SuppressionShape]:
    """Suppressions, newest first, with what they have hidden. `active=true`: only those that hide something now."""
    require(request.auth, "triage")
    rows = suppressing.active() if active else Suppression.objects.all()
    now = timezone.now()
    return newest_first(suppressing.counted(rows), paging, lambda row: named.suppression(row, now))


@router.post("/suppressions", response={201: named.SuppressionShape})
def make_suppression(request: Call, body: Wanted) -> Status[named.SuppressionShape]:
    """Hide groups that open from now on and match, for 90 days at most."""
    require(request.auth, "triage")
    row = suppressing.suppress(
        body.match, actor=request.auth, reason=body.reason, expires_at=body.expires_at,
        owner=find.person(body.owner) if body.owner else None, hides_sev1=body.hides_sev1,
    )  # fmt: skip
    return Status(201, _counted(row))


@router.post("/suppressions/{name}/end", response=named.SuppressionShape)
def end_suppression(request: Call, name: str, body: Ending) -> named.SuppressionShape:
    """End it before its day."""
    row = find.suppression(request.auth, name)
    suppressing.unsuppress(row, actor=request.auth, reason=body.reason)
    return _counted(row)
