"""Asking the enrichers about what a group names, as far as its markings allow; every question is in the ledger."""

from __future__ import annotations

from datetime import timedelta
from typing import Final, NamedTuple

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.actor import Actor
from hikeshi.desk.alerts.models import Group
from hikeshi.desk.assets.models import Lookup
from hikeshi.desk.incidents.enrichment import ENRICHERS
from hikeshi.desk.incidents.enrichment.enricher import PAPS, Said
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.ledger.models import ORGANISATION
from hikeshi.errors import HikeshiError, Refused
from hikeshi.signals.signal import Observable
from hikeshi.text import Text

USUAL: Final = "amber"
"""The marking where nobody has said another: nothing is asked outside without a decision."""
OF_TLP: Final = {"clear": "clear", "green": "green", "amber": "amber", "amber+strict": "amber", "red": "red"}
"""What may be done with an observable of an incident by the incident's TLP: to ask a stranger is to share."""
FRESH: Final = timedelta(hours=24)
"""An answer from outside is not asked for again before."""
MOST: Final = 50
"""Observables of one group that are asked about; of these at most `OUTSIDE` outside."""
OUTSIDE: Final = 10


class Answer(NamedTuple):
    """What one enricher says of one observable; `refused` says why it was not asked, `problem` why there is no answer."""

    kind: str
    value: str
    enricher: str
    said: list[Said]
    refused: Text | None = None
    problem: str = ""
    cached_at: str = ""


def ceiling(group: Group) -> str:
    """The widest marking that the incidents of a group allow; clear where it is in none. A quiet incident allows nothing that leaves us."""
    rows = Incident.objects.filter(alerts__group=group).values_list("marking", "quiet")
    return min(("red" if quiet else OF_TLP[marking] for marking, quiet in rows), key=PAPS.index, default="clear")


def enrich(group: Group, *, actor: Actor, pap: str = USUAL) -> list[Answer]:
    """Ask about everything the group names, by the marking `pap` or what its incidents allow, whichever is stricter.

    Not inside a transaction: it may ask the network. One ledger entry says who asked what of whom.
    """
    require(actor, "triage")
    if pap not in PAPS:
        raise Refused(f"{pap!r} is not a marking.", hint=f"Use one of: {', '.join(PAPS)}.")
    marking = min(pap, ceiling(group), key=PAPS.index)
    rows = group.observables.exclude(kind="account").values_list("kind", "value")[:MOST]
    things = [Observable(kind, value) for kind, value in rows]  # type: ignore[arg-type]  # the table holds kinds of signals only
    outside = [0]
    answers = [_one(name, thing, actor, marking, outside) for thing in things for name in ENRICHERS if _set_up(name)]
    asked = sorted(
        {f"{one.enricher} {one.kind} {one.value}" for one in answers if one.refused is None and _leaves(one)}
    )
    with transaction.atomic():
        ledger.append(
            ORGANISATION, actor=actor, verb="group.enrich", obj=str(group),
            data={"pap": marking, "observables": len(things), "outside": asked, "refused": sum(one.refused is not None for one in answers)},
        )  # fmt: skip
    return answers


def _set_up(name: str) -> bool:
    return name != "web" or bool(settings.ENVIRONMENT.lookup_url)


def _leaves(one: Answer) -> bool:
    return ENRICHERS[one.enricher].outside and not one.cached_at


def _one(name: str, thing: Observable, actor: Actor, pap: str, outside: list[int]) -> Answer:
    enricher = ENRICHERS[name]
    if not enricher.allowed(pap):
        return Answer(thing.kind, thing.value, name, [], _forbidden(pap, enricher.reveals))
    if not enricher.outside:
        return Answer(thing.kind, thing.value, name, enricher.ask(thing, actor))
    kept = Lookup.objects.filter(
        kind=thing.kind, value=thing.value, enricher=name, problem="", asked_at__gt=timezone.now() - FRESH
    ).first()
    if kept is not None:
        said = [Said(Text(kept.answer, kept.answer))] if kept.answer else []
        return Answer(thing.kind, thing.value, name, said, cached_at=kept.asked_at.isoformat())
    outside[0] += 1
    if outside[0] > OUTSIDE:
        return Answer(thing.kind, thing.value, name, [], problem=f"not asked: more than {OUTSIDE} at once")
    return _ask_outside(name, thing, actor)


def _forbidden(pap: str, reveals: Text) -> Text:
    return Text(f"PAP:{pap.upper()} forbids it: {reveals.en}.", f"PAP:{pap.upper()} のため不可: {reveals.ja}。")


def _ask_outside(name: str, thing: Observable, actor: Actor) -> Answer:
    try:
        said, problem = ENRICHERS[name].ask(thing, actor), ""
    except HikeshiError as error:
        said, problem = [], str(error)[:500]
    Lookup.objects.create(
        kind=thing.kind, value=thing.value, enricher=name, answer=said[0].text.en if said else "", problem=problem,
        asked_by=actor.name, asked_at=timezone.now(),
    )  # fmt: skip
    return Answer(thing.kind, thing.value, name, said, problem=problem)
