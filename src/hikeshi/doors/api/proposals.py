"""Facts of an incident and of the organisation, the duties they point to, and counsel's sign-off of rules."""

from __future__ import annotations

from typing import Any

from ninja import Router, Status

from hikeshi.desk.duties import counsel, proposals
from hikeshi.desk.incidents import obligations
from hikeshi.doors import find, proposals as shapes
from hikeshi.doors.api.bearer import Call
from hikeshi.doors.api.paging import Body

router = Router()


class Said(Body):
    """`answer` is yes, no or unknown."""

    answer: str
    note: str = ""


class Signed(Body):
    """`counsel` is the name of who has read the rule and its source."""

    counsel: str
    note: str = ""


class Reason(Body):
    reason: str


@router.get("/facts", response=list[dict[str, Any]])
def list_house_facts(request: Call) -> list[dict[str, Any]]:
    """Every question, with what was said of the organisation."""
    return shapes.answers(shapes.house(request.auth))


@router.post("/facts/{key}", response={201: dict[str, Any]})
def say_house_fact(request: Call, key: str, body: Said) -> Status[dict[str, Any]]:
    """Say what the organisation is, once for all incidents."""
    return Status(201, shapes.said(obligations.say_house_fact(key, body.answer, actor=request.auth, note=body.note)))


@router.get("/incidents/{name}/facts", response=list[dict[str, Any]])
def list_facts(request: Call, name: str) -> list[dict[str, Any]]:
    """Every question with its answer: what was said of the incident, else of the organisation, else unknown."""
    return shapes.answers(find.incident(request.auth, name).name)


@router.post("/incidents/{name}/facts/{key}", response={201: dict[str, Any]})
def say_fact(request: Call, name: str, key: str, body: Said) -> Status[dict[str, Any]]:
    """Say what is known. The duties it points to are listed as undecided, and their time runs."""
    row = find.incident(request.auth, name)
    return Status(201, shapes.said(obligations.say_fact(row, key, body.answer, actor=request.auth, note=body.note)))


@router.get("/incidents/{name}/proposals", response=list[dict[str, Any]])
def list_proposals(request: Call, name: str) -> list[dict[str, Any]]:
    """The duties that the facts point to and nobody has decided on, with the questions that are still open."""
    return [shapes.proposal(one) for one in proposals.proposals(find.incident(request.auth, name).name)]


@router.get("/clocks/sign-offs", response=list[dict[str, Any]])
def list_sign_offs(request: Call) -> list[dict[str, Any]]:
    """Every duty in force: whether it is on, and who has signed it off."""
    find.insider(request.auth)
    return shapes.standing_rules()


@router.post("/clocks/rules/{rule}/sign-offs", response={201: dict[str, Any]})
def sign_rule(request: Call, rule: str, body: Signed) -> Status[dict[str, Any]]:
    """Counsel stands by a rule as it is written now."""
    return Status(201, shapes.sign_off(counsel.sign(rule, actor=request.auth, counsel=body.counsel, note=body.note)))


@router.post("/clocks/rules/{rule}/sign-offs/withdraw", response=dict[str, Any])
def unsign_rule(request: Call, rule: str, body: Reason) -> dict[str, Any]:
    """Counsel no longer stands by it. Clocks that run go on."""
    counsel.withdraw(rule, actor=request.auth, reason=body.reason)
    return {"rule": rule, "on": False}
