"""`timeline build | show | list | mark | histogram | suspects | about | diff`: sealed logs in one order."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import typer

from hikeshi.desk.timelines import notes, searches, verbs
from hikeshi.desk.timelines.models import EventNote, Timeline
from hikeshi.doors import find, shapes
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.clock_options import Mapping, Skew, Zone
from hikeshi.doors.cli.event_files import whole
from hikeshi.doors.cli.exits import DONE, UNREADABLE
from hikeshi.doors.cli.options import WrongUsage
from hikeshi.doors.cli.progress import progress
from hikeshi.doors.cli.sealing import items_of
from hikeshi.doors.cli.times import optional
from hikeshi.doors.cli.who import actor
from hikeshi.doors.events import asked_for, entity_shape, moment, said, shown
from hikeshi.errors import Refused
from hikeshi.events.assumed import mapping_file
from hikeshi.events.timesketch_export import WRITERS
from hikeshi.stores.difference import difference
from hikeshi.stores.duck import DuckStore
from hikeshi.stores.entity import entity
from hikeshi.stores.integrity import integrity_of
from hikeshi.stores.spark import SparkStore
from hikeshi.stores.store import Query as StoreQuery

PAGE = 1000
SEEN = ("ts", "source_kind", "outcome", "action", "actor_name", "src_ip", "message")
Where = Annotated[list[str] | None, typer.Option(help="FIELD=VALUE; several times: all must hold, of one field any.")]
From = Annotated[str, typer.Option("--from", help="ISO 8601 with zone.")]
To = Annotated[str, typer.Option("--to", help="ISO 8601 with zone.")]
Search = Annotated[str, typer.Option(help="Text anywhere in the record.")]
Tagged = Annotated[list[str] | None, typer.Option(help="A tag the events bear; several times: all of them.")]
Starred = Annotated[bool, typer.Option("--starred", help="Only events with a star.")]
Saved = Annotated[str, typer.Option(help="Within what this saved search finds.")]
Engine = Annotated[Literal["local", "spark"], typer.Option(help="local: this machine. spark: a cluster.")]
Master = Annotated[str, typer.Option(help="Address of the cluster, such as spark://host:7077.")]


def build(
    incident: str,
    name: Annotated[str, typer.Argument(help="What the timeline is called.")],
    logs: Annotated[
        list[str],
        typer.Argument(
            help="Files, folders and s3://bucket/prefix, which are sealed first, or evidence such as EV-001."
        ),
    ],
    engine: Engine = "local",
    master: Master = "",
    skew: Skew = None,
    zone: Zone = None,
    mapping: Mapping = None,
) -> Answer:
    """Sealed logs into one ordered timeline. Building again adds to it. Exit code 5 where some of it was unreadable.

    --skew, --zone and --mapping hold for this build: building again without them reads those sources again as they are.
    A cluster (--engine spark --master URL) sees the home folder under the same path as this machine.
    """
    opened, assumed = engine_of(engine, master), said(skew, zone, map(mapping_file, mapping or ()))
    who = actor()
    row = find.incident(who, incident)
    with progress(name) as told:
        items, missed = items_of(row, logs, who)
        asked = verbs.ask(row, name, items, actor=who, now=True, assumed=assumed)
        timeline = verbs.build(asked, actor=who, progress=told, engine=opened)
    left_out = missed or any(timeline.report.get(name) for name in ("unreadable_count", "not_recognised_count"))
    report = {key: value for key, value in timeline.report.items() if key != "sources"}
    return Answer(
        {"name": timeline.name, "evidence": [item.name for item in items], **report},
        code=UNREADABLE if left_out else DONE,
    )


def engine_of(name: str, master: str) -> Callable[[Path], DuckStore]:
    """Which store works. Raises Refused where the two options do not go together."""
    if name == "local":
        if master:
            raise Refused("--master is the address of a cluster.", hint="Add --engine spark.")
        return DuckStore
    if not master:
        raise Refused("--engine spark needs --master.", hint="Such as --master spark://host:7077, or local[2].")
    return partial(SparkStore, master=master)


def list_timelines(incident: str) -> Answer:
    """The timelines of an incident and what their builds counted."""
    rows = find.incident(actor(), incident).timelines.select_related("incident")
    counted = ("events", "duplicates", "unreadable_count")
    told = [{**shapes.timeline(row), **{key: row.report.get(key) for key in counted}} for row in rows]
    return Answer(told, columns=("name", "state", "events", "duplicates", "unreadable_count", "evidence", "built_at"))


def list_sources(incident: str, name: str) -> Answer:
    """Every source of a timeline: what read it, how the count adds up, what was assumed of it."""
    store = _store(incident, name)
    proven = integrity_of(store.folder)
    rows = [shapes.source(row, proven) for row in store.sources()]
    return Answer(
        rows,
        columns=(
            "name",
            "parser",
            "records",
            "events",
            "duplicates",
            "unreadable_count",
            "undated",
            "integrity",
            "assumed",
            "note",
        ),
    )


def show(
    incident: str,
    name: str,
    *,
    start: From = "",
    end: To = "",
    where: Where = None,
    search: Search = "",
    limit: Annotated[int, typer.Option(min=0, help="Events at most; 0: all.")] = 100,
    descending: Annotated[bool, typer.Option(help="Latest first.")] = False,
    tagged: Tagged = None,
    starred: Starred = False,
    saved: Saved = "",
) -> Answer:
    """Events in time order, one per line with --json, with what people said about them."""
    timeline = _ready(incident, name)
    query = asked_for(where or [], start=optional(start), end=optional(end), search=search, descending=descending)
    query = _narrowed(timeline, query, tagged=tagged, starred=starred, saved=saved)
    rows = islice(_stored(timeline, query, size=min(PAGE, limit or PAGE)), limit or None)
    return Answer(_told(timeline, rows), columns=SEEN, lines=True)


def _narrowed(
    timeline: Timeline, query: StoreQuery, *, tagged: list[str] | None, starred: bool, saved: str
) -> StoreQuery:
    if saved:
        query = searches.within(find.search(timeline, saved), query)
    return notes.noted(timeline, query, tags=tagged or [], starred=starred)


def _told(timeline: Timeline, rows: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Events as people are shown them, each with its notes; a timeline has few enough of those to hold them all."""
    said: dict[str, list[EventNote]] = {}
    for note in timeline.notes.all():
        said.setdefault(note.event_uid, []).append(note)
    return (shapes.with_notes(shown(row), said.get(row["event_uid"], ())) for row in rows)


