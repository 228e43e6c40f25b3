"""Standing orders: responses approved in advance."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any, Final

from ninja import Router, Status
from pydantic import Field

from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.runs import ordering, trying
from hikeshi.desk.runs.models import StandingOrder
from hikeshi.doors import standing_orders as shapes
from hikeshi.doors.api.bearer import Call
from hikeshi.doors.api.paging import Body

router = Router()
NULLABLE: Final = {"hours_from", "hours_until"}


class Conditions(Body):
    """What an order says; what is left out stays as it is, or has its default. Empty lists, and hours that are null, mean any."""

    finding_types: list[str] | None = Field(default=None, max_length=100)
    min_score: float | None = Field(default=None, ge=0, le=10)
    accounts: list[str] | None = Field(default=None, max_length=1000)
    regions: list[str] | None = Field(default=None, max_length=100)
    environments: list[str] | None = Field(default=None, max_length=4)
    kinds: list[str] | None = Field(default=None, max_length=100)
    roles: list[str] | None = Field(default=None, max_length=100)
    criticalities: list[int] | None = Field(default=None, max_length=4)
    hours_from: time | None = None
    hours_until: time | None = None
    playbook: str | None = None
    severity: int | None = Field(default=None, ge=1, le=4)
    max_per_hour: int | None = Field(default=None, ge=0, le=1000)
    max_per_account: int | None = Field(default=None, ge=0, le=1000)
    max_resources: int | None = Field(default=None, ge=0, le=10_000)
    max_resources_per_hour: int | None = Field(default=None, ge=0, le=30_000)
    max_failed_percent: int | None = Field(default=None, ge=0, le=100)
    reapply: bool | None = None
    expires_at: datetime | None = None

    def said(self) -> dict[str, Any]:
        given = {name: getattr(self, name) for name in ordering.CONDITIONS if name in self.model_fields_set}
        return {name: value for name, value in given.items() if value is not None or name in NULLABLE}


class Written(Conditions):
    name: str = Field(min_length=1, max_length=80)


class Edited(Conditions):
    """The version as it was read."""

    version: int


class Version(Body):
    version: int


class Switch(Body):
    on: bool
    reason: str


@router.get("/orders", response=list[shapes.OrderShape])
def list_orders(request: Call) -> list[shapes.OrderShape]:
    """All standing orders and whether each is in force."""
    require(request.auth, "triage")
    return [shapes.order(row) for row in StandingOrder.objects.all()]


@router.post("/orders", response={201: shapes.OrderShape})
def write_order(request: Call, body: Written) -> Status[shapes.OrderShape]:
    """Approve a response in advance. One that may contain something in production waits for a second person."""
    return Status(201, shapes.order(ordering.write(body.name, actor=request.auth, **body.said())))


@router.get("/orders/{order}", response=shapes.OrderShape)
def show_order(request: Call, order: str) -> shapes.OrderShape:
    """One order, by its number or its name."""
    return shapes.order(shapes.find_order(request.auth, order))


@router.patch("/orders/{order}", response=shapes.OrderShape)
def edit_order(request: Call, order: str, body: Edited) -> shapes.OrderShape:
    """Change what it says: a new version, which people stand behind anew. 409 when it has changed since it was read."""
    row = shapes.find_order(request.auth, order)
    return shapes.order(ordering.edit(row, actor=request.auth, version=body.version, **body.said()))


@router.post("/orders/{order}/approve", response=shapes.OrderShape)
def approve_order(request: Call, order: str, body: Version) -> shapes.OrderShape:
    """Stand behind exactly this version, as another person."""
    row = shapes.find_order(request.auth, order)
    return shapes.order(ordering.approve(row, actor=request.auth, version=body.version))


@router.post("/orders/{order}/switch", response=shapes.OrderShape)
def switch_order(request: Call, order: str, body: Switch) -> shapes.OrderShape:
    """Put it in force, or out of force."""
    row = shapes.find_order(request.auth, order)
    return shapes.order(ordering.switch(row, actor=request.auth, on=body.on, reason=body.reason))


@router.get("/orders/{order}/try", response=shapes.TrialShape)
def try_order(request: Call, order: str, days: int = trying.DAYS, last: int = trying.MOST) -> shapes.TrialShape:
    """What would it have done in the last days? Nothing is changed. `last`: alerts it is asked about at most."""
    row = shapes.find_order(request.auth, order)
    return shapes.trial(trying.try_on(row, actor=request.auth, days=days, most=last))


@router.post("/orders/{order}/try", response=shapes.TrialShape)
def try_edit(request: Call, order: str, body: Conditions, days: int = trying.DAYS) -> shapes.TrialShape:
    """What would it have done if it said this, beside what it would have done as it stands? Nothing is changed."""
    row = shapes.find_order(request.auth, order)
    return shapes.trial(trying.try_on(row, actor=request.auth, days=days, said=body.said()))
