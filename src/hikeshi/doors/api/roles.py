"""Roles: who answers for what on an incident."""

from __future__ import annotations

from ninja import Router, Status

from hikeshi.desk.incidents import verbs
from hikeshi.doors import find, shapes
from hikeshi.doors.api.bearer import Call
from hikeshi.doors.api.paging import Body

router = Router()


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
