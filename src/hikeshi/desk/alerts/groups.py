"""Groups of alerts with one cause, which a person judges at once. How alerts come into them: `joining.py`. Called inside the verbs that write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import F, QuerySet
from django.utils import timezone

from hikeshi.clocks.counting import compute
from hikeshi.clocks.rule import rules
from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.actor import Actor, system
from hikeshi.desk.alerts.models import Alert, Group
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.ledger.models import ORGANISATION
from hikeshi.errors import Conflict, Refused

OPEN = ("waiting", "snoozed", "suppressed")
"""States of a group that nobody has decided on yet."""

MOST_AT_ONCE = 200
"""Groups in one decision: more are a storm whose cause should be suppressed."""

INTAKE = system("Hikeshi", "intake")
"""Who decides by rule, as alerts come in: a snooze that ends early, a suppression that applies."""


def answer_by(severity: int, now: datetime) -> datetime:
    """When the response time of this severity ends, counted from now."""
    rule = rules()[f"response.sev{severity}"]
    return compute(rule, {rule.anchor: now}, now).due_at or now


def worsen(group: Group, score: float, severity: int, reasons: Any, now: datetime) -> None:
    """A worse alert makes its group worse, and the one it was merged into. It ends a snooze at once, and what hides no SEV-1."""
    known = group.suggested_severity or 4
    if score > group.score or severity < known:
        values: dict[str, Any] = {"score": max(score, group.score), "version": F("version") + 1}
        if severity < known:
            values |= {
                "suggested_severity": severity, "reasons": reasons,
                "answer_by": min(group.answer_by, answer_by(severity, now)),
            }  # fmt: skip
        if group.state == "snoozed":
            values |= AWAKE
            data = {"why": "a worse alert joined", "score": f"{score:g}", "severity": severity}
            ledger.append(ORGANISATION, actor=INTAKE, verb="group.wake", obj=str(group), data=data)
        if group.state == "suppressed" and severity == 1 and group.suppression and not group.suppression.hides_sev1:
            values |= {**AWAKE, "suppression": None}
            data = {"suppression": str(group.suppression), "reason": "a worse alert joined"}
            ledger.append(ORGANISATION, actor=INTAKE, verb="group.unhide", obj=str(group), data=data)
        Group.objects.filter(pk=group.pk).update(**values)
    if group.merged_into_id is not None:
        worsen(Group.objects.get(pk=group.merged_into_id), score, severity, reasons, now)


AWAKE: dict[str, Any] = {
    "state": "waiting",
    "snoozed_until": None,
    "due_at": None,
    "lease_owner": "",
    "lease_until": None,
}
"""What a group's fields are when its snooze has ended."""


def tree(ids: Iterable[int]) -> list[int]:
    """These groups and all that were merged into them, however deep: one query a level."""
    found = set(ids)
    level = set(found)
    while level:
        level = set(Group.objects.filter(merged_into_id__in=level).values_list("pk", flat=True)) - found
        found |= level
    return sorted(found)


def sizes(rows: Sequence[Group]) -> dict[int, int]:
    """How many alerts each of these groups stands for, with all that were merged into it: one query a level."""
    counted = {row.pk: row.size for row in rows}
    top = {row.pk: row.pk for row in rows}
    level = set(top)
    while level:
        inside = (
            Group.objects.filter(merged_into_id__in=level)
            .exclude(pk__in=level)
            .values_list("pk", "merged_into_id", "size")
        )
        level = set()
        for pk, parent, size in inside:
            if pk not in top:
                top[pk] = top[parent]
                counted[top[pk]] += size
                level.add(pk)
    return counted


def root(group: Group) -> Group:
    """The group that a merged one is shown and judged with."""
    while group.merged_into_id is not None:
        group = Group.objects.get(pk=group.merged_into_id)
    return group


def alerts_of(ids: Iterable[int]) -> QuerySet[Alert]:
    """All alerts of these groups and of those merged into them, the newest first."""
    return Alert.objects.filter(group_id__in=tree(ids)).order_by("-pk")


def whole(alerts: Iterable[Alert]) -> QuerySet[Alert]:
    """These alerts and all others that are judged with them: an incident that takes one takes its group, or the rest would be lost."""
    rows = Group.objects.filter(pk__in={alert.group_id for alert in alerts})
    return alerts_of({root(group).pk for group in rows})


