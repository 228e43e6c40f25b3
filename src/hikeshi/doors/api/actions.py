"""Actions: the catalogue, what an incident's findings call for, and an action that no playbook foresaw."""

from __future__ import annotations

from typing import Any

from ninja import Router, Status
from pydantic import Field

from hikeshi.actions import ACTIONS
from hikeshi.desk.runs import adding, looking
from hikeshi.doors import find, shapes
from hikeshi.doors.actions import ActionDetail, ActionShape, detail, line
from hikeshi.doors.advice import AdviceShape, advice
from hikeshi.doors.api.bearer import Call
from hikeshi.doors.api.paging import Body
from hikeshi.doors.ladder import LadderShape, shape

router = Router()


class Added(Body):
    """`inputs` as the action takes them; account and region where no alert of the incident says them."""

    action: str
    inputs: dict[str, Any] = Field(default_factory=dict)
    reason: str
    account: str = ""
    region: str = ""


@router.get("/actions", response=list[ActionShape])
def list_actions(request: Call, target: str = "") -> list[ActionShape]:
    """What Hikeshi can do to the world, or only to one kind of target."""
    find.insider(request.auth)
    return [line(name, kind) for name, kind in ACTIONS.items() if target in ("", kind.target)]


@router.get("/actions/{action}", response=ActionDetail)
def show_action(request: Call, action: str) -> ActionDetail:
    """One action: its inputs, the permissions it needs, and how to undo it without Hikeshi."""
    find.insider(request.auth)
    return detail(action)


@router.get("/incidents/{name}/advice", response=list[AdviceShape])
def show_advice(request: Call, name: str) -> list[AdviceShape]:
    """What the incident's findings call for, in order, with what is known of the inputs."""
    return advice(find.incident(request.auth, name))


@router.get("/incidents/{name}/ladder", response=LadderShape)
def show_ladder(request: Call, name: str, instance_id: str, account: str = "", region: str = "") -> LadderShape:
    """The cheapest rungs that cut the instance off, and what gets through all of them. Reads the account, changes nothing."""
    row = find.incident(request.auth, name)
    return shape(looking.ladder(row, instance_id, actor=request.auth, account=account, region=region))


@router.post("/incidents/{name}/actions", response={201: shapes.StepShape})
def add_action(request: Call, name: str, body: Added) -> Status[shapes.StepShape]:
    """Put an action among the incident's steps. A worker plans it; what it changes still asks for approval."""
    step = adding.add(
        find.incident(request.auth, name), body.action, body.inputs, actor=request.auth, reason=body.reason,
        account=body.account, region=body.region,
    )  # fmt: skip
    return Status(201, shapes.step(step))
