"""`timeline delete`: first what would go, then, with the timeline's name once more, that it goes."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hikeshi.desk.timelines import removing
from hikeshi.doors import find, shapes
from hikeshi.doors.cli.who import actor


def delete(
    incident: str,
    name: Annotated[str, typer.Argument(help="What the timeline is called.")],
    confirm: Annotated[str, typer.Option(help="The timeline's name once more; without it nothing is deleted.")] = "",
    reason: Annotated[str, typer.Option(help="Why it goes although something relies on it.")] = "",
) -> Any:
    """Without --confirm: what would go, what relies on it, and the bytes it would free. The sealed sources stay either way."""
    who = actor()
    timeline = find.timeline(find.incident(who, incident), name)
    gone = (
        removing.delete(timeline, actor=who, confirm=confirm, reason=reason)
        if confirm
        else removing.plan(timeline, actor=who)
    )
    return {"deleted": bool(confirm), **shapes.removal(gone)}
