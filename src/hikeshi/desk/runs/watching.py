"""Contained things are looked at again and again: whether somebody has set them back, and nobody has forgotten them.

Every minute at first and less often later, an hour apart at most. The first look that finds it changed writes it down, which is told; a
standing order that says so has it set again, under the same plan. It is watched until it is undone. Of what was contained only in part,
a part holds.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import msgspec
from django.db import transaction
from django.utils import timezone

from hikeshi.actions.action import Receipt
from hikeshi.desk.actor import Actor
from hikeshi.desk.queue import give_back
from hikeshi.desk.runs import holding
from hikeshi.desk.runs.models import Step, Watch
from hikeshi.desk.runs.rows import write

OFTEN: Final = timedelta(minutes=1)
SELDOM: Final = timedelta(hours=1)
HOLDS: Final = frozenset({"done", "already-done"})
MOST_REAPPLIED: Final = 3
"""Setting it again more often than this is a fight with somebody's automation, which a person has to end."""


def pause(since: datetime, now: datetime) -> timedelta:
    """How long until the next look: a tenth of the time it has held, between a minute and an hour."""
    return min(SELDOM, max(OFTEN, (now - since) / 10))


def begin(step: Step) -> None:
    """Watch it from now on. Called inside the verb that contained it."""
    now = timezone.now()
    Watch.objects.update_or_create(step=step, defaults={"since": now, "state": "holds", "due_at": now + OFTEN})


def begin_by_hand(step: Step) -> None:
    """People have contained it, so people look: it stands until they say that it is taken back. Called inside the verb that ended the step."""
    now = timezone.now()
    Watch.objects.update_or_create(step=step, defaults={"since": now, "state": "holds", "due_at": now + SELDOM})


@transaction.atomic
def still_by_hand(watch: Watch, *, actor: Actor) -> None:
    """No cloud to ask; only that its review is due again where the incident was reopened."""
    holding.begin(watch.step, actor=actor)
    give_back(watch, due_at=timezone.now() + SELDOM)
    watch.save()


def end(step: Step) -> None:
    """It is undone: nothing is left to watch. Called inside that verb."""
    Watch.objects.filter(step=step).delete()


@transaction.atomic
def seen(watch: Watch, receipt: Receipt, *, actor: Actor) -> None:
    """Keep what the cloud answered; said in the record when it has turned, and set again where the order says so."""
    holding.begin(watch.step, actor=actor)  # a reopened incident has no reviews of what still stands
    now, step = timezone.now(), watch.step
    holds = receipt.outcome in HOLDS or receipt.outcome == step.state == "partial"
    state = "holds" if holds else "reverted"
    turned = state != watch.state
    watch.state, watch.looked_at, watch.said = state, now, msgspec.to_builtins(receipt.summary)
    watch.since = now if turned else watch.since
    give_back(watch, due_at=now + pause(watch.since, now))
    watch.attempts = 0
    if turned:
        verb = "step.drift" if state == "reverted" else "step.holds"
        write(watch.step, actor, verb, {"outcome": receipt.outcome, "en": receipt.summary.en, "ja": receipt.summary.ja})
    order = watch.step.run.order
    if state == "reverted" and order is not None and order.reapply and watch.reapplied < MOST_REAPPLIED:
        watch.reapplied += 1
        _again(watch.step, actor)
    watch.save()


def _again(step: Step, actor: Actor) -> None:
    """A worker does it once more under the same plan, which only changes what is as it was before."""
    mine, now = Step.objects.filter(pk=step.pk, state__in=("done", "partial")), timezone.now()
    if mine.update(state="running", began_at=now, due_at=now, lease_owner="", lease_until=None):
        write(step, actor, "step.reapply", {"plan_digest": step.plan_digest})
