"""Searches somebody saved: a name for a question, kept with the timeline for everybody on the incident."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import msgspec
from django.db import transaction
from django.utils import timezone

from hikeshi.desk.actor import Actor
from hikeshi.desk.incidents.verbs import require_on
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.timelines.models import SavedSearch, Timeline
from hikeshi.desk.timelines.notes import noted
from hikeshi.errors import Refused
from hikeshi.stores import questions
from hikeshi.stores.store import Query

NAME: Final = re.compile(r"[^\x00-\x1f\x7f]{1,80}")
KEPT: Final = ("start_us", "end_us", "where", "search")
"""What makes a question; the page and its order do not."""

LARGEST: Final = 20_000
"""Characters of a question as JSON."""

MOST: Final = 200
"""Searches of one timeline."""


@transaction.atomic
def save(
    timeline: Timeline, name: str, query: Query, *, actor: Actor, tags: Sequence[str] = (), starred: bool = False
) -> SavedSearch:
    """Keep a question under a name; under a name that is taken, the new question takes the place of the old.

    Raises Refused for a question that no store could answer, and where there are `MOST` already.
    """
    require_on(actor, "write", timeline.incident)
    name = name.strip()
    if not NAME.fullmatch(name):
        raise Refused(f"{name[:80]!r} cannot be a search's name.", hint="Use 1 to 80 characters in one line.")
    questions.where(query)
    asked = {key: value for key in KEPT if (value := msgspec.to_builtins(getattr(query, key)))}
    if len(msgspec.json.encode([asked, list(tags)])) > LARGEST:
        raise Refused("The search is too long to be kept.", hint="Search by fewer values.")
    row = timeline.searches.filter(name=name).first()
    if row is None and timeline.searches.count() >= MOST:
        raise Refused(f"The timeline {timeline.name} has {MOST} saved searches.", hint="Delete one first.")
    row = row or SavedSearch(timeline=timeline, name=name)
    row.query, row.tags, row.starred = asked, [tag.strip().lower() for tag in tags], starred
    row.made_at, row.made_by = timezone.now(), actor.name
    row.full_clean()
    row.save()
    ledger.append(
        timeline.incident.name, actor=actor, verb="timeline.save_search", obj=timeline.name,
        data={"name": name, "query": asked, "tags": row.tags, "starred": starred},
    )  # fmt: skip
    return row


@transaction.atomic
def delete(row: SavedSearch, *, actor: Actor) -> None:
    """Forget a saved search. What it asked stays in the ledger."""
    require_on(actor, "write", row.timeline.incident)
    ledger.append(
        row.timeline.incident.name, actor=actor, verb="timeline.delete_search", obj=row.timeline.name,
        data={"name": row.name, "query": row.query},
    )  # fmt: skip
    row.delete()


def within(row: SavedSearch, query: Query) -> Query:
    """`query` asked within what the saved search finds."""
    return noted(row.timeline, merged(row, query), tags=row.tags, starred=row.starred)


def merged(row: SavedSearch, query: Query) -> Query:
    """`query` with what was saved, notes left aside: both windows hold; a field or words of `query` replace those saved."""
    saved = Query(**row.query)
    starts = [us for us in (saved.start_us, query.start_us) if us is not None]
    ends = [us for us in (saved.end_us, query.end_us) if us is not None]
    return msgspec.structs.replace(
        query,
        start_us=max(starts, default=None),
        end_us=min(ends, default=None),
        where={**saved.where, **query.where},
        search=query.search or saved.search,
    )