def _stored(timeline: Timeline, query: StoreQuery, *, size: int = PAGE) -> Iterator[dict[str, Any]]:
    """The store's rows, page after page by key: a million events are never in memory at once."""
    store = DuckStore(timeline.folder)
    query = msgspec.structs.replace(query, limit=size)
    while found := store.events(query):
        yield from found
        query = msgspec.structs.replace(query, after=(found[-1]["ts"], found[-1]["event_uid"]))


def mark(
    incident: str,
    name: str,
    kind: Annotated[str, typer.Argument(help="attacker, suspect, responder or star.")],
    which: Annotated[str, typer.Argument(metavar="FIELD=VALUE", help="Such as src_ip=192.0.2.7.")],
    reason: Annotated[str, typer.Option(help="Why they are theirs.")],
) -> Any:
    """Say of all events where a field has a value whose they are."""
    who = actor()
    field, equals, value = which.partition("=")
    if not equals:
        raise Refused(f"{which!r} is not understood.", hint="Write FIELD=VALUE, such as src_ip=192.0.2.7.")
    timeline = find.timeline(find.incident(who, incident), name)
    return shapes.mark(verbs.mark(timeline, kind, field, value, actor=who, reason=reason))


def unmark(
    incident: str,
    name: str,
    number: Annotated[int, typer.Argument(help="A number of `timeline marks`.")],
    reason: Annotated[str, typer.Option(help="Why it was wrong.")],
) -> None:
    """Take a mark back. The events were never touched."""
    who = actor()
    row = find.mark(find.timeline(find.incident(who, incident), name), number)
    verbs.unmark(row, actor=who, reason=reason)


def list_marks(incident: str, name: str) -> Answer:
    """Whose events are whose, and why."""
    rows = find.timeline(find.incident(actor(), incident), name).marks.all()
    return Answer([shapes.mark(row) for row in rows])


def accuse(incident: str, name: str) -> Answer:
    """Mark the events of the likeliest attacker's address, and as suspected those of the principal."""
    who = actor()
    made = verbs.accuse(find.timeline(find.incident(who, incident), name), actor=who)
    return Answer([shapes.mark(row) for row in made])


def histogram(
    incident: str,
    name: str,
    start: From = "",
    end: To = "",
    where: Where = None,
    search: Search = "",
    buckets: Annotated[int, typer.Option(min=1, max=1000)] = 24,
) -> Answer:
    """How the events spread over time."""
    query = asked_for(where or [], start=optional(start), end=optional(end), search=search)
    bars = _store(incident, name).histogram(query, buckets=buckets)
    most = max((count for _, _, count in bars), default=0) or 1
    rows = [
        {"start": moment(first), "end": moment(last), "count": count, "bar": "█" * round(40 * count / most)}
        for first, last, count in bars
    ]
    return Answer(rows, columns=("start", "count", "bar"))


