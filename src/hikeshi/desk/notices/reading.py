"""Reading the ledger after commit: each entry is looked at once, by one worker, also when workers die.

A chain says when it has entries nobody has looked at (`untold_since`). Looking at some of them, making what follows from them, and moving the
chain's mark (`told_seq`) is one transaction under the chain's lock: all of it happened, or none of it did.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from hikeshi.desk.accounts.models import Person
from hikeshi.desk.actor import Actor
from hikeshi.desk.duties.models import Clock
from hikeshi.desk.incidents.models import DUTIES, Incident
from hikeshi.desk.ledger.models import Chain, Entry
from hikeshi.desk.ledger.phrases import STEP_CLOCK, sentence, told
from hikeshi.desk.notices import audience, escalating
from hikeshi.desk.notices.audience import Recipient
from hikeshi.desk.notices.making import make
from hikeshi.desk.notices.round import Round
from hikeshi.desk.notices.tells import STOPS, TELLS
from hikeshi.desk.runs.models import Step

BATCH: Final = 200
CHAINS: Final = 100
"""In one transaction: while it writes, on SQLite nobody else does."""
OVER: Final = "clock.over"
CHANGING: Final = frozenset({OVER, "incident.severity", *STOPS})
"""What changes escalations that are begun."""
KNOWN: Final = frozenset({*TELLS, *STOPS})
ALL: Final = frozenset({"incident.close", "incident.merge", "step.glass_review"})


def waiting() -> datetime | None:
    """Since when the chain that has waited longest has entries nobody has looked at."""
    rows = Chain.objects.filter(untold_since__isnull=False).order_by("untold_since")
    since: datetime | None = rows.values_list("untold_since", flat=True).first()
    return since


def look(*, actor: Actor) -> int:
    """Look at what is new in the chains that have waited longest. Returns how many chains that were."""
    if waiting() is None:  # a plain read: an idle worker must not take the write lock
        return 0
    with transaction.atomic():
        rows = Chain.objects.filter(untold_since__isnull=False).order_by("untold_since", "pk")
        if connection.features.has_select_for_update_skip_locked:
            rows = rows.select_for_update(skip_locked=True)
        chains = {chain.pk: chain for chain in rows[:CHAINS]}
        new = Entry.objects.filter(chain__in=chains, verb__in=KNOWN, seq__gt=F("chain__told_seq"))
        some = list(new.order_by("chain", "seq")[:BATCH])
        names = [chain.name for chain in chains.values()]
        people = Incident.objects.prefetch_related("roles__contact__person", "roles__contact__ways", "roles__person")
        incidents = {row.name: row for row in people.filter(name__in=names)} if some else {}
        within, clocks = Round(actor, timezone.now()), _clocks(some)
        escalating.replace(
            [clocks[_of(one)] for one in some if one.verb == OVER and _of(one) in clocks], now=within.now
        )
        for entry in some:
            entry.chain = chains[entry.chain_id]
            follow(entry, incidents.get(entry.chain.name), clocks.get(_of(entry)), within)
        within.finish()
        _move(chains, some)
    return len(chains)


def _move(chains: Mapping[int, Chain], some: list[Entry]) -> None:
    """The marks, up to what was looked at. What we have written ourselves meanwhile is nothing to look at."""
    seen = set(chains)
    if len(some) == BATCH:  # there may be more: of the last chain, and all of those after it
        last = some[-1]
        seen = {pk for pk in seen if pk < last.chain_id}
        Chain.objects.filter(pk=last.chain_id).update(told_seq=last.seq)
    Chain.objects.filter(pk__in=seen).update(told_seq=F("head_seq"), untold_since=None)


def follow(entry: Entry, incident: Incident | None, clock: Clock | None, within: Round) -> None:
    """What one entry makes necessary: escalations end or begin, notices are made. `clock`: the running one it is about."""
    data, now = told(entry), within.now
    if entry.verb in CHANGING and any(row.chain == entry.chain.name for row in within.escalations):
        within.write()  # begun in this very round, and changed again
        escalating.replace([clock] if clock and entry.verb == OVER else [], now=now)
    if templates := STOPS.get(entry.verb):
        escalating.end(
            entry.chain.name, templates, clock="" if entry.verb in ALL else entry.object, why="over", now=now
        )
    if entry.verb == "incident.severity" and incident is not None:
        escalating.look_again(entry.chain.name, incident.severity, now)
    tell = TELLS.get(entry.verb)
    if tell is None or not tell.when(data) or _past(incident, entry):
        return
    severity = incident.severity if incident else 2 if tell.template in {"difference", "undelivered"} else 3
    exercise = bool(incident and (incident.exercise or incident.simulated))
    if tell.urgent:
        escalating.begin(
            f"{entry.chain.name}#{entry.seq}", tell.template, facts(entry, data, incident, clock), chain=entry.chain.name,
            incident=incident, clock=clock, duty=_duty(entry) or tell.whom[0].removeprefix("duty:"), severity=severity, within=within,
        )  # fmt: skip
        return
    found = [one for whom in tell.whom for one in _whom(whom, entry, data, incident, severity)]
    recipients = audience.knowing(incident, found)
    make(
        recipients, tell.template, facts(entry, data, incident, clock), within=within, severity=severity, incident=incident, entry=entry, exercise=exercise
    )  # fmt: skip


def _past(incident: Incident | None, entry: Entry) -> bool:
    """Of an incident that is over, nothing is said but that: a clock that still rings is nobody's night."""
    return incident is not None and incident.status in {"closed", "merged"} and entry.verb != "incident.close"


