"""`playbook runs | pause | resume | tell | add`: whole playbooks at work."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hikeshi.desk.runs import adding, pausing, telling
from hikeshi.doors import find, shapes
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.steps import Why, pairs
from hikeshi.doors.cli.times import optional
from hikeshi.doors.cli.who import actor
from hikeshi.doors.runs import detail

Run = Annotated[str, typer.Option("--run", help="Its number or playbook, where several run; `playbook runs`.")]


def list_runs(incident: str) -> Answer:
    """The playbooks at work for an incident: how far they are, what they know, and whom each step waits for."""
    rows = find.incident(actor(), incident).runs.select_related("incident", "order")
    columns = ("run", "playbook", "version", "state", "over", "steps", "started_at")
    return Answer([detail(row) for row in rows], columns=columns)


def pause(incident: str, reason: Why, run: Run = "") -> Any:
    """Hold a whole playbook: nothing opens, and workers leave its steps alone. Undoing goes on."""
    who = actor()
    row = find.run(find.incident(who, incident), run)
    pausing.pause(row, actor=who, reason=reason)
    row.refresh_from_db()
    return shapes.run(row)


def resume(incident: str, run: Run = "", reason: Annotated[str, typer.Option(help="Why.")] = "") -> Any:
    """Let a paused playbook go on."""
    who = actor()
    row = find.run(find.incident(who, incident), run)
    pausing.resume(row, actor=who, reason=reason)
    row.refresh_from_db()
    return shapes.run(row)


def tell(
    incident: str,
    fact: Annotated[list[str], typer.Argument(metavar="NAME=VALUE...", help="Facts; of a list once for each.")],
    run: Run = "",
) -> Any:
    """Tell facts; steps that lacked them go on."""
    who = actor()
    row = find.run(find.incident(who, incident), run)
    telling.tell(row, pairs(fact, "The fact"), actor=who)
    row.refresh_from_db()
    return detail(row)


def add(
    incident: str,
    title: Annotated[str, typer.Argument(help="What has to be done, in one line.")],
    text: Annotated[str, typer.Option(help="Why, and how.")] = "",
    role: Annotated[str, typer.Option(help="Whose work it is.")] = "responder",
    phase: Annotated[
        str, typer.Option(help="detection_analysis, containment, eradication, recovery, lessons_learned.")
    ] = "detection_analysis",
    after: Annotated[list[str] | None, typer.Option(help="A step that is over before; may be repeated.")] = None,
    due: Annotated[str, typer.Option(help="A time with its zone, such as 2026-11-07T03:30+09:00.")] = "",
    run: Run = "",
) -> Any:
    """Put a step for people into a playbook at work, for this incident only. Actions are added with `contain add`."""
    who = actor()
    row = find.run(find.incident(who, incident), run)
    step = adding.add_manual(
        row.incident, title, text, actor=who, run=row, role=role, phase=phase, after=after or (), due=optional(due)
    )
    return shapes.step(step)
