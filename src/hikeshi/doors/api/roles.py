"""Roles: who answers for what on an incident."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from ninja import Router, Status
from typing_extensions import TypedDict

from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.incidents import verbs
from hikeshi.desk.incidents.staffing import NEEDED, proposal
from hikeshi.doors import find, shapes, staffing
from hikeshi.doors.api.bearer import Call
from hikeshi.doors.api.paging import Body
from hikeshi.errors import Refused

router = Router()


class WarningShape(TypedDict):
    """One thing wrong with who is on an incident, by its key."""

    warning: str
    text: shapes.Both


class ProposedShape(TypedDict):
    """Whom a role would go to, and why them; `contact` is null where nobody is on the list for it."""

    duty: str
    contact: str | None
    person: str | None
    text: shapes.Both


class Assignment(Body):
    """`contact` is a name or number on the contact list, `person` a username. Name one of the two."""

    duty: str
    contact: str = ""
    person: str = ""


@router.get("/incidents/{name}/roles", response=list[shapes.RoleShape])
def list_roles(request: Call, name: str) -> list[shapes.RoleShape]:
    """Who held which role from when until when."""
    rows = find.incident(request.auth, name).roles.select_related("contact", "person")
    return [shapes.role(row) for row in rows]


@router.post("/incidents/{name}/roles", response={201: shapes.RoleShape})
def assign_role(request: Call, name: str, body: Assignment) -> Status[shapes.RoleShape]:
    """Give a role. Of the roles that one person holds, the holder before is relieved at the same moment."""
    row = find.incident(request.auth, name)
    verbs.require_on(request.auth, "command", row)  # before names are looked up: they are not everybody's to try
    role = verbs.assign(
        row, body.duty, actor=request.auth,
        contact=find.contact(body.contact) if body.contact else None,
        person=find.person(body.person) if body.person else None,
    )  # fmt: skip
    return Status(201, shapes.role(role))


@router.get("/incidents/{name}/staffing", response=list[WarningShape])
def list_warnings(request: Call, name: str) -> list[dict[str, Any]]:
    """What is wrong with who is on the incident: nobody in command, too few, too long on duty."""
    row = find.incident(request.auth, name)
    return [staffing.warning_shape(one) for one in staffing.warned(row, timezone.now())]


@router.get("/oncall/proposal", response=list[ProposedShape])
def propose_roles(request: Call, severity: int) -> list[dict[str, Any]]:
    """Whom an incident of a severity would get now, and why them."""
    require(request.auth, "triage")
    if severity not in NEEDED:
        raise Refused(f"{severity} is not a severity.", hint="Use 1 (critical) to 4 (low).")
    return [staffing.proposed_shape(one) for one in proposal(severity, timezone.now())]