def _duty(entry: Entry) -> str:
    """Of a step's clock: whoever has the step, or holds its role, and then the commander. Empty for everything else."""
    run, _, key = entry.object.removeprefix(STEP_CLOCK).partition(":")
    if not entry.object.startswith(STEP_CLOCK) or not run.isdecimal():
        return ""
    step = Step.objects.filter(run=int(run), key=key).only("role", "owner", "state").first()
    return f"{f'person:{step.owner}' if step.owner else step.role}>{audience.COMMAND}" if step else ""


def _of(entry: Entry) -> tuple[int, str]:
    """Chain and rule of the clock that an entry is about."""
    return entry.chain_id, entry.object if entry.verb.startswith("clock.") else ""


def _clocks(entries: Sequence[Entry]) -> dict[tuple[int, str], Clock]:
    """The running clocks that entries are about, the newest of each rule."""
    wanted = {_of(entry) for entry in entries if entry.verb.startswith("clock.")}
    if not wanted:
        return {}
    rows = Clock.objects.filter(
        chain__in={pk for pk, _ in wanted}, rule__in={rule for _, rule in wanted}, stopped_at=None
    )
    return {(row.chain_id, row.rule): row for row in rows.order_by("pk")}


def _whom(
    whom: str, entry: Entry, data: Mapping[str, Any], incident: Incident | None, severity: int
) -> list[Recipient]:
    kind, _, name = whom.partition(":")
    if kind == "channels":
        return audience.channels(incident, severity)
    if kind == "duty":
        return _holding(incident, name)
    if kind == "duties":
        return [one for duty in data.get(name, []) if duty in dict(DUTIES) for one in _holding(incident, duty)]
    if kind == "person":
        return audience.named(str(data[name])) if data.get(name) else []
    if incident is None:
        return []
    held = audience.holding(incident, entry.object if kind == "role" else "")
    return [one for one in held if kind == "roles" or str(one) == data.get("to") or _is(one, str(data.get("to")))]


def _holding(incident: Incident | None, duty: str) -> list[Recipient]:
    held = audience.holding(incident, duty) if incident else []
    return held or audience.listed(duty, 1) or audience.listed(audience.COMMAND, 1)


def _is(one: Recipient, name: str) -> bool:
    person = one.person or (one.contact.person if one.contact else None)
    return isinstance(person, Person) and name in {str(person), person.username}


def facts(
    entry: Entry, data: Mapping[str, Any], incident: Incident | None, clock: Clock | None
) -> dict[str, dict[str, str]]:
    """What the texts are filled with, in both languages."""
    found: dict[str, dict[str, str]] = {}
    clock = clock or _response(entry)
    for language in ("en", "ja"):
        found[language] = {
            "by": entry.actor,
            "deadline": str(data.get("deadline") or (clock.deadline.isoformat() if clock else "")),
            "incident": incident.name if incident else "Hikeshi",
            "rule": _written(entry, data, "subject", language)
            or (str(clock.title.get(language, clock.rule)) if clock else entry.object),
            "severity": str(incident.severity if incident else 3),
            "title": incident.title if incident else "",
            "what": _written(entry, data, "body", language)
            or sentence(entry, language)
            or f"{entry.verb} {entry.object}",
        }
    return found


def _written(entry: Entry, data: Mapping[str, Any], part: str, language: str) -> str:
    """A part of a playbook's own message; empty for every other entry."""
    texts = data.get(part) if entry.verb == "step.notify" else None
    return str(texts.get(language, "")) if isinstance(texts, dict) else ""


def _response(entry: Entry) -> Clock | None:
    """The clock a declared incident is to be answered by."""
    if entry.verb != "incident.declare":
        return None
    return Clock.objects.filter(chain_id=entry.chain_id, rule__startswith="response.").order_by("pk").first()
