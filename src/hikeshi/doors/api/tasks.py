"""Tasks: who does what until when."""

from __future__ import annotations

from datetime import datetime

from ninja import Router, Status

from hikeshi.desk.incidents import tasks
from hikeshi.desk.incidents.verbs import require_on
from hikeshi.doors import find, standing
from hikeshi.doors.api.bearer import Call
from hikeshi.doors.api.paging import Body

router = Router()


class NewTask(Body):
    """`owner` is a username; empty: whoever takes it."""

    title: str
    owner: str = ""
    due: datetime | None = None


class Seen(Body):
    version: int | None = None


class Outcome(Body):
    """`text` is what came of it, or why it is dropped."""

    text: str
    version: int | None = None


class NewOwner(Body):
    owner: str
    due: datetime | None = None
    version: int | None = None


@router.get("/incidents/{name}/tasks", response=list[standing.TaskShape])
def list_tasks(request: Call, name: str) -> list[standing.TaskShape]:
    """The tasks of the incident."""
    rows = find.incident(request.auth, name).tasks.select_related("owner", "incident")
    return [standing.task(row) for row in rows]


@router.get("/tasks/mine", response=list[standing.TaskShape])
def my_tasks(request: Call) -> list[standing.TaskShape]:
    """The caller's own tasks over all incidents, the most urgent first."""
    return [standing.task(row) for row in tasks.mine(request.auth)]


@router.post("/incidents/{name}/tasks", response={201: standing.TaskShape})
def give_task(request: Call, name: str, body: NewTask) -> Status[standing.TaskShape]:
    """Ask somebody for a piece of work."""
    row = find.incident(request.auth, name)
    require_on(request.auth, "write", row)  # before names are looked up: they are not everybody's to try
    owner = find.person(body.owner) if body.owner else None
    return Status(201, standing.task(tasks.give(row, body.title, actor=request.auth, owner=owner, due=body.due)))


@router.post("/incidents/{name}/tasks/{task}/take", response=standing.TaskShape)
def take_task(request: Call, name: str, task: int, body: Seen) -> standing.TaskShape:
    """Say yes to a task of one's own, or to one that is nobody's."""
    row = standing.find_task(find.incident(request.auth, name), task)
    tasks.take(row, actor=request.auth, version=body.version)
    return standing.task(row)


@router.post("/incidents/{name}/tasks/{task}/done", response=standing.TaskShape)
def finish_task(request: Call, name: str, task: int, body: Outcome) -> standing.TaskShape:
    """The work is done, with what came of it."""
    row = standing.find_task(find.incident(request.auth, name), task)
    tasks.done(row, actor=request.auth, outcome=body.text, version=body.version)
    return standing.task(row)


@router.post("/incidents/{name}/tasks/{task}/drop", response=standing.TaskShape)
def drop_task(request: Call, name: str, task: int, body: Outcome) -> standing.TaskShape:
    """The work is not needed, or cannot be done."""
    row = standing.find_task(find.incident(request.auth, name), task)
    tasks.drop(row, actor=request.auth, reason=body.text, version=body.version)
    return standing.task(row)


@router.post("/incidents/{name}/tasks/{task}/reassign", response=standing.TaskShape)
def reassign_task(request: Call, name: str, task: int, body: NewOwner) -> standing.TaskShape:
    """Give it to somebody else, who has yet to say yes."""
    found = find.incident(request.auth, name)
    require_on(request.auth, "write", found)  # as above
    row = standing.find_task(found, task)
    tasks.reassign(row, find.person(body.owner), actor=request.auth, due=body.due, version=body.version)
    return standing.task(row)
