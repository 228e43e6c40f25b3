"""Incidents that have to do with each other: linked, and merged where they are one (docs/adr/0017).

Nothing moves at a merge: alerts, tasks, assets and evidence stay where they are, each under its own hash chain.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from hikeshi.clocks.rule import rules
from hikeshi.desk.actor import Actor
from hikeshi.desk.duties import law, verbs as duties
from hikeshi.desk.duties.models import Clock, Moment
from hikeshi.desk.incidents.models import LINKS, Incident, Link
from hikeshi.desk.incidents.secrecy import said_why
from hikeshi.desk.incidents.sight import require_on, visible
from hikeshi.desk.incidents.verbs import change
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.ledger.models import Chain
from hikeshi.desk.ledger.phrases import told
from hikeshi.errors import Refused

OVER = frozenset({"closed", "merged"})


def links_of(actor: Actor, incident: Incident) -> QuerySet[Link]:
    """The links from and to it whose other end this actor may know of."""
    seen = visible(actor).values("pk")
    mine = Q(incident=incident, other__in=seen) | Q(other=incident, incident__in=seen)
    return Link.objects.filter(mine).select_related("incident", "other")


@transaction.atomic
def link(incident: Incident, other: Incident, kind: str, *, actor: Actor, reason: str = "") -> Link:
    """Say how two incidents hang together (related, caused_by, same_actor, duplicate). The entry is on the first one's chain.

    A restricted incident is linked from its own side, so that nobody else's record names it.
    """
    require_on(actor, "write", incident)
    require_on(actor, "read", other)
    if kind not in dict(LINKS):
        raise Refused(f"{kind!r} is no kind of link.", hint=f"Use one of: {', '.join(dict(LINKS))}.")
    if incident.pk == other.pk:
        raise Refused("An incident is not linked to itself.")
    if other.restricted and not incident.restricted:
        raise Refused(
            "The link would name a restricted incident in a record that others read.", hint="Link it from there."
        )
    if Link.objects.filter(incident=incident, other=other, kind=kind).exists():
        raise Refused(f"{incident} and {other} are linked like this already.")
    row = Link(
        incident=incident, other=other, kind=kind, reason=reason.strip()[:500], made_by=actor.name[:150],
        made_at=timezone.now(),
    )  # fmt: skip
    row.full_clean()
    row.save()
    ledger.append(
        incident.name, actor=actor, verb="incident.link", obj=other.name, data={"kind": kind, "reason": row.reason}
    )
    return row


@transaction.atomic
def unlink(incident: Incident, other: Incident, kind: str, *, actor: Actor, reason: str) -> None:
    """Take a link back, from either side; the ledger keeps that it was there."""
    require_on(actor, "write", incident)
    why = said_why(reason, "Taking a link back")
    ends = Q(incident=incident, other=other) | Q(incident=other, other=incident)
    row = links_of(actor, incident).filter(ends, kind=kind).first()
    if row is None:
        raise Refused(f"{incident} and {other} are not linked like this.")
    chain, name = row.incident.name, row.other.name
    row.delete()
    ledger.append(chain, actor=actor, verb="incident.unlink", obj=name, data={"kind": kind, "reason": why})


@transaction.atomic
def merge(incident: Incident, into: Incident, *, actor: Actor, reason: str) -> None:
    """`incident` goes on in `into`. Its clocks stop as replaced and its roles end; `into` points to its chain's head.

    What the law asks is taken over before: moments and decisions are recorded on `into`, where the earliest counts. A legal clock that
    runs no earlier there keeps running here: a deadline never vanishes by a merge.
    """
    why = said_why(reason, "A merge")
    first, second = sorted(
        (incident, into), key=lambda row: row.pk
    )  # one order for all, so that two merges never wait in a ring
    for row in (first, second):
        row.refresh_from_db(from_queryset=Incident.objects.select_for_update())
        require_on(actor, "command", row)
    _refuse_odd_merges(incident, into)
    now = timezone.now()
    roles = [role.pk for role in incident.roles.filter(until__isnull=True)]
    incident.roles.filter(pk__in=roles).update(until=now)
    _take_over(incident, into, actor)
    stopped = _stop_clocks(incident, into, actor)
    data = change(
        incident, None, {"into": into.name, "reason": why, "roles": roles, "clocks": stopped},
        status="merged", merged_into=into,
    )  # fmt: skip
    ledger.append(incident.name, actor=actor, verb="incident.merge", obj=incident.name, data=data)
    head = Chain.objects.get(name=incident.name)
    ledger.append(
        into.name, actor=actor, verb="incident.merge_in", obj=into.name,
        data={"from": incident.name, "seq": head.head_seq, "head": head.head_hash, "reason": why},
    )  # fmt: skip


def _refuse_odd_merges(incident: Incident, into: Incident) -> None:
    if incident.pk == into.pk:
        raise Refused("An incident is not merged into itself.")
    for row in (incident, into):
        if row.status in OVER:
            raise Refused(f"{row} is {row.status}.", hint="Only open incidents are merged.")
    if incident.restricted != into.restricted:
        raise Refused("One of the two is restricted, the other is not.", hint="Restrict both, or neither.")
    if incident.simulated != into.simulated or incident.exercise != into.exercise:
        raise Refused("An exercise and a real incident are not merged.")


def _take_over(incident: Incident, into: Incident, actor: Actor) -> None:
    """Every claim of a moment and every duty that may apply, recorded on `into` as its own."""
    note = f"Taken over from {incident.name} at the merge."
    known = {(row.key, row.at, row.day) for row in Moment.objects.filter(chain__name=into.name, withdrawn_at=None)}
    for row in Moment.objects.filter(chain__name=incident.name, withdrawn_at__isnull=True):
        claim = row.at or row.day
        if claim is not None and (row.key, row.at, row.day) not in known:
            law.record(into.name, row.key, claim, actor=actor, note=note)
    there = law.decisions(into.name)
    for rule, decision in law.decisions(incident.name).items():
        standing = there[rule].answer if rule in there else ""
        if decision.answer in {"applies", "undecided"} and standing not in {"applies", decision.answer}:
            law.decide(into.name, rule, decision.answer, actor=actor, reason=f"{note} {decision.reason}"[:1000])


def _stop_clocks(incident: Incident, into: Incident, actor: Actor) -> list[int]:
    """Stop what is counted on `into` from now on. Returns the clocks stopped."""
    stopped, now = [], timezone.now()
    for clock in duties.running(incident.name, ""):
        rule = rules().get(clock.rule)
        legal = rule is None or rule.duty is not None
        there = Clock.objects.filter(
            chain__name=into.name, rule=clock.rule, stopped_at__isnull=True, deadline__lte=clock.deadline
        )
        if not legal or there.exists():
            duties.stop(clock, actor=actor, at=now, replaced=True)
            stopped.append(clock.pk)
    return stopped


@transaction.atomic
def unmerge(incident: Incident, *, actor: Actor, reason: str) -> None:
    """They were two after all: status and roles come back, the law's clocks follow from its own moments again.

    What was taken over stays on the other incident until somebody takes it back there: a deadline too many is seen, one too few is not.
    """
    why = said_why(reason, "Undoing a merge")
    incident.refresh_from_db(from_queryset=Incident.objects.select_for_update())
    into = incident.merged_into
    if incident.status != "merged" or into is None:
        raise Refused(f"{incident} is not merged.")
    require_on(actor, "command", incident)
    before = _last_merge(incident)
    incident.roles.filter(pk__in=before["roles"]).update(until=None)
    data = change(
        incident, None, {"from": into.name, "reason": why},
        status=before["was"].get("status", "active"), merged_into=None,
    )  # fmt: skip
    ledger.append(incident.name, actor=actor, verb="incident.unmerge", obj=incident.name, data=data)
    ledger.append(
        into.name, actor=actor, verb="incident.unmerge_out", obj=into.name, data={"from": incident.name, "reason": why}
    )
    for clock in Clock.objects.filter(pk__in=before["clocks"], chain__name=incident.name, state="replaced"):
        if clock.rule in rules() and rules()[clock.rule].duty is None:
            duties.start(incident.name, clock.rule, actor=actor, started_at=clock.started_at)
    law.settle(incident.name, actor=actor)


def _last_merge(incident: Incident) -> dict[str, Any]:
    entry = Chain.objects.get(name=incident.name).entries.filter(verb="incident.merge").order_by("-seq").first()
    return told(entry) if entry else {"roles": [], "clocks": [], "was": {}}