def take(alerts: Iterable[Alert]) -> None:
    """The groups of these alerts belong to an incident now, and nothing joins them any more."""
    ids = {alert.group_id for alert in alerts}
    rows = Group.objects.filter(pk__in=ids)
    rows.filter(merged_into__isnull=True).update(
        **{**AWAKE, "state": "taken"}, joinable=False, version=F("version") + 1
    )
    rows.update(joinable=False)


def queue() -> QuerySet[Group]:
    """What waits for a person, the most pressing first."""
    return Group.objects.filter(state="waiting")


LISTS = ("waiting", "mine", "snoozed", "suppressed", "judged", "taken", "merged", "all")


def listed(show: str, actor: Actor, among: QuerySet[Group]) -> QuerySet[Group]:
    """Of the groups the actor may see, those of one of LISTS, by answer deadline; judged ones by verdict, the newest first.

    Raises `Refused` for a list there is not.
    """
    require(actor, "triage")
    if show not in LISTS:
        raise Refused(f"{show!r} is no list of groups.", hint=f"Use one of: {', '.join(LISTS)}.")
    rows = among.select_related("assigned_to")
    if show == "mine":
        return rows.filter(assigned_to_id=actor.person_id, state__in=OPEN, assigned_to__isnull=False)
    if show == "judged":
        return rows.filter(state="judged").order_by("-judged_at", "-pk")
    return rows if show == "all" else rows.filter(state=show)


def seen(rows: Sequence[Group], versions: Mapping[int, int] | None, states: Sequence[str] = OPEN) -> list[Group]:
    """The groups as they are now and nobody else's until the transaction ends, for a verb to write.

    `versions` are those the writer saw. Raises `Conflict`, naming who did what meanwhile, where one has changed since or is in none of
    `states`; `Refused` for none or too many.
    """
    ids = sorted({row.pk for row in rows})
    if not 0 < len(ids) <= MOST_AT_ONCE:
        raise Refused(f"{len(ids)} groups were named.", hint=f"Name 1 to {MOST_AT_ONCE} groups.")
    found = list(Group.objects.select_for_update().filter(pk__in=ids).order_by("pk"))
    for group in found:
        if group.state not in states or (versions and versions.get(group.pk, group.version) != group.version):
            raise Conflict(f"{group} is not as you saw it.", current=told(group), hint=told(group))
    return found


def told(group: Group) -> str:
    """In one line what a group is now and who made it so, for whoever was second."""
    hint = f"{group} is {group.state}, version {group.version}, SEV-{group.suggested_severity} suggested."
    if group.verdict:
        hint = f"{group.judged_by} judged {group} {group.verdict}: {group.verdict_reason}"
    elif group.state == "snoozed":
        hint = (
            f"{group.snoozed_by} snoozed {group} until {group.snoozed_until:%Y-%m-%d %H:%M} UTC: {group.snooze_reason}"
        )
    elif group.merged_into_id is not None:
        hint = f"{group} is merged into GRP-{group.merged_into_id}."
    return hint


def settle(rows: Sequence[Group], *, actor: Actor, state: str, verdict: str, why: str, reason: str) -> int:
    """Write one verdict on the groups, all merged into them and all their alerts; nothing joins them any more. Returns the number of alerts.

    An alert that was judged by itself keeps its own verdict. The workers leave all of them alone.
    """
    ids = tree(row.pk for row in rows)
    Group.objects.filter(pk__in=[row.pk for row in rows]).update(
        **{**AWAKE, "state": state}, verdict=verdict, why=why, verdict_reason=reason, judged_by=actor.name,
        judged_at=timezone.now(), reopened={}, version=F("version") + 1,
    )  # fmt: skip
    Group.objects.filter(pk__in=ids).update(joinable=False)
    return Alert.objects.filter(group_id__in=ids, verdict="").update(
        verdict=verdict, verdict_reason=reason, due_at=None, lease_owner="", lease_until=None
    )


def unsettle(group: Group) -> None:
    """Take the verdict on a group and on its alerts back: it waits again. Alerts that were judged by themselves keep theirs."""
    same = {"verdict": group.verdict, "verdict_reason": group.verdict_reason}
    Alert.objects.filter(group_id__in=tree([group.pk]), **same).update(verdict="", verdict_reason="")
    Group.objects.filter(pk=group.pk).update(
        **AWAKE, verdict="", why="", verdict_reason="", judged_by="", judged_at=None, version=F("version") + 1
    )
