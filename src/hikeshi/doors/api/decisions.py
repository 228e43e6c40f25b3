"""Decisions of the response: asked, objected to, decided, looked back on."""

from __future__ import annotations

from datetime import datetime

from ninja import Router, Status
from pydantic import Field

from hikeshi.desk.incidents import decisions
from hikeshi.doors import find, standing
from hikeshi.doors.api.bearer import Call
from hikeshi.doors.api.paging import Body

router = Router()


class Question(Body):
    question: str
    options: list[str] = Field(default_factory=list)
    decide_by: datetime | None = None


class Choice(Body):
    """`version` is the one the writer saw: an objection that came later answers 409."""

    chosen: str
    reason: str
    version: int | None = None


class Words(Body):
    text: str


@router.get("/incidents/{name}/decisions", response=list[standing.DecisionShape])
def list_decisions(request: Call, name: str) -> list[standing.DecisionShape]:
    """The decisions of the incident, made and open."""
    return [standing.decision(row) for row in find.incident(request.auth, name).decisions.all()]


@router.post("/incidents/{name}/decisions", response={201: standing.DecisionShape})
def ask_decision(request: Call, name: str, body: Question) -> Status[standing.DecisionShape]:
    """Put a question to whoever commands."""
    row = find.incident(request.auth, name)
    made = decisions.ask(row, body.question, actor=request.auth, options=body.options, decide_by=body.decide_by)
    return Status(201, standing.decision(made))


@router.post("/incidents/{name}/decisions/{decision}/decide", response=standing.DecisionShape)
def make_decision(request: Call, name: str, decision: int, body: Choice) -> standing.DecisionShape:
    """Decide, once, with a reason."""
    row = standing.find_decision(find.incident(request.auth, name), decision)
    decisions.decide(row, body.chosen, actor=request.auth, reason=body.reason, version=body.version)
    return standing.decision(row)


@router.post("/incidents/{name}/decisions/{decision}/objections", response=standing.DecisionShape)
def object_to_decision(request: Call, name: str, decision: int, body: Words) -> standing.DecisionShape:
    """A strong objection, under the caller's name."""
    row = standing.find_decision(find.incident(request.auth, name), decision)
    decisions.object_to(row, body.text, actor=request.auth)
    return standing.decision(row)


@router.post("/incidents/{name}/decisions/{decision}/verdict", response=standing.DecisionShape)
def look_back_on_decision(request: Call, name: str, decision: int, body: Words) -> standing.DecisionShape:
    """For the post-mortem: how the decision looks with what is known now."""
    row = standing.find_decision(find.incident(request.auth, name), decision)
    decisions.look_back(row, body.text, actor=request.auth)
    return standing.decision(row)
