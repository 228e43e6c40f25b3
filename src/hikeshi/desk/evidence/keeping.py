"""How long an item stays: legal holds, retention, and its end, which one person asks for and another approves.

A hold and a retention date are two things: a hold has no end of its own, a date has no reason to be lifted. Nothing is disposed of while
either stands. The record of an item, and every entry about it, stay for good.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import transaction
from django.utils import timezone

from hikeshi.desk.actor import Actor
from hikeshi.desk.evidence import transfers, verbs as evidence
from hikeshi.desk.evidence.models import Disposal, Hold, Item
from hikeshi.desk.incidents.verbs import require_on
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.ledger.models import Chain
from hikeshi.errors import Refused


@transaction.atomic
def place_hold(item: Item, *, actor: Actor, reason: str) -> Hold:
    """Nobody may dispose of the item until this hold is lifted. Several may stand at once."""
    require_on(actor, "command", item.incident)
    _lock(item)
    if item.disposed_at:
        raise Refused(f"{item.name} was disposed of.")
    hold = Hold(item=item, reason=_reason(reason), placed_by=actor.name, placed_at=timezone.now())
    hold.full_clean()
    hold.save()
    _tell(item, actor, "evidence.hold", hold=hold.pk, reason=hold.reason)
    return hold


@transaction.atomic
def lift_hold(hold: Hold, *, actor: Actor, reason: str) -> None:
    require_on(actor, "command", hold.item.incident)
    _lock(hold.item)
    hold.refresh_from_db()
    if hold.lifted_at:
        raise Refused("This hold was lifted already.")
    hold.lifted_by, hold.lifted_at, hold.lift_reason = actor.name, timezone.now(), _reason(reason)
    hold.full_clean()
    hold.save()
    _tell(hold.item, actor, "evidence.unhold", hold=hold.pk, reason=hold.lift_reason)


@transaction.atomic
def retain(item: Item, until: date | None, *, actor: Actor, reason: str) -> None:
    """Keep it at least until this day; None: no date any more. The day before and the reason stand in the entry."""
    require_on(actor, "command", item.incident)
    _lock(item)
    before, item.retain_until = item.retain_until, until
    item.full_clean()
    item.save(update_fields=["retain_until"])
    days = {name: day.isoformat() if day else "" for name, day in (("before", before), ("after", until))}
    _tell(item, actor, "evidence.retain", reason=_reason(reason), **days)


def holds_on(item: Item) -> list[Hold]:
    """The holds that stand."""
    return list(item.holds.filter(lifted_at__isnull=True))


@transaction.atomic
def ask_disposal(item: Item, *, actor: Actor, method: str, reason: str) -> Disposal:
    """Ask that the bytes be removed. Somebody else with the right to command approves or refuses."""
    require_on(actor, "command", item.incident)
    _lock(item)
    _refuse_if_kept(item)
    if item.disposals.filter(state="asked").exists():
        raise Refused(
            f"The disposal of {item.name} is asked for already.", hint="Somebody else approves or refuses it."
        )
    asked = Disposal(
        item=item, method=method.strip(), reason=_reason(reason), asked_by=actor.name, asked_at=timezone.now()
    )
    asked.full_clean()
    asked.save()
    _tell(item, actor, "evidence.dispose_ask", method=asked.method, reason=asked.reason)
    return asked


@transaction.atomic
def refuse_disposal(asked: Disposal, *, actor: Actor, reason: str) -> None:
    require_on(actor, "command", asked.item.incident)
    _answer(asked, actor)
    asked.state, asked.answer_reason = "refused", _reason(reason)
    asked.save()
    _tell(asked.item, actor, "evidence.dispose_refuse", reason=asked.answer_reason)


def approve_disposal(asked: Disposal, *, actor: Actor) -> int:
    """The second person says yes, and it is done. Returns how many objects were removed from the locker.

    Bytes that another item refers to stay. The yes is written down first and the end last: a process that dies between leaves an item
    that says it is to go, and approving again goes on. Raises `Refused` while a hold, a retention date or the storage's lock stands.
    """
    item = asked.item
    require_on(actor, "command", item.incident)
    with transaction.atomic():
        _answer(asked, actor)
        _refuse_if_kept(item)
        asked.save()
        _tell(item, actor, "evidence.dispose_approve", asked_by=asked.asked_by)
    gone, kept = _remove(item)
    with transaction.atomic():
        _lock(item)
        item.disposed_at = timezone.now()
        item.due_at = None  # nothing is left to verify
        item.save(update_fields=["disposed_at", "due_at"])
        asked.state = "done"
        asked.save()
        _tell(item, actor, "evidence.dispose", method=asked.method, reason=asked.reason, asked_by=asked.asked_by,
              removed=gone, kept_for_others=kept, left_at=item.held_at)  # fmt: skip
    return gone


def _answer(asked: Disposal, actor: Actor) -> None:
    _lock(asked.item)
    asked.refresh_from_db()
    if asked.state != "asked":
        raise Refused("This disposal was answered already.")
    if asked.asked_by == actor.name:
        raise Refused("Disposal takes two people.", hint="Somebody else with the right to command answers it.")
    asked.answered_by, asked.answered_at = actor.name, timezone.now()


def _refuse_if_kept(item: Item) -> None:
    if item.disposed_at:
        raise Refused(f"{item.name} was disposed of already.")
    if holds := holds_on(item):
        raise Refused(f"{item.name} is under a legal hold: {holds[0].reason}", hint="It can be lifted, with a reason.")
    if item.retain_until and item.retain_until >= timezone.localdate():
        raise Refused(f"{item.name} is to be kept until {item.retain_until}.", hint="After that day it can go.")
    if item.held_by or transfers.open_offer(item):
        raise Refused(f"{item.name} is with {item.held_by or 'a receiver who has not answered'}.")


def _remove(item: Item) -> tuple[int, int]:
    """Take the bytes out of the locker, but for those another item refers to. Returns how many went and how many stayed."""
    mine = {item.sha256, *_listed(item)}
    others = Item.objects.filter(disposed_at=None).exclude(pk=item.pk)
    needed = mine & set(others.filter(sha256__in=mine).values_list("sha256", flat=True))
    for folder in others.filter(files__gt=0):
        needed |= mine & set(evidence.files_of(folder))
    box = evidence.locker()
    # The manifest last: whoever goes on after a crash reads from it what is still to go.
    order = sorted(mine - needed, key=lambda sha256: sha256 == item.sha256)
    return sum(box.remove(sha256) for sha256 in order), len(needed)


def _listed(item: Item) -> set[str]:
    """The files of a folder. Its manifest goes last: where there is none, what it listed went before it."""
    try:
        return set(evidence.files_of(item))
    except Refused:
        return set()


def _tell(item: Item, actor: Actor, verb: str, **data: Any) -> None:
    ledger.append(item.incident.name, actor=actor, verb=verb, obj=item.name, data=data)


def _lock(item: Item) -> None:
    Chain.objects.select_for_update().get(name=item.incident.name)
    item.refresh_from_db()


def _reason(text: str) -> str:
    if not text.strip():
        raise Refused("This needs a reason.", hint="Say in one sentence why.")
    return text.strip()[:500]
