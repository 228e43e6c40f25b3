"""Merging groups of one cause that fingerprints kept apart, taking that back, and finding what is related."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.actor import Actor
from hikeshi.desk.alerts import groups
from hikeshi.desk.alerts.models import Group, Observable
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.ledger.models import ORGANISATION
from hikeshi.errors import Refused

EVERYWHERE: Final = 50
"""What more groups than this name says nothing: our own account, the address of our proxy."""
COMPARED: Final = 20
"""Observables of a group that are looked up, one query each."""
SHOWN: Final = 10


@transaction.atomic
def merge(rows: Sequence[Group], *, actor: Actor, reason: str) -> Group:
    """Make one of several groups. The one to be answered first stays in the queue and stands for all; it is returned.

    Each alert stays in its own group, so that `unmerge` restores exactly what was.
    """
    require(actor, "triage")
    if not reason.strip():
        raise Refused("Merging needs a reason.", hint="Say in one sentence why they have one cause.")
    found = groups.seen(rows, None, states=("waiting", "snoozed"))
    if len(found) < 2:
        raise Refused("One group cannot be merged.", hint="Name two or more.")
    if len({group.simulated for group in found}) > 1:
        raise Refused("An exercise is not merged with what is real.", hint="Judge the simulated group by itself.")
    first, *others = sorted(found, key=lambda group: (group.state != "waiting", group.answer_by, group.pk))
    Group.objects.filter(pk__in=[group.pk for group in others]).update(
        state="merged", merged_into=first, due_at=None, lease_owner="", lease_until=None, version=F("version") + 1
    )
    Group.objects.filter(pk=first.pk).update(version=F("version") + 1)
    data = {"merged": [str(group) for group in others], "reason": reason.strip()}
    ledger.append(ORGANISATION, actor=actor, verb="group.merge", obj=str(first), data=data)
    first.refresh_from_db()
    return first


@transaction.atomic
def unmerge(group: Group, *, actor: Actor, reason: str) -> Group:
    """Take a group out again, with exactly its own alerts. Raises `Refused` while the one it was merged into is judged: reopen that first."""
    require(actor, "triage")
    if not reason.strip():
        raise Refused("Taking a group out again needs a reason.", hint="One sentence is enough.")
    if not Group.objects.filter(pk=group.pk, state="merged").exists():
        raise Refused(f"{group} is not merged into another group.", hint="Name the group that was merged into it.")
    [found] = groups.seen([group], None, states=("merged",))
    top = groups.root(found)
    if top.state not in groups.OPEN:
        raise Refused(f"{top} is decided on already.", hint=f"Take that back first: {groups.told(top)}")
    asleep = found.snoozed_until is not None and found.snoozed_until > timezone.now()
    back = {"state": "snoozed", "due_at": found.snoozed_until} if asleep else groups.AWAKE
    Group.objects.filter(pk=found.pk).update(**back, merged_into=None, version=F("version") + 1)
    Group.objects.filter(pk=found.merged_into_id or 0).update(version=F("version") + 1)
    data = {"from": f"GRP-{found.merged_into_id}", "reason": reason.strip()}
    ledger.append(ORGANISATION, actor=actor, verb="group.unmerge", obj=str(found), data=data)
    found.refresh_from_db()
    return found


class Related(NamedTuple):
    """Another group, and what it names as well."""

    group: Group
    shared: list[Observable]


def related(group: Group, among: QuerySet[Group]) -> list[Related]:
    """Of the groups somebody may see, those that name the same principal, address, instance or indicator, those that share most first; never our own account."""
    ids = groups.tree([groups.root(group).pk])
    mine = Observable.objects.filter(group_id__in=ids).exclude(kind="account").order_by("kind", "value")
    shared: dict[int, list[Observable]] = {}
    for one in mine[:COMPARED]:
        same = Observable.objects.filter(kind=one.kind, value=one.value).exclude(group_id__in=ids)
        found = list(same.values_list("group_id", flat=True)[: EVERYWHERE + 1])
        for other in found if len(found) <= EVERYWHERE else ():
            shared.setdefault(other, []).append(one)
    best = sorted(shared, key=lambda pk: (-len(shared[pk]), -pk))[:SHOWN]
    rows = among.in_bulk(best)
    return [Related(rows[pk], shared[pk]) for pk in best if pk in rows]
