"""`playbook run | steps | done | skip`: playbooks at work on an incident."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hikeshi.desk.playbooks.reading import book
from hikeshi.desk.runs import by_hand, starting
from hikeshi.desk.runs.models import Step
from hikeshi.doors import find, shapes
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.options import WrongUsage
from hikeshi.doors.cli.who import actor
from hikeshi.doors.facts import facts
from hikeshi.playbooks.facts import FACTS

Reference = Annotated[str, typer.Argument(metavar="STEP", help="A step, such as 2.1, or 7:2.1 with its run.")]


def run(
    incident: str,
    name: Annotated[str, typer.Argument(help="A playbook of `playbook list`.")],
    fact: Annotated[
        list[str] | None, typer.Option(help=f"NAME=VALUE on top of what the alert says. Names: {', '.join(FACTS)}.")
    ] = None,
) -> Any:
    """Start a playbook. A fact that a step needs and nobody knows is named."""
    who = actor()
    row = find.incident(who, incident)
    given = dict(_fact(text) for text in fact or ())
    return shapes.run(starting.start(row, book(name), actor=who, facts=facts(row, given)))


def _fact(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or name not in FACTS:
        raise WrongUsage(
            f"--fact {text!r} is not understood.", hint=f"Write NAME=VALUE with NAME one of {', '.join(FACTS)}."
        )
    return name, value


def list_steps(
    incident: str, state: Annotated[str, typer.Option(help="Only those: open, asked, running, ...")] = ""
) -> Answer:
    """The steps of an incident in order."""
    rows = Step.objects.filter(run__incident=find.incident(actor(), incident)).select_related("run__incident")
    shown = [shapes.step(row) for row in (rows.filter(state=state) if state else rows)]
    return Answer(shown, columns=("step", "phase", "title", "role", "action", "state", "grade"))


def done(incident: str, step: Reference, note: Annotated[str, typer.Option(help="What came of it.")] = "") -> Any:
    """You have done a manual step."""
    who = actor()
    row = find.step(find.incident(who, incident), step)
    by_hand.finish_by_hand(row, actor=who, note=note)
    return shapes.step(Step.objects.select_related("run__incident").get(pk=row.pk))


def skip(incident: str, step: Reference, reason: Annotated[str, typer.Option(help="Why it is left out.")]) -> Any:
    """Leave a step out."""
    who = actor()
    row = find.step(find.incident(who, incident), step)
    by_hand.skip(row, actor=who, reason=reason)
    return shapes.step(Step.objects.select_related("run__incident").get(pk=row.pk))