def facet(
    incident: str,
    name: str,
    field: Annotated[str, typer.Argument(help="A column, such as action or src_ip.")],
    start: From = "",
    end: To = "",
    where: Where = None,
    search: Search = "",
    top: Annotated[int, typer.Option(min=1, max=1000)] = 10,
) -> Answer:
    """The most frequent values of a field and how many events have each."""
    query = asked_for(where or [], start=optional(start), end=optional(end), search=search)
    found = _store(incident, name).facet(field, query, top=top)
    return Answer([{"value": value, "count": count} for value, count in found])


def suspects(incident: str, name: str) -> Answer:
    """Who did what attackers are known to do, the likeliest first. A hint where to look, never proof."""
    query = asked_for([])
    rows = [
        {
            "principal": one.principal,
            "address": one.address,
            "score": one.score,
            "events": one.events,
            "denied": one.denied,
            "first": moment(one.first_us),
            "last": moment(one.last_us),
            "reasons": [msgspec.to_builtins(reason.text) for reason in one.reasons],
            "techniques": sorted({technique for reason in one.reasons for technique in reason.techniques}),
        }
        for one in _store(incident, name).suspects(query)
    ]
    return Answer(rows, columns=("principal", "address", "score", "events", "denied", "reasons"))


def about(
    incident: str,
    name: str,
    value: Annotated[str, typer.Argument(help="A principal, an address, an access key, an instance, a host.")],
    start: From = "",
    end: To = "",
) -> Any:
    """Everything the timeline says of one name: first and last seen, where it is named, what its events have in common."""
    query = asked_for([], start=optional(start), end=optional(end))
    return entity_shape(entity(_store(incident, name), value, query))


def diff(
    incident: str,
    name: str,
    field: Annotated[str, typer.Argument(help="A column, such as action or src_ip.")],
    before: Annotated[str, typer.Option(help="The first window: FROM/TO, ISO 8601 with zone.")],
    after: Annotated[str, typer.Option(help="The second window: FROM/TO, ISO 8601 with zone.")],
) -> Answer:
    """What came, went, or changed how often it occurs from one window to another."""
    changes = difference(_store(incident, name), field, _window(before), _window(after))
    return Answer(
        [msgspec.to_builtins(change) for change in changes], columns=("value", "kind", "before", "after", "times")
    )


def export(
    incident: str,
    name: str,
    out: Annotated[Path, typer.Option(help=f"The file to write, for Timesketch: {', '.join(WRITERS)}.")],
    start: From = "",
    end: To = "",
    where: Where = None,
    search: Search = "",
    tagged: Tagged = None,
    starred: Starred = False,
    saved: Saved = "",
) -> Answer:
    """The events as Timesketch reads them, harmless for spreadsheets and terminals. Says what had to be left out."""
    if out.suffix not in WRITERS:
        raise WrongUsage(f"{out.name} does not say which form is wanted.", hint=f"End it with {', '.join(WRITERS)}.")
    timeline = _ready(incident, name)
    query = asked_for(where or [], start=optional(start), end=optional(end), search=search)
    query = _narrowed(timeline, query, tagged=tagged, starred=starred, saved=saved)
    rows = _noted(timeline, _stored(timeline, query))
    with whole(out) as part:
        mode: Any = {"mode": "w", "newline": "", "encoding": "utf-8"} if out.suffix == ".csv" else {"mode": "wb"}
        with part.open(**mode) as file:
            done = WRITERS[out.suffix](rows, file)
        with part.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        verbs.exported(timeline, actor=actor(), rows=done.rows, sha256=sha256, form=f"Timesketch {out.suffix[1:]}")
    return Answer({"out": str(out), "sha256": sha256, **msgspec.to_builtins(done)})


def _noted(timeline: Timeline, rows: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Rows of the store with their tags (a star among them, as Timesketch has no field for it) and comments."""
    said: dict[str, dict[str, list[str]]] = {}
    for note in timeline.notes.all():
        column, text = (
            ("comment", f"{note.made_by}: {note.text}") if note.kind == "comment" else ("tag", note.text or "star")
        )
        said.setdefault(note.event_uid, {}).setdefault(column, []).append(text)
    return ({**row, **said.get(row["event_uid"], {})} for row in rows)


def _window(text: str) -> StoreQuery:
    first, slash, last = text.partition("/")
    if not slash:
        raise Refused(f"{text!r} is not a window.", hint="Write FROM/TO, such as 2026-11-06T00:00Z/2026-11-07T00:00Z.")
    return asked_for([], start=optional(first), end=optional(last))


def _store(incident: str, name: str) -> DuckStore:
    return DuckStore(_ready(incident, name).folder)


def _ready(incident: str, name: str) -> Timeline:
    timeline: Timeline = find.timeline(find.incident(actor(), incident), name)
    if timeline.state != "ready":
        raise Refused(
            f"The timeline {name} is not ready ({timeline.state}).", hint=timeline.problem or "A worker builds it."
        )
    return timeline
