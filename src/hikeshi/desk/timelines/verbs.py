"""Building timelines from sealed evidence, and marking events."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from django.db import transaction
from django.utils import timezone

from hikeshi.desk.actor import Actor
from hikeshi.desk.evidence import verbs as evidence
from hikeshi.desk.evidence.models import Item
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.incidents.verbs import require_on
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.queue import give_back
from hikeshi.desk.timelines import proving, removing
from hikeshi.desk.timelines.models import MARKS, Hit, Mark, Timeline
from hikeshi.errors import Failed, HikeshiError, Refused
from hikeshi.events.assumed import Assumption, check
from hikeshi.events.parsers import PARSERS
from hikeshi.stores.duck import DuckStore
from hikeshi.stores.store import SHOWN, Query, Store

if TYPE_CHECKING:
    from hikeshi.stores.detecting import DetectReport, RuleHits

NAME = re.compile(r"[\w.-]{1,80}", re.UNICODE)


@transaction.atomic
def ask(
    incident: Incident, name: str, items: Sequence[Item], *, actor: Actor, now: bool = False, assumed: Sequence[Assumption] = ()
) -> Timeline:  # fmt: skip
    """Ask for a timeline over sealed logs; a worker makes it. Asking again adds items to it.

    `assumed` is what is known of the sources (clocks, mappings), and replaces what was said before. With `now` no worker is called: the caller
    goes on with `build` itself, and shows its progress.
    """
    require_on(actor, "write", incident)
    if not NAME.fullmatch(name):
        raise Refused(f"{name!r} cannot be a timeline's name.", hint="Use letters, digits, dot, dash, underscore.")
    if not items:
        raise Refused("No evidence was named.", hint="Seal the logs first: `hikeshi evidence add`.")
    if any(item.incident_id != incident.pk for item in items):
        raise Refused("The evidence belongs to another incident.")
    timeline, _ = Timeline.objects.get_or_create(incident=incident, name=name)
    timeline.items.add(*items)
    check(assumed, list(_sources(timeline).values()), PARSERS)
    timeline.assumed = msgspec.to_builtins(assumed)
    timeline.state, timeline.due_at = "asked", None if now else timezone.now()
    timeline.save(update_fields=["assumed", "state", "due_at"])
    ledger.append(
        incident.name, actor=actor, verb="timeline.ask", obj=name,
        data={"evidence": [item.name for item in items]} | ({"assumed": timeline.assumed} if assumed else {}),
    )  # fmt: skip
    return timeline


def build(
    timeline: Timeline,
    *,
    actor: Actor,
    progress: Callable[[int, int], None] | None = None,
    engine: Callable[[Path], Store] = DuckStore,
) -> Timeline:
    """Read the sealed logs into the event store. Repeating it, also after a kill, goes on where it stopped.

    `engine` makes the store that builds; whichever did, the result is the same.
    """
    require_on(actor, "write", timeline.incident)
    names = _sources(timeline)
    held = [sha256 for item in timeline.items.order_by("name") for sha256 in evidence.files_of(item)]
    try:
        with evidence.locker().plain(held) as files:
            paths = {str(files[sha256]): sha256 for sha256 in names}
            report = engine(timeline.folder).build(
                list(paths), progress=progress, sha256_of=paths, names={path: names[paths[path]] for path in paths},
                assumed=msgspec.convert(timeline.assumed, tuple[Assumption, ...]),
            )  # fmt: skip
            integrity = proving.proven(timeline, files)
    except HikeshiError as problem:
        _finish(timeline, actor, state="failed", problem=str(problem))
        raise
    timeline.report = msgspec.to_builtins(report) | {"store": DuckStore(timeline.folder).fingerprint()} | integrity
    return _finish(timeline, actor, state="ready")


def _sources(timeline: Timeline) -> dict[str, str]:
    """The files behind the timeline's evidence by SHA-256, each with the name it was sealed under: EV-001/var/log/auth.log."""
    return {
        sha256: f"{item.name}/{name}"
        for item in timeline.items.order_by("name")
        for sha256, name in evidence.files_of(item).items()
        if proving.is_log(item, name, sha256)
    }


@transaction.atomic
def _finish(timeline: Timeline, actor: Actor, *, state: str, problem: str = "") -> Timeline:
    if not Timeline.objects.select_for_update().filter(pk=timeline.pk).exists():
        removing.free(timeline.incident)  # saving would bring it back
        raise Refused(f"The timeline {timeline.name} was deleted while it was built.")
    timeline.state, timeline.problem, timeline.built_at = state, problem, timezone.now()
    give_back(timeline, due_at=None)
    timeline.save()
    counted = {name: timeline.report.get(name) for name in ("files", "events", "duplicates", "unreadable_count")}
    if timeline.assumed:
        counted["assumed"] = timeline.assumed
    ledger.append(
        timeline.incident.name, actor=actor, verb=f"timeline.{state}", obj=timeline.name,
        data={"problem": problem} if problem else counted,
    )  # fmt: skip
    return timeline


