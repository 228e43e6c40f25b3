"""Roles: who answers for what on an incident."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone
from ninja import Router, Status
from typing_extensions import TypedDict

from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.incidents import filling, handover, verbs
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


class HandoverShape(TypedDict):
    """A role that is being passed on. `late`: nobody has answered in time. `brief` is what the record said at proposal."""

    handover: int
    incident: str
    duty: str
    giver: str
    to: str
    state: str
    late: bool
    words: str
    say_back: str
    reason: str
    proposed_by: str
    proposed_at: datetime
    ended_at: datetime | None
    brief: dict[str, Any]


class Proposal(Body):
    """`to` is a username; `words` are the giver's own, beside the brief."""

    duty: str
    to: str
    words: str = ""


class SayBack(Body):
    """What is most urgent, as the receiver understands it."""

    say_back: str


class Because(Body):
    reason: str


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


@router.get("/incidents/{name}/roles/missing", response=list[ProposedShape])
def list_missing_roles(request: Call, name: str) -> list[dict[str, Any]]:
    """The roles that its severity needs and nobody holds, and whom each would go to."""
    row = find.incident(request.auth, name)
    verbs.require_on(request.auth, "command", row)  # names of the contact list are not everybody's
    return [staffing.proposed_shape(one) for one in filling.missing(row, timezone.now())]


@router.post("/incidents/{name}/roles/fill", response={201: list[shapes.RoleShape]})
def fill_roles(request: Call, name: str) -> Status[list[shapes.RoleShape]]:
    """Give every one of these roles to whom it is proposed to."""
    made = filling.fill(find.incident(request.auth, name), actor=request.auth)
    return Status(201, [shapes.role(one) for one in made])


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


@router.get("/handovers", response=list[HandoverShape])
def list_handovers(request: Call, past: bool = False) -> list[dict[str, Any]]:
    """The hand-overs that concern you; those answered too with `past`."""
    rows = handover.concerning(request.auth).order_by("-proposed_at", "-pk")
    return [staffing.handover_shape(row) for row in (rows if past else rows.filter(state="proposed"))[:200]]


@router.post("/incidents/{name}/handovers", response={201: HandoverShape})
def propose_handover(request: Call, name: str, body: Proposal) -> Status[dict[str, Any]]:
    """Propose to hand a role over. Until it is accepted, whoever holds it stays accountable."""
    row = find.incident(request.auth, name)
    verbs.require_on(request.auth, "write", row)  # before names are looked up
    made = handover.propose(row, body.duty, find.person(body.to), actor=request.auth, words=body.words)
    return Status(201, staffing.handover_shape(made))


@router.post("/handovers/{number}/accept", response=HandoverShape)
def accept_handover(request: Call, number: int, body: SayBack) -> dict[str, Any]:
    """Take over what was proposed to you."""
    handover.accept(find.handover(request.auth, number), actor=request.auth, say_back=body.say_back)
    return staffing.handover_shape(find.handover(request.auth, number))


@router.post("/handovers/{number}/decline", response=HandoverShape)
def decline_handover(request: Call, number: int, body: Because) -> dict[str, Any]:
    """Not take over what was proposed to you."""
    handover.decline(find.handover(request.auth, number), actor=request.auth, reason=body.reason)
    return staffing.handover_shape(find.handover(request.auth, number))


@router.post("/handovers/{number}/withdraw", response=HandoverShape)
def withdraw_handover(request: Call, number: int, body: Because) -> dict[str, Any]:
    """Take a proposal back."""
    handover.withdraw(find.handover(request.auth, number), actor=request.auth, reason=body.reason)
    return staffing.handover_shape(find.handover(request.auth, number))
