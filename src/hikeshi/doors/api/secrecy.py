"""Restricted incidents, who is let in, and quiet mode."""

from __future__ import annotations

from ninja import Router, Status
from pydantic import Field

from hikeshi.desk.incidents import secrecy as verbs
from hikeshi.desk.incidents.verbs import require_on
from hikeshi.doors import find, secrecy
from hikeshi.doors.api.bearer import Call
from hikeshi.doors.api.paging import Body

router = Router()


class Restriction(Body):
    """Without a code name one is proposed."""

    reason: str
    code_name: str = ""
    version: int | None = None


class Why(Body):
    reason: str
    version: int | None = None


class Admission(Body):
    """`person` is a username."""

    person: str
    reason: str


class Glass(Body):
    reason: str


class Quiet(Body):
    """`unaware`: who must not know, one per line. `exposed_domains`: mail and chat domains the attacker may read."""

    unaware: str = ""
    exposed_domains: list[str] = Field(default_factory=list)
    version: int | None = None


@router.get("/incidents/{name}/secrecy", response=secrecy.SecrecyShape)
def show_secrecy(request: Call, name: str) -> secrecy.SecrecyShape:
    """Whether it is restricted or quiet, its code name, and who was let in."""
    return secrecy.secrecy(find.incident(request.auth, name))


@router.post("/incidents/{name}/restrict", response=secrecy.SecrecyShape)
def restrict_incident(request: Call, name: str, body: Restriction) -> secrecy.SecrecyShape:
    """Hide it from everybody without a role on it or access, commanders and administrators too."""
    row = find.incident(request.auth, name)
    verbs.restrict(row, actor=request.auth, reason=body.reason, code_name=body.code_name, version=body.version)
    return secrecy.secrecy(row)


@router.post("/incidents/{name}/unrestrict", response=secrecy.SecrecyShape)
def unrestrict_incident(request: Call, name: str, body: Why) -> secrecy.SecrecyShape:
    """Show it to those who may read every incident again."""
    row = find.incident(request.auth, name)
    verbs.unrestrict(row, actor=request.auth, reason=body.reason, version=body.version)
    return secrecy.secrecy(row)


@router.post("/incidents/{name}/access", response={201: secrecy.AccessShape})
def give_access(request: Call, name: str, body: Admission) -> Status[secrecy.AccessShape]:
    """Let a person read it without a role."""
    row = find.incident(request.auth, name)
    require_on(request.auth, "command", row)  # before names are looked up: they are not everybody's to try
    made = verbs.give_access(row, find.person(body.person), actor=request.auth, reason=body.reason)
    return Status(201, secrecy.access(made))


@router.post("/incidents/{name}/access/end", response=secrecy.SecrecyShape)
def end_access(request: Call, name: str, body: Admission) -> secrecy.SecrecyShape:
    """Shut a person out again who was let in without a role."""
    row = find.incident(request.auth, name)
    require_on(request.auth, "command", row)
    verbs.end_access(row, find.person(body.person), actor=request.auth, reason=body.reason)
    return secrecy.secrecy(row)


@router.post("/incidents/{name}/access/force", response={201: secrecy.AccessShape})
def force_access(request: Call, name: str, body: Glass) -> Status[secrecy.AccessShape]:
    """Break the glass, for administrators: recorded in the incident's chain and in the organisation's, and shown on its pages."""
    row = secrecy.behind_glass(request.auth, name)
    return Status(201, secrecy.access(verbs.force_access(row, actor=request.auth, reason=body.reason)))


@router.put("/incidents/{name}/quiet", response=secrecy.SecrecyShape)
def keep_quiet(request: Call, name: str, body: Quiet) -> secrecy.SecrecyShape:
    """Begin or change quiet mode: nothing is sent to exposed domains, nor to those who must not know."""
    row = find.incident(request.auth, name)
    verbs.keep_quiet(row, actor=request.auth, unaware=body.unaware, domains=body.exposed_domains, version=body.version)
    return secrecy.secrecy(row)


@router.post("/incidents/{name}/quiet/end", response=secrecy.SecrecyShape)
def end_quiet(request: Call, name: str, body: Why) -> secrecy.SecrecyShape:
    """Speak openly again."""
    row = find.incident(request.auth, name)
    verbs.end_quiet(row, actor=request.auth, reason=body.reason, version=body.version)
    return secrecy.secrecy(row)
