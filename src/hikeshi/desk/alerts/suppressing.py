"""Hiding from the queue what is known and harmless: with an owner, a reason and an end, counted and never deleted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, get_args

from django.db import transaction
from django.db.models import Count, F, Max, QuerySet, Sum
from django.utils import timezone

from hikeshi.desk.accounts.models import Person
from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.actor import Actor
from hikeshi.desk.alerts.models import Group, Observable, Suppression
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.ledger.models import ORGANISATION
from hikeshi.errors import Conflict, Refused
from hikeshi.signals.signal import Kind, Signal

LONGEST: Final = timedelta(days=90)
USUAL: Final = timedelta(days=30)
MOST_ACTIVE: Final = 500
"""Suppressions at once: all of them are read for each new group."""
FIELDS: Final = ("source", "kind", "account")
KINDS: Final[tuple[str, ...]] = tuple(kind for kind in get_args(Kind) if kind != "account")
"""Observables that a suppression can name; the account is a field of its own."""
BROAD: Final = frozenset({"source", "account"})
LOOKED_BACK: Final = 500
"""Groups of the same kind, the newest first, by which is told what a suppression would have hidden."""


def active() -> QuerySet[Suppression]:
    return Suppression.objects.filter(ended_at__isnull=True, expires_at__gt=timezone.now())


def holds(row: Suppression | None, signal: Signal, source: str, severity: int, now: datetime) -> bool:
    """Whether the suppression hides this alert: not over, each field the same, and SEV-1 only where somebody wanted that."""
    if row is None or row.ended_at is not None or row.expires_at <= now or (severity == 1 and not row.hides_sev1):
        return False
    known = {"source": {source}, "kind": {signal.kind}, "account": {signal.account}}
    named = {(one.kind, one.value) for one in signal.observables}
    return all(value in known[key] if key in known else (key, value) in named for key, value in row.match.items())


@transaction.atomic
def suppress(
    match: Mapping[str, str], *, actor: Actor, reason: str, expires_at: datetime, owner: Person | None = None, hides_sev1: bool = False
) -> Suppression:  # fmt: skip
    """Hide groups that open from now on and match. Groups that wait already stay: judge them.

    Raises `Refused` for a match that is too broad or unknown, without a reason, for more than 90 days, and, unless `hides_sev1` says
    yes a second time, where it would hide what is suggested as SEV-1.
    """
    require(actor, "triage")
    now = timezone.now()
    owner = owner or Person.objects.filter(pk=actor.person_id or 0).first()
    if owner is None:
        raise Refused("A suppression needs an owner.", hint="Name a person who looks at it again before it ends.")
    if not reason.strip():
        raise Refused("A suppression needs a reason.", hint="Say in one sentence why these alerts are harmless.")
    if not now < expires_at <= now + LONGEST:
        raise Refused("A suppression ends within 90 days.", hint="Name a day; it can be made again.")
    if active().count() >= MOST_ACTIVE:
        raise Refused(f"{MOST_ACTIVE} suppressions are active.", hint="Mend the rules at the source, end some here.")
    match = checked(match)
    critical = sum(group.suggested_severity == 1 for group in would_hide(match))
    if critical and not hides_sev1:
        raise Refused(
            f"It would have hidden {critical} groups suggested as SEV-1.",
            hint="Say yes a second time (hide SEV-1 too), or narrow it.",
        )
    row = Suppression(
        match=match, reason=reason.strip(), owner=owner, made_at=now, expires_at=expires_at, hides_sev1=hides_sev1
    )
    row.full_clean()
    row.save()
    data = {
        "match": match,
        "reason": row.reason,
        "until": expires_at.isoformat(),
        "owner": str(owner),
        "sev1": hides_sev1,
    }
    ledger.append(ORGANISATION, actor=actor, verb="suppression.make", obj=str(row), data=data)
    return row


def checked(match: Mapping[str, str]) -> dict[str, str]:
    """The match without empty fields. Raises `Refused` where it names what no alert has, or too little."""
    kept = {key: value.strip() for key, value in sorted(match.items()) if value.strip()}
    if unknown := [key for key in kept if key not in (*FIELDS, *KINDS)]:
        raise Refused(f"{unknown[0]!r} is nothing to match by.", hint=f"Use {', '.join((*FIELDS, *KINDS))}.")
    if set(kept) <= BROAD:
        raise Refused("This would hide too much.", hint="Name the kind of alert, or what it is about.")
    return kept


def would_hide(match: Mapping[str, str]) -> list[Group]:
    """Of the newest groups, those it would have hidden."""
    rows = Group.objects.filter(**{key: match[key] for key in FIELDS if key in match})
    for kind, value in ((key, match[key]) for key in KINDS if key in match):
        rows = rows.filter(pk__in=Observable.objects.filter(kind=kind, value=value).values("group_id"))
    return list(rows.order_by("-pk")[:LOOKED_BACK])


@transaction.atomic
def unsuppress(row: Suppression, *, actor: Actor, reason: str) -> None:
    """End it before its day. What it hid stays where it is, counted; the next alert opens a group that waits."""
    require(actor, "triage")
    if not reason.strip():
        raise Refused("Ending a suppression needs a reason.", hint="One sentence is enough.")
    now = timezone.now()
    open_ones = Suppression.objects.filter(pk=row.pk, ended_at__isnull=True)
    if open_ones.update(ended_at=now, ended_by=actor.name) != 1:
        row.refresh_from_db()
        raise Conflict(f"{row} was ended already.", current=row.ended_by, hint=f"By {row.ended_by}.")
    Group.objects.filter(suppression=row, state="suppressed").update(joinable=False)
    ledger.append(ORGANISATION, actor=actor, verb="suppression.end", obj=str(row), data={"reason": reason.strip()})
    row.refresh_from_db()


def counted(rows: QuerySet[Suppression]) -> QuerySet[Suppression]:
    """With `hits`, the alerts it has hidden, `hidden_groups`, and `last_hit_at`: counted from the groups, so that a storm writes nothing here."""
    return rows.select_related("owner").annotate(
        hits=Sum("groups__size", default=0),
        hidden_groups=Count("groups"),
        last_hit_at=Max("groups__last_at"),
    )


def proposal(group: Group) -> dict[str, str]:
    """What a suppression after a verdict on this group would match: where it comes from, its kind, and what it alone is about."""
    match = {"source": group.source, "kind": group.kind, "account": group.account}
    named: dict[str, list[str]] = {}
    for one in group.observables.filter(kind__in=KINDS)[:100]:
        named.setdefault(one.kind, []).append(one.value)
    about = ("principal", "instance", "host", "resource", "file", "hash", "key", "mail", "domain", "address", "url")
    found = next((kind for kind in about if len(named.get(kind, ())) == 1), "")
    if found:
        match[found] = named[found][0]
    return {key: value for key, value in match.items() if value}


@transaction.atomic
def unhide(group: Group, *, actor: Actor, reason: str) -> None:
    """Bring a suppressed group back before people. The suppression itself goes on."""
    require(actor, "triage")
    if not reason.strip():
        raise Refused("Bringing a group back needs a reason.", hint="One sentence is enough.")
    shown: dict[str, Any] = {"state": "waiting", "version": F("version") + 1}
    if Group.objects.filter(pk=group.pk, state="suppressed").update(**shown) != 1:
        raise Conflict(f"{group} is not suppressed now.", hint="Look at it again.")
    ledger.append(ORGANISATION, actor=actor, verb="group.unhide", obj=str(group), data={"reason": reason.strip()})
    group.refresh_from_db()
