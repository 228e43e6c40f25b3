"""Verdicts on groups: one person, one sentence, and all alerts of the cause are judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db import transaction

from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.actor import Actor
from hikeshi.desk.alerts import groups, whys
from hikeshi.desk.alerts.models import VERDICTS, Group
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.ledger.models import ORGANISATION
from hikeshi.errors import Refused

LONGEST_REASON = 4000
"""Characters."""


def said(verdict: str, reason: str) -> str:
    """The sentence of a verdict, trimmed. Raises `Refused` for a verdict we do not know, and without a sentence."""
    if verdict not in dict(VERDICTS):
        raise Refused(f"{verdict!r} is not a verdict.", hint=f"Use one of: {', '.join(dict(VERDICTS))}.")
    if not reason.strip():
        raise Refused("A verdict needs a reason.", hint="Say in one sentence what you looked at.")
    if len(reason) > LONGEST_REASON:
        raise Refused(
            f"The reason is longer than {LONGEST_REASON} characters.", hint="Put the details into an incident."
        )
    return reason.strip()


@transaction.atomic
def judge(
    rows: Sequence[Group], *, actor: Actor, verdict: str, why: str, reason: str, versions: Mapping[int, int] | None = None
) -> list[Group]:  # fmt: skip
    """Judge one group or many with the same verdict. All their alerts get it, and the next alert of the cause opens a new group.

    `why` is a key of `whys.WHYS` that fits; `versions` are the versions the judge saw, by group number. Raises `Conflict` when
    somebody was faster: then nothing is written. The number of statements does not grow with the alerts.
    """
    require(actor, "triage")
    reason = said(verdict, reason)
    whys.check(verdict, why)
    return conclude(rows, actor=actor, verdict=verdict, why=why, reason=reason, versions=versions)


def conclude(
    rows: Sequence[Group], *, actor: Actor, verdict: str, why: str, reason: str, versions: Mapping[int, int] | None = None,
) -> list[Group]:  # fmt: skip
    """What `judge` writes, inside the verb that has checked it: one line of the ledger for each group."""
    found = groups.seen(rows, versions)
    alerts = groups.settle(found, actor=actor, state="judged", verdict=verdict, why=why, reason=reason)
    data = {"verdict": verdict, "why": why, "reason": reason, "groups": len(found), "alerts": alerts}
    ledger.append_many(
        ORGANISATION,
        [ledger.Draft("group.judge", str(group), {**data, "title": group.title}) for group in found],
        actor=actor,
    )
    return list(Group.objects.filter(pk__in=[group.pk for group in found]).order_by("pk"))


@transaction.atomic
def reopen(group: Group, *, actor: Actor, reason: str, version: int | None = None) -> Group:
    """Take a verdict back: the group waits again, with its old answer deadline. New alerts of the cause go on in a group of their own."""
    require(actor, "triage")
    if not reason.strip():
        raise Refused("Reopening a verdict needs a reason.", hint="Say in one sentence what is known now.")
    [found] = groups.seen([group], None if version is None else {group.pk: version}, states=("judged",))
    groups.unsettle(found)
    data = {"before": found.verdict, "why": found.why, "said": found.verdict_reason, "reason": reason.strip()}
    ledger.append(ORGANISATION, actor=actor, verb="group.reopen", obj=str(found), data=data)
    found.refresh_from_db()
    return found
