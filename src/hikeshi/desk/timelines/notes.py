"""Stars, tags and comments on single events, and finding events by them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from django.db import transaction
from django.utils import timezone

from hikeshi.desk.actor import Actor
from hikeshi.desk.incidents.verbs import require_on
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.timelines.models import NOTES, EventNote, Timeline
from hikeshi.errors import Refused
from hikeshi.events.times import utc
from hikeshi.stores.duck import DuckStore
from hikeshi.stores.store import Query

TAG: Final = re.compile(r"\w[\w.:/-]{0,39}")
"""A short word in any script, such as t1078 or phase/exfil."""

LONGEST: Final = 2000
"""Characters of a comment."""

MOST: Final = 5000
"""Notes on one timeline: people write them, and a filter by tag names each event to the store."""


@transaction.atomic
def note(timeline: Timeline, event_uid: str, kind: str, text: str = "", *, actor: Actor) -> EventNote:
    """Star, tag or comment one event. A star or a tag that is there already is left as it is.

    Raises Refused where the store has no such event, the text does not fit its kind, or the timeline has `MOST` notes.
    """
    require_on(actor, "write", timeline.incident)
    said = _said(kind, text)
    event = _event(timeline, event_uid)
    Timeline.objects.select_for_update().get(
        pk=timeline.pk
    )  # two at once would both find nothing there, and room for one more
    there = timeline.notes.filter(event_uid=event["event_uid"], kind=kind, text=said).exclude(kind="comment").first()
    if there is not None:
        return there
    if timeline.notes.count() >= MOST:
        raise Refused(
            f"The timeline {timeline.name} has {MOST} notes.", hint="Mark many events at once: `timeline mark`."
        )
    made = EventNote(
        timeline=timeline, event_uid=event["event_uid"], ts=event["ts"], kind=kind, text=said,
        made_at=timezone.now(), made_by=actor.name,
    )  # fmt: skip
    made.full_clean()
    made.save()
    _record(made, f"timeline.{kind}", actor, event=str(event.get("message") or event.get("action") or "")[:200])
    return made


@transaction.atomic
def take_back(row: EventNote, *, actor: Actor, reason: str = "") -> None:
    """Remove a note. What a comment said stays in the ledger, with the reason, which a comment needs."""
    require_on(actor, "write", row.timeline.incident)
    if row.kind == "comment" and not reason.strip():
        raise Refused("A comment is not removed without a reason.", hint="Say in one sentence what was wrong with it.")
    _record(row, f"timeline.un{row.kind}", actor, reason=reason.strip())
    row.delete()


def noted(timeline: Timeline, query: Query, *, tags: Sequence[str] = (), starred: bool = False) -> Query:
    """The query, narrowed to events that bear all these tags, and a star where one is wanted."""
    wanted = [*(("tag", tag.strip().lower()) for tag in tags), *([("star", "")] if starred else [])]
    if not wanted:
        return query
    found = [
        set(timeline.notes.filter(kind=kind, text=text).values_list("event_uid", flat=True)) for kind, text in wanted
    ]
    if (asked := query.where.get("event_uid")) is not None:
        found.append({str(one) for one in ([asked] if isinstance(asked, str) else list(asked))})  # type: ignore[arg-type]
    return msgspec.structs.replace(query, where={**query.where, "event_uid": sorted(set.intersection(*found))})


def _said(kind: str, text: str) -> str:
    """The text as it is kept. Raises Refused where it does not fit its kind."""
    said = text.strip()
    if kind == "star" and not said:
        return ""
    if kind == "tag" and TAG.fullmatch(said):
        return said.lower()
    if kind == "comment" and 0 < len(said) <= LONGEST and "\x00" not in said:
        return said
    hints = {
        "star": "A star says nothing more; write a comment.",
        "tag": "A tag is one word of at most 40 letters, digits and . : / - _",
        "comment": f"A comment is plain text of 1 to {LONGEST} characters.",
    }
    raise Refused(
        f"{said[:80]!r} is no {kind[:20]} on an event.", hint=hints.get(kind, f"Use one of: {', '.join(dict(NOTES))}.")
    )


def _event(timeline: Timeline, event_uid: str) -> dict[str, Any]:
    if timeline.state != "ready":
        raise Refused(f"The timeline {timeline.name} is not ready ({timeline.state}).", hint="Build it first.")
    rows = DuckStore(timeline.folder).events(Query(where={"event_uid": event_uid}, limit=1))
    if not rows:
        raise Refused(
            f"The timeline {timeline.name} has no event {event_uid[:40]!r}.", hint="Take it from a row's event_uid."
        )
    return rows[0]


def _record(row: EventNote, verb: str, actor: Actor, **more: str) -> None:
    at = utc(row.ts)
    ledger.append(
        row.timeline.incident.name, actor=actor, verb=verb, obj=row.timeline.name,
        data={"event_uid": row.event_uid, "at": at.isoformat() if at else "", "text": row.text, **more},
    )  # fmt: skip
