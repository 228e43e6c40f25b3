"""`timeline save | searches | forget`: questions kept under a name. `timeline show --saved NAME` asks them again."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hikeshi.desk.timelines import searches
from hikeshi.doors import find, shapes
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.timeline import From, Search, Starred, Tagged, To, Where
from hikeshi.doors.cli.times import optional
from hikeshi.doors.cli.who import actor
from hikeshi.doors.events import asked_for

Name = Annotated[str, typer.Argument(metavar="SEARCH", help="What the search is called.")]


def save(
    incident: str, name: str, search_name: Name, start: From = "", end: To = "", where: Where = None, search: Search = "",
    tagged: Tagged = None, starred: Starred = False,
) -> Any:  # fmt: skip
    """Keep a search for everybody on the incident. Under a name that is taken, it takes the place of the old one."""
    who = actor()
    timeline = find.timeline(find.incident(who, incident), name)
    query = asked_for(where or [], start=optional(start), end=optional(end), search=search)
    return shapes.search(searches.save(timeline, search_name, query, actor=who, tags=tagged or [], starred=starred))


def list_searches(incident: str, name: str) -> Answer:
    """The saved searches of a timeline. `timeline show --saved NAME` asks one again."""
    rows = find.timeline(find.incident(actor(), incident), name).searches.all()
    return Answer(
        [shapes.search(row) for row in rows],
        columns=("name", "start", "end", "where", "words", "tags", "starred", "made_by"),
    )


def forget(incident: str, name: str, search_name: Name) -> None:
    """Delete a saved search. What it asked stays in the ledger."""
    who = actor()
    searches.delete(find.search(find.timeline(find.incident(who, incident), name), search_name), actor=who)
