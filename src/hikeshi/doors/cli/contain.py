"""`contain plan | override | run | verify | undo`: look, decide, do, prove, go back."""

from __future__ import annotations

import sys
from typing import Annotated

import msgspec
import typer
from django.conf import settings
from django.utils import timezone

from hikeshi.desk.actor import Actor
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.incidents.verbs import require_on
from hikeshi.desk.queue import claim, hurry
from hikeshi.desk.runs import overriding, perform as performing, plans, undoing
from hikeshi.desk.runs.models import Step
from hikeshi.doors import find, shapes
from hikeshi.doors.cli import planned, session
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.exits import DIFFERENCE, DONE, FAILED
from hikeshi.doors.cli.plain import plain
from hikeshi.doors.cli.steps import Reference
from hikeshi.doors.cli.texts import say
from hikeshi.doors.cli.who import actor
from hikeshi.doors.worker import Worker

MOST_TURNS = 200
MOST_NAMED = 20
BAD = frozenset({"failed", "refused", "unknown", "partial"})


def plan(
    incident: str, step: Reference, again: Annotated[bool, typer.Option(help="Look again and make a new plan.")] = False
) -> Answer:
    """Show the plan of a step: the exact calls, the state before, what it will not stop. Made now where there is none yet."""
    who = actor()
    row = find.step(find.incident(who, incident), step)
    if again:
        plans.plan_again(row, actor=who)
        row.refresh_from_db()
    return planned.answer(shapes.step_detail(made(row, who)))


def made(row: Step, who: Actor) -> Step:
    """The step, its plan made here and now where it is to be made."""
    if row.state == "planning":
        require_on(who, "write", row.run.incident)
        _do(row.run.incident, only=row)
    return _fresh(row)


def override(
    incident: str, step: Reference, reason: Annotated[str, typer.Option(help="Why the evidence is not waited for.")]
) -> Answer:
    """Let the step go on although evidence is not safe: each line that holds it back is waived by name."""
    who = actor()
    row = find.step(find.incident(who, incident), step)
    overriding.override_gate(row, actor=who, reason=reason)
    return planned.answer(shapes.step_detail(_fresh(row)))


def run(incident: str) -> Answer:
    """Do the incident's steps that wait for a worker now, in this process. Exit code 1 where one of them did not succeed.

    What goes on later is named on stderr, with the time and why it waits.
    """
    who = actor()
    row = find.incident(who, incident)
    require_on(who, "write", row)
    hurry(Step.objects.filter(run__incident=row, kind="action"), now=timezone.now())
    done = [_fresh(one) for one in _do(row)]
    rows = [shapes.step(one) for one in {one.pk: one for one in done}.values()]
    bad = any(one["state"] in BAD for one in rows)
    for one in Step.objects.filter(run__incident=row).exclude(due_at=None).order_by("due_at", "pk")[:MOST_NAMED]:
        _say_until_when(one)
    return Answer(rows, columns=("step", "action", "state", "grade", "outcome"), code=FAILED if bad else DONE)


def _say_until_when(row: Step) -> None:
    language = session.options.language
    said, at = row.outcome.get(language) or "–", max(filter(None, (row.due_at, row.lease_until)))
    time = timezone.localtime(at).isoformat(timespec="seconds")
    sys.stderr.write(plain(say("say.waits", language, step=f"{row.run_id}:{row.key}", time=time, why=said)) + "\n")


def _do(incident: Incident, only: Step | None = None) -> list[Step]:
    worker = Worker()
    rows = Step.objects.filter(run__incident=incident)
    if only is not None:
        rows = rows.filter(pk=only.pk)
    done: list[Step] = []
    while len(done) < MOST_TURNS:
        seconds = settings.ENVIRONMENT.lease_seconds
        step = claim(rows, worker=worker.name, now=timezone.now(), seconds=seconds)
        if step is None:
            break
        performing.perform(step, worker=worker.name, actor=worker.actor)
        done.append(step)
        if only is not None:
            break
    return done


def verify(incident: str, step: Reference) -> Answer:
    """Ask the cloud whether it is still as planned, changing nothing. Exit code 4 where it is not."""
    who = actor()
    row = find.step(find.incident(who, incident), step)
    receipt = performing.prove(row, actor=who)
    held = receipt.outcome in {"done", "already-done"}
    return Answer(
        {"step": f"{row.run_id}:{row.key}", **msgspec.to_builtins(receipt)}, code=DONE if held else DIFFERENCE
    )


def undo(incident: str, step: Reference, reason: Annotated[str, typer.Option(help="Why it is safe again.")]) -> Answer:
    """Ask for the exact way back. A worker does it, or `hikeshi contain run` here; what people had contained they have taken back before."""
    who = actor()
    row = find.step(find.incident(who, incident), step)
    undoing.undo(row, actor=who, reason=reason)
    return planned.answer(shapes.step_detail(_fresh(row)))


def _fresh(row: Step) -> Step:
    return Step.objects.select_related("run__incident").get(pk=row.pk)
