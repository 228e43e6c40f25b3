"""Playbooks played in a simulated account: asked for here, played by a worker in a process of its own."""

from __future__ import annotations

from ninja import Router, Status
from pydantic import Field

from hikeshi.desk.rehearsals import verbs
from hikeshi.desk.rehearsals.models import Rehearsal
from hikeshi.doors import find, rehearsals as plain
from hikeshi.doors.api.bearer import Call
from hikeshi.doors.api.paging import Body
from hikeshi.playbooks.playbook import loads
from hikeshi.strict_yaml import SIZE_LIMIT

router = Router()
MOST: int = 50


class Draft(Body):
    """`text` is the YAML of one playbook."""

    text: str = Field(max_length=SIZE_LIMIT)


@router.get("/playbook-drift", response=list[plain.StandingShape])
def drift(request: Call) -> list[plain.StandingShape]:
    """How every playbook stands: last simulated on, last exercised on, and what has changed since."""
    return [plain.standing(one) for one in plain.all_standings(request.auth)]


@router.get("/rehearsals", response=list[plain.RehearsalShape])
def list_rehearsals(request: Call, playbook: str = "") -> list[plain.RehearsalShape]:
    """The last simulations that were asked for, the newest first."""
    find.insider(request.auth)
    rows = Rehearsal.objects.filter(**({"playbook": playbook[:80]} if playbook else {})).defer("text", "report")
    return [plain.shape(row) for row in rows.order_by("-pk")[:MOST]]


@router.post("/rehearsals", response={202: plain.RehearsalShape})
def rehearse_text(request: Call, body: Draft) -> Status[plain.RehearsalShape]:
    """Play a text in all its ways. Ask for the number until its state is not `waiting`."""
    find.insider(request.auth)
    return Status(202, plain.shape(verbs.ask(loads(body.text.encode()), actor=request.auth)))


@router.get("/rehearsals/{number}", response=plain.PlayedShape)
def show_rehearsal(request: Call, number: str) -> plain.PlayedShape:
    """One simulation with every move of every way."""
    return plain.played(plain.rehearsal(request.auth, number))


@router.post("/playbooks/{name}/rehearsals", response={202: plain.RehearsalShape})
def rehearse(request: Call, name: str) -> Status[plain.RehearsalShape]:
    """Play a playbook of the shelf in all its ways. Ask for the number until its state is not `waiting`."""
    return Status(202, plain.shape(verbs.ask(find.playbook(request.auth, name), actor=request.auth)))
