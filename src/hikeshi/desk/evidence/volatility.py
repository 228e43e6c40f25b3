"""The plan for an incident's evidence, in the order of volatility: what disappears first is collected first (RFC 3227 section 2.1).

A line is one kind of evidence from one target. It is pending until it is held, failed with a reason, or waived by name with a
reason. Nobody has to keep it: receipts settle their own lines (`desk.runs.verbs.end`), and an item is bound to a line by hand.
What a step that takes something away must wait for is asked of these lines (`desk.runs.gate`).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import override

from hikeshi.desk.actor import Actor
from hikeshi.desk.evidence.models import VOLATILITY, Item, Planned
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.incidents.verbs import require_on
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.ledger.models import Chain
from hikeshi.errors import Refused
from hikeshi.text import Text

RANK: Final = {kind: place for place, (kind, _) in enumerate(VOLATILITY)}
OF_AN_INSTANCE: Final = ("memory", "state", "network", "disk", "cloud")
"""What an alert's instance can still give as long as it runs."""

Wanted = tuple[str, str]
"""A line before it is one: the kind of evidence and its target."""


def lines(incident: Incident) -> list[Planned]:
    """The plan, most volatile first."""
    rows = list(Planned.objects.filter(incident=incident).select_related("item"))
    for row in rows:
        row.incident = incident
    return sorted(rows, key=lambda row: (RANK[row.kind], row.pk))


def said(line: Planned) -> Text:
    """What the line asks for, in both languages."""
    kind = word(line)
    return Text(f"{kind.en} of {line.target}", f"{line.target} の{kind.ja}")


def word(line: Planned) -> Text:
    """Its kind, in both languages."""
    return _word(line.kind)


@lru_cache
def _word(kind: str) -> Text:
    found = dict(VOLATILITY)[kind]
    with override("en"):
        en = str(found)
    with override("ja"):
        return Text(en, str(found))


def of_alerts(incident: Incident) -> list[Wanted]:
    """What the alerts' resources suggest: all that the instance can give, and the account's logs around it."""
    wanted: list[Wanted] = []
    for alert in incident.alerts.all():
        if alert.instance_id:
            wanted += [(kind, alert.instance_id) for kind in OF_AN_INSTANCE]
        if alert.account:
            wanted.append(("logs", f"CloudTrail {alert.account} {alert.region}".strip()))
    return wanted


@transaction.atomic
def expect(incident: Incident, wanted: Iterable[Wanted], *, actor: Actor) -> list[Planned]:
    """Put lines into the plan; those that are there already stay as they are. Returns the new ones, most volatile first.

    Raises `Refused` for a kind that does not exist.
    """
    require_on(actor, "write", incident)
    Chain.objects.select_for_update().get(name=incident.name)  # one line per target: two proposals wait for each other
    known = set(Planned.objects.filter(incident=incident).values_list("kind", "target"))
    new = [_line(incident, kind, target) for kind, target in dict.fromkeys(wanted) if (kind, target) not in known]
    new.sort(key=lambda row: RANK[row.kind])
    for line in new:
        line.clean_fields(exclude=("incident",))
    Planned.objects.bulk_create(new)
    if new:
        ledger.append(
            incident.name, actor=actor, verb="evidence.expect", obj=incident.name,
            data={"lines": [[line.kind, line.target] for line in new], "count": len(new)},
        )  # fmt: skip
    return new


def line_for(incident: Incident, wanted: Wanted) -> Planned:
    """The line of this kind and target; not yet saved where the plan has none."""
    kind, target = wanted
    return Planned.objects.filter(incident=incident, kind=kind, target=target).first() or _line(incident, kind, target)


def _line(incident: Incident, kind: str, target: str) -> Planned:
    if kind not in RANK:
        raise Refused(f"{kind!r} is no kind of evidence.", hint=f"Use one of: {', '.join(RANK)}.")
    return Planned(incident=incident, kind=kind, target=target.strip()[:300])


@transaction.atomic
def bind(line: Planned, item: Item, *, actor: Actor, reason: str = "") -> None:
    """The item is what the line asked for: held. Raises `Refused` for an item of another incident."""
    require_on(actor, "write", line.incident)
    if item.incident_id != line.incident_id:
        raise Refused(f"{item} is not evidence of {line.incident}.")
    _settle(line, "held", actor, reason, item)


@transaction.atomic
def fail(line: Planned, *, actor: Actor, reason: str, item: Item | None = None) -> None:
    """It was tried and cannot be had. `item` is the receipt of the attempt, or the part that could be had."""
    require_on(actor, "write", line.incident)
    _settle(line, "failed", actor, _given(reason), item)


@transaction.atomic
def waive(line: Planned, *, actor: Actor, reason: str) -> None:
    """Decide by name not to wait for it. The decision is the commander's, and its reason stays in the record."""
    require_on(actor, "command", line.incident)
    if line.state == "held":
        raise Refused(f"{said(line).en} is held already.", hint="There is nothing to waive.")
    _settle(line, "waived", actor, _given(reason), None)


def _given(reason: str) -> str:
    if not reason.strip():
        raise Refused("Evidence is not left out without a reason.", hint="Say in one sentence why.")
    return reason.strip()


def _settle(line: Planned, state: str, actor: Actor, reason: str, item: Item | None) -> None:
    line.state, line.reason, line.item = state, reason[:500], item
    line.settled_by, line.settled_at = actor.name, timezone.now()
    line.full_clean()
    line.save()
    text = said(line)
    ledger.append(
        line.incident.name, actor=actor, verb="evidence.waive" if state == "waived" else "evidence.settle",
        obj=item.name if item else line.incident.name,
        data={
            "kind": line.kind, "target": line.target, "state": state, "reason": line.reason,
            "item": item.name if item else "", "en": text.en, "ja": text.ja,
        },
    )  # fmt: skip