@transaction.atomic
def mark(timeline: Timeline, kind: str, field: str, value: str, *, actor: Actor, reason: str) -> Mark:
    """Mark all events where `field` is `value`. Marking the same again changes nothing."""
    require_on(actor, "write", timeline.incident)
    if kind not in dict(MARKS):
        raise Refused(f"{kind!r} is not a mark.", hint=f"Use one of: {', '.join(dict(MARKS))}.")
    count = DuckStore(timeline.folder).count(Query(where={field: value}))
    row, fresh = Mark.objects.get_or_create(
        timeline=timeline, kind=kind, field=field, value=value,
        defaults={"reason": reason, "events": count, "made_at": timezone.now(), "made_by": actor.name},
    )  # fmt: skip
    if fresh:
        ledger.append(
            timeline.incident.name, actor=actor, verb="timeline.mark", obj=timeline.name,
            data={"kind": kind, "field": field, "value": value, "events": count, "reason": reason},
        )  # fmt: skip
    return row


def accuse(timeline: Timeline, *, actor: Actor) -> list[Mark]:
    """Mark what the likeliest attacker did: the events of the address, and as suspected those of the principal.

    A stolen credential is used by its owner too, so the principal's events are only suspected until a person decides. Raises `Failed`
    where the logs show no known attacker behaviour.
    """
    suspects = DuckStore(timeline.folder).suspects(Query())
    if not suspects:
        raise Failed(
            f"The timeline {timeline.name} shows no known attacker behaviour.",
            hint="Mark events yourself: `hikeshi timeline mark`.",
        )
    first = suspects[0]
    why = "; ".join(reason.text.en for reason in first.reasons)
    accused = (("attacker", "src_ip", first.address), ("suspect", "actor_name", first.principal))
    return [mark(timeline, kind, field, value, actor=actor, reason=why) for kind, field, value in accused if value]


@transaction.atomic
def exported(timeline: Timeline, *, actor: Actor, rows: int, sha256: str, form: str) -> None:
    """Record that events left the house: how many, in which form, and the hash of what was handed over."""
    require_on(actor, "read", timeline.incident)
    ledger.append(
        timeline.incident.name, actor=actor, verb="timeline.export", obj=timeline.name,
        data={"events": rows, "sha256": sha256, "form": form},
    )  # fmt: skip


@transaction.atomic
def unmark(row: Mark, *, actor: Actor, reason: str) -> None:
    """Take a mark back. The events were never touched."""
    require_on(actor, "write", row.timeline.incident)
    ledger.append(
        row.timeline.incident.name, actor=actor, verb="timeline.unmark", obj=row.timeline.name,
        data={"kind": row.kind, "field": row.field, "value": row.value, "reason": reason},
    )  # fmt: skip
    row.delete()


def detect(
    timeline: Timeline,
    rules: Sequence[str | Path],
    *,
    actor: Actor,
    engine: Callable[[Path], DuckStore] = DuckStore,
) -> list[Hit]:
    """Ask Sigma rules in files and folders, and our own pack where none are named. What they hit replaces what was hit before.

    `engine` makes the store that is asked; whichever does, the hits are the same.

    A rule with an error is in `timeline.detection`, and the others are asked all the same. Hits belong to these rules and to the store
    as it is now: once it is rebuilt with more in it, they are outdated. Raises Refused where the timeline is not ready or a folder
    does not exist.
    """
    from hikeshi.events.detect.loading import OWN, digest, load  # pySigma takes 0.3 s, which no other verb needs
    from hikeshi.stores.detecting import detect as ask_rules  # as above

    require_on(actor, "write", timeline.incident)
    if timeline.state != "ready":
        raise Refused(f"The timeline {timeline.name} is not ready ({timeline.state}).", hint="Build it first.")
    folders = [Path(folder) for folder in rules] or [OWN]
    store, asked = engine(timeline.folder), load(folders)
    of = {"store": store.fingerprint(), "rules_sha256": digest(folders), "from": [folder.name for folder in folders]}
    return _keep_hits(timeline, ask_rules(store, asked), of, actor)


@transaction.atomic
def _keep_hits(timeline: Timeline, report: DetectReport, of: dict[str, Any], actor: Actor) -> list[Hit]:
    """`of` says of which store and which rules the report is."""
    counted = {
        "rules": len(report.rules), "rules_hit": len(report.hit), "errors": len(report.errors),
        "skipped": sum(bool(rule.skipped) for rule in report.rules), "events": report.events, "events_hit": report.events_hit,
    }  # fmt: skip
    wrong = [{"file": rule.file, "rule": rule.rule, "error": rule.error} for rule in report.errors[:SHOWN]]
    timeline.detection = {**counted, **of, "seconds": report.seconds, "wrong": wrong}
    timeline.save(update_fields=["detection"])
    timeline.hits.all().delete()
    now = timezone.now()
    hits = Hit.objects.bulk_create([_hit(timeline, rule, now, actor) for rule in report.hit])
    ledger.append(
        timeline.incident.name, actor=actor, verb="timeline.detect", obj=timeline.name,
        data={**counted, **of},
    )  # fmt: skip
    return hits


def _hit(timeline: Timeline, rule: RuleHits, now: datetime, actor: Actor) -> Hit:
    return Hit(
        timeline=timeline, rule=rule.rule[:200], title=rule.title[:400], file=rule.file[:400], level=rule.level,
        techniques=list(rule.techniques), events=rule.hits, first_at=_moment(rule.first_us), last_at=_moment(rule.last_us),
        selector={"event_uid": list(rule.uids)}, made_at=now, made_by=actor.name,
    )  # fmt: skip


def _moment(microseconds: int | None) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds or 0)
