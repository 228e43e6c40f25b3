"""What goes on, and up the levels of the contact list, until somebody says "I have it" or the thing is over.

Rows with a due time, and no lease: firing a step is nothing but rows of ours, so that the claim, the step and what it makes are one
transaction. A worker that dies in the middle has done nothing, and the next one fires at once.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from hikeshi.desk.actor import Actor
from hikeshi.desk.alerts.models import Group
from hikeshi.desk.duties.models import Clock
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.ledger.models import ORGANISATION, Chain
from hikeshi.desk.ledger.phrases import NOBODY
from hikeshi.desk.notices import audience
from hikeshi.desk.notices.audience import Recipient
from hikeshi.desk.notices.making import Facts, make
from hikeshi.desk.notices.models import Escalation, Notice
from hikeshi.desk.notices.policy import Policy, policy
from hikeshi.desk.notices.round import Round
from hikeshi.desk.notices.ways import reachable

BATCH: Final = 100
GROUPS: Final = 20
ROLES: Final = ("incident__roles__contact__person", "incident__roles__contact__ways", "incident__roles__person")


def begin(
    key: str, template: str, facts: Facts, *, chain: str, duty: str, severity: int, within: Round,
    incident: Incident | None = None, clock: Clock | None = None, group: Group | None = None,
) -> None:  # fmt: skip
    """Begin one and fire its first step, in the caller's transaction, which makes sure that it is begun once.

    A clock that has stopped meanwhile is no escalation. What was said when it was soon is replaced before (`replace`).
    """
    if template.startswith("clock_") and clock is None:
        return
    now = within.now
    row = Escalation(
        key=key, chain=chain, incident=incident, clock=clock, group=group, template=template, facts=facts, duty=duty,
        severity=severity, began_at=now, due_at=now,
    )  # fmt: skip
    fire(row, within)


def next_due(before: datetime) -> datetime | None:
    """When the next step falls due, or None when none does before `before`."""
    first: datetime | None = (
        Escalation.objects.filter(due_at__lte=before).order_by("due_at").values_list("due_at", flat=True).first()
    )
    return first


def fire_due(*, actor: Actor) -> int:
    """Fire what is due, at most `BATCH` of it, in one transaction. Returns how many steps were fired or ended."""
    now = timezone.now()
    due = dict(Escalation.objects.filter(due_at__lte=now).order_by("due_at", "pk").values_list("pk", "chain")[:BATCH])
    if not due:
        return 0
    with transaction.atomic():
        # Chains before escalations, in one order everywhere, as in all verbs: two who wait for each other would both lose.
        list(Chain.objects.select_for_update().filter(name__in=set(due.values())).order_by("pk"))
        rows = Escalation.objects.select_related("incident", "clock", "group").prefetch_related(*ROLES)
        within = Round(actor, now)
        for row in rows.filter(pk__in=due, due_at__lte=now).order_by("due_at", "pk"):  # another worker was not faster
            fire(row, within)
        within.finish()
    return len(due)


def fire(row: Escalation, within: Round) -> None:
    """One step: tell its level, and wait for the next. Steps missed while nobody worked follow at once, each once and in order."""
    now = within.now
    if _over(row):
        stop(Escalation.objects.filter(pk=row.pk), why="over", now=now)
        return
    if not _rebased(row, within):
        return
    rules = policy(row.severity)
    level, recipients, mute = _whom(row, rules, within)
    row.step += 1
    row.due_at = rules.due(row.step, row.began_at, now)
    (within.steps if row.pk else within.escalations).append(row)
    public = row.incident is None or not audience.secret(row.incident)
    places = within.once(("channels", row.severity), lambda: audience.channels(None, row.severity)) if public else []
    told = make(
        [*mute, *recipients, *places], row.template, row.facts, within=within, severity=row.severity, urgent=True, incident=row.incident,
        escalation=row, level=level, exercise=_exercise(row),
    )  # fmt: skip
    to = ", ".join(map(str, recipients)) or NOBODY
    sent = sum(one.due_at is not None for one in told)
    said = {"level": level, "step": row.step, "to": to, "messages": sent}
    within.lines.append((row.chain, ledger.Draft("notice.page", row.template, said)))


def _rebased(row: Escalation, within: Round) -> bool:
    """Take over a severity that has changed meanwhile, and say so. Raised: it begins anew, now; lowered: it waits for the times of that one.

    Returns whether a step is due.
    """
    about = row.incident.severity if row.incident else row.group and row.group.suggested_severity
    before, severity = row.severity, about or row.severity
    if severity == before:
        return True
    row.severity = severity
    row.facts = {language: {**facts, "severity": str(severity)} for language, facts in row.facts.items()}
    if severity < before:
        row.began_at, row.step, row.due_at = within.now, 0, within.now
    else:
        row.due_at = policy(severity).due(row.step, row.began_at, within.now)
    row.save()
    said = {"before": before, "severity": severity, "due_at": row.due_at.isoformat()}
    within.lines.append((row.chain, ledger.Draft("notice.rebase", row.template, said)))
    return row.due_at <= within.now


def look_again(chain: str, severity: int, now: datetime) -> None:
    """The severity of an incident is another one: its escalations are looked at now, and take it over."""
    Escalation.objects.filter(chain=chain, stopped_at=None).exclude(severity=severity).update(due_at=now)


def _whom(row: Escalation, rules: Policy, within: Round) -> tuple[int, list[Recipient], list[Recipient]]:
    """The level that this step reaches, who is told, and who cannot be: where nobody of a level has a way, the next one is told at once.

    In the end whoever commands, also where it was about another role.
    """
    first, mute = rules.level(row.step), dict[Recipient, None]()
    last = max(first, rules.highest)
    for duty, level in [(duty, level) for duty in (row.duty, audience.COMMAND) for level in range(first, last + 1)]:
        found = audience.reached(row.incident, duty, level, within.once)
        able = [one for one in found if reachable(one, row.incident)]
        mute |= dict.fromkeys(one for one in found if one not in able)
        if able:
            return level, able, list(mute)
    return last, [], list(mute)


def _exercise(row: Escalation) -> bool:
    if row.incident is not None:
        return row.incident.exercise or row.incident.simulated
    return bool(row.group and row.group.simulated)


def _over(row: Escalation) -> bool:
    """Whether what it was about has ended by itself."""
    if row.clock is not None and row.clock.stopped_at is not None:
        return True
    if row.group is not None and row.group.state != "waiting":
        return True
    return row.template == "page" and row.incident is not None and row.incident.acknowledged_at is not None


def replace(clocks: Collection[Clock], *, now: datetime) -> None:
    """These are over: that replaces what was said when they were soon."""
    if clocks:
        stop(Escalation.objects.filter(clock__in=clocks, stopped_at=None), why="replaced", now=now)


def end(chain: str, templates: Collection[str], *, clock: str, why: str, now: datetime) -> None:
    """End those of a chain with these templates; of clocks only the rule's own where one is named."""
    rows = Escalation.objects.filter(chain=chain, template__in=templates, stopped_at=None)
    if clock and "page" not in templates:
        rows = rows.filter(clock__rule=clock)
    stop(rows, why=why, now=now)


