"""Starting, ringing and stopping clocks. Called inside the verb that makes it necessary, so both happen or neither."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from msgspec import structs

from hikeshi.clocks.counting import Due, compute
from hikeshi.clocks.rule import Elapsed, Rule, WarnAt, rules
from hikeshi.desk.actor import Actor
from hikeshi.desk.duties.models import Clock
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.ledger.models import Chain
from hikeshi.errors import Refused
from hikeshi.text import Text

BATCH: Final = 200
"""Clocks that are rung in one transaction."""


@transaction.atomic
def start(
    chain: str, rule_name: str, *, actor: Actor, started_at: datetime, seconds: int | None = None, suffix: str = "",
    title: Text | None = None,
) -> Clock:  # fmt: skip
    """Start the rule's clock for the incident of this chain. `started_at` is the moment the rule counts from.

    `seconds` is a limit of its own instead of the rule's; `suffix` and `title` say which of several things under one rule it is for.
    """
    rule = rules().get(rule_name)
    if rule is None:
        raise Refused(f"There is no clock rule {rule_name!r}.", hint="`hikeshi clocks rules` lists them.")
    rule = structs.replace(rule, name=rule.name + suffix, title=title or rule.title)
    if seconds is not None:
        rule = structs.replace(rule, counting=Elapsed(seconds=seconds), warn_at=WarnAt(fraction=0.75))
    due = compute(rule, {rule.anchor: started_at}, timezone.now())
    if due.due_at is None:
        raise Refused(f"The rule {rule_name} cannot be started yet.")
    return begin(chain, rule, due, actor=actor, started_at=started_at)


@transaction.atomic
def begin(chain: str, rule: Rule, due: Due, *, actor: Actor, started_at: datetime) -> Clock:
    """A clock for a deadline that was computed. One whose time is past already is over as soon as a worker sees it."""
    if due.due_at is None:
        raise Refused(f"The rule {rule.name} cannot be started yet.")
    soon = due.due_soon_at or due.due_at
    clock = Clock(
        chain=ledger.chain_of(chain), rule=rule.name, rule_version=rule.version,
        title=msgspec.to_builtins(rule.title), explanation=msgspec.to_builtins(due.explanation),
        started_at=started_at, soon_at=soon, deadline=due.due_at, due_at=soon,
    )  # fmt: skip
    clock.full_clean(exclude=("chain",))
    clock.save()
    ledger.append(
        chain, actor=actor, verb="clock.start", obj=rule.name,
        data={"version": rule.version, "started_at": started_at.isoformat(), "deadline": due.due_at.isoformat()},
    )  # fmt: skip
    return clock


def running(chain: str, prefix: str, suffix: str = "") -> list[Clock]:
    """The running clocks of an incident whose rule name starts with `prefix` and ends with `suffix`."""
    rows = Clock.objects.filter(chain__name=chain, rule__startswith=prefix, stopped_at__isnull=True)
    return list(rows.filter(rule__endswith=suffix) if suffix else rows)


@transaction.atomic
def stop(clock: Clock, *, actor: Actor, at: datetime, replaced: bool = False) -> None:
    """The thing was done (or a stricter clock takes over). A first breach stays visible either way."""
    late = at > clock.deadline
    clock.stopped_at, clock.due_at = at, None
    if late:
        clock.breached_at = clock.breached_at or clock.deadline
    clock.state = "replaced" if replaced else "met-late" if late else "met"
    clock.save(update_fields=["stopped_at", "due_at", "breached_at", "state"])
    ledger.append(
        clock.chain.name, actor=actor, verb="clock.stop", obj=clock.rule,
        data={"state": clock.state, "at": at.isoformat(), "deadline": clock.deadline.isoformat()},
    )  # fmt: skip


@transaction.atomic
def ring(clock: Clock, *, actor: Actor) -> None:
    """A worker found the clock due: it is soon, or it is over. Says so once each, in the record."""
    _ring([clock], timezone.now(), actor)
    clock.refresh_from_db()


FREE: Final[dict[str, Any]] = {"lease_owner": "", "lease_until": None}


def _ring(clocks: Sequence[Clock], now: datetime, actor: Actor) -> None:
    """One statement for each thing that can become of a clock. Nothing is said in the record of one that has stopped."""
    stopped = [clock for clock in clocks if clock.stopped_at is not None]
    running = [clock for clock in clocks if clock.stopped_at is None]
    over = {clock.pk for clock in running if now >= clock.deadline}
    soon = {clock.pk for clock in running} - over
    Clock.objects.filter(pk__in=[clock.pk for clock in stopped]).update(due_at=None, **FREE)
    Clock.objects.filter(pk__in=over).update(state="over", breached_at=F("deadline"), due_at=None, **FREE)
    Clock.objects.filter(pk__in=soon).update(state="soon", due_at=F("deadline"), **FREE)
    lines = [(clock.chain.name, _line(clock, "over" if clock.pk in over else "soon")) for clock in running]
    ledger.append_each(lines, actor=actor)


def _line(clock: Clock, state: str) -> ledger.Draft:
    return ledger.Draft(f"clock.{state}", clock.rule, {"deadline": clock.deadline.isoformat()})


def next_due(before: datetime) -> datetime | None:
    """When the next clock rings, or None when none does before `before`."""
    first: datetime | None = (
        Clock.objects.filter(due_at__lte=before).order_by("due_at").values_list("due_at", flat=True).first()
    )
    return first


def ring_due(*, actor: Actor) -> int:
    """Ring the clocks that are due, at most `BATCH` of them. Returns how many.

    Without leases: ringing is nothing but rows of ours, so that the claim and the ring are one transaction, and a worker that dies has
    rung nothing. Many clocks can fall due in the same second.
    """
    now = timezone.now()
    due = dict(Clock.objects.filter(due_at__lte=now).order_by("due_at", "pk").values_list("pk", "chain_id")[:BATCH])
    if not due:
        return 0
    with transaction.atomic():
        # Chains before clocks, in one order everywhere, as in all verbs: two who wait for each other would both lose.
        list(Chain.objects.select_for_update().filter(pk__in=set(due.values())).order_by("pk"))
        clocks = list(
            Clock.objects.select_related("chain").filter(pk__in=due, due_at__lte=now).order_by("due_at", "pk")
        )
        _ring(clocks, now, actor)
    return len(due)
