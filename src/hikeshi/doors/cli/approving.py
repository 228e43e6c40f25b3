"""`contain plans | approve | approve-all | reject | revoke | narrow | break-glass | review`: who says yes, and what happens without."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hikeshi.desk.runs import approvals, at_once, glass
from hikeshi.desk.runs.models import Step
from hikeshi.doors import asking, find, shapes
from hikeshi.doors.cli import planned
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.contain import made
from hikeshi.doors.cli.exits import DONE, FAILED
from hikeshi.doors.cli.steps import Reference
from hikeshi.doors.cli.who import actor
from hikeshi.errors import Conflict

LEAST_OF_A_DIGEST = 12

Digest = Annotated[str, typer.Option(help="The digest of the plan you read; its first 12 characters are enough.")]
Reason = Annotated[str, typer.Option(help="Why, in one sentence; it stays in the record.")]


def _whole(row: Step, plan_digest: str) -> str:
    short = len(plan_digest) >= LEAST_OF_A_DIGEST and row.plan_digest.startswith(plan_digest.lower())
    return row.plan_digest if short else plan_digest


def _shown(row: Step) -> Answer:
    return planned.answer(shapes.step_detail(Step.objects.select_related("run__incident").get(pk=row.pk)))


def approve(incident: str, step: Reference, plan_digest: Digest, reason: Reason = "") -> Answer:
    """Say yes to exactly the plan you read, or to undoing it. Refused when it has changed since."""
    who = actor()
    row = find.step(find.incident(who, incident), step)
    approvals.approve(row, _whole(row, plan_digest), actor=who, reason=reason)
    return _shown(row)


def plans(incident: str, step: Reference) -> Answer:
    """The plans of the step's targets that wait for a yes, the digest of them all, and how long they take from a yes to all."""
    who = actor()
    found = asking.together(at_once.asked(find.step(find.incident(who, incident), step)))
    rows = [
        {
            "step": one["step"], "target": one["item"], "plan_digest": one["plan_digest"], "calls": one["calls"],
            "yeses_needed": one["needed"], "yeses_missing": one["missing"], "valid_until": one["until"],
        }
        for one in found["plans"]
    ]  # fmt: skip
    head = {"plan_digest": found["plan_digest"], "seconds_after_yes": found["seconds"]} if rows else {}
    return Answer(found, people=head | {"plans": rows})


def approve_all(incident: str, step: Reference, plan_digest: Digest, reason: Reason = "") -> Answer:
    """Say yes to all plans of the step's targets that you read by `contain plans`. Those it does not count for are named with the reason.

    The digest is that of all of them. Refused when one has changed since; exit code 1 where some are left out.
    """
    who = actor()
    row = find.step(find.incident(who, incident), step)
    shown = asking.together(at_once.asked(row))
    whole = shown["plan_digest"]
    if len(plan_digest) < LEAST_OF_A_DIGEST or not whole.startswith(plan_digest.lower()):
        raise Conflict("The plan has changed since it was shown.", current=whole, hint="Read the new one.")
    named = {one["step"].rpartition(":")[2]: one["plan_digest"] for one in shown["plans"]}
    said = asking.said(row, named, at_once.approve_all(row, named, actor=who, reason=reason))
    return Answer(
        said,
        code=FAILED if said["left"] else DONE,
        people={"approved": said["approved"], "not_counted": said["left"]},
    )


def reject(incident: str, step: Reference, plan_digest: Digest, reason: Reason) -> Answer:
    """Say no to exactly the plan you read, or to undoing it."""
    who = actor()
    row = find.step(find.incident(who, incident), step)
    approvals.reject(row, _whole(row, plan_digest), actor=who, reason=reason)
    return _shown(row)


def revoke(incident: str, step: Reference, reason: Reason) -> Answer:
    """Take your own yes back, before a worker has begun."""
    who = actor()
    row = find.step(find.incident(who, incident), step)
    approvals.revoke(row, actor=who, reason=reason)
    return _shown(row)


def narrow(
    incident: str,
    step: Reference,
    without: Annotated[list[str], typer.Option(help="A part of the plan to leave out; several times for several.")],
    reason: Reason = "",
) -> Answer:
    """Take parts out of a plan before you approve it. It is made anew without them and has a digest of its own."""
    who = actor()
    row = find.step(find.incident(who, incident), step)
    approvals.narrow(row, without, actor=who, reason=reason)
    row.refresh_from_db()
    return _shown(made(row, who))


def break_glass(incident: str, step: Reference, plan_digest: Digest, reason: Reason) -> Any:
    """Have exactly this plan carried out now, without the yeses it needs. People are told; somebody else reviews it within a day."""
    who = actor()
    row = find.step(find.incident(who, incident), step)
    return asking.glass(glass.break_glass(row, _whole(row, plan_digest), actor=who, reason=reason))


def review(
    incident: str,
    step: Reference,
    right: Annotated[bool, typer.Option("--right/--wrong", help="Whether breaking the glass was right.")],
    note: Annotated[str, typer.Option(help="What you found.")],
) -> Any:
    """The after-review of a step that was carried out by breaking the glass. Not by the one who broke it."""
    who = actor()
    row = find.step(find.incident(who, incident), step)
    return asking.glass(glass.close_review(row, actor=who, right=right, note=note))