def stop(rows: QuerySet[Escalation], *, why: str, now: datetime, by: str = "") -> None:
    """They fire no more, and what has not been sent of them is not sent."""
    pks = list(rows.values_list("pk", flat=True))
    if not pks:
        return
    Escalation.objects.filter(pk__in=pks, stopped_at=None).update(
        due_at=None, stopped_at=now, stopped_why=why, acknowledged_by=by[:150]
    )
    Notice.objects.filter(escalation__in=pks, state="waiting", lease_until__isnull=True).update(
        state="dropped", due_at=None
    )


def look_at_groups(*, actor: Actor) -> int:
    """Begin for alerts of SEV-1 and 2 that wait beyond the time they should have been answered in."""
    now = timezone.now()
    late = Group.objects.filter(state="waiting", answer_by__lte=now, suggested_severity__lte=2)
    late = late.exclude(
        escalations__began_at__gte=F("answer_by")
    )  # one that came back after a verdict may be late again
    found = list(late.order_by("answer_by")[:GROUPS])
    for group in found:
        with transaction.atomic():
            list(Chain.objects.select_for_update().filter(name=ORGANISATION))  # one worker at a time
            key = f"{group}#{int(group.answer_by.timestamp())}" if group.escalations.exists() else str(group)
            if Escalation.objects.filter(key=key).exists():
                continue
            within, facts = Round(actor, now), {language: _about(group) for language in ("en", "ja")}
            begin(
                key, "group_waits", facts, chain=ORGANISATION, duty="responder",
                severity=group.suggested_severity or 2, group=group, within=within,
            )  # fmt: skip
            within.finish()
    return len(found)


def _about(group: Group) -> dict[str, str]:
    return {
        "incident": str(group), "title": group.title, "severity": str(group.suggested_severity),
        "deadline": group.answer_by.isoformat(),
    }  # fmt: skip
