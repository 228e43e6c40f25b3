"""Asking for a simulation of a playbook, and playing it: a worker does it in a process of its own, outside every transaction."""

from __future__ import annotations

from typing import Final

import msgspec
from django.db import transaction
from django.utils import timezone

from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.actor import Actor
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.ledger.models import ORGANISATION
from hikeshi.desk.playbooks.reading import books
from hikeshi.desk.queue import give_back
from hikeshi.desk.rehearsals.models import Rehearsal
from hikeshi.errors import HikeshiError, Refused
from hikeshi.playbooks.playbook import Playbook
from hikeshi.simulation.apart import play_apart
from hikeshi.simulation.simulating import Report
from hikeshi.simulation.stamps import Stamp

MOST_WAITING: Final = 20
KEPT: Final = 20
"""Simulations of one playbook that are kept; what passed is in the ledger for good."""


@transaction.atomic
def ask(book: Playbook, *, actor: Actor) -> Rehearsal:
    """Have all ways of this version played. Raises `Refused` where many are waiting; one that waits already is given back."""
    require(actor, "triage")
    waiting = Rehearsal.objects.filter(state="waiting")
    if (same := waiting.filter(digest=book.digest).first()) is not None:
        return same
    if waiting.count() >= MOST_WAITING:
        raise Refused(
            f"{MOST_WAITING} simulations are waiting.", hint="Wait for them, or use `hikeshi playbook simulate`."
        )
    now = timezone.now()
    row = Rehearsal(
        playbook=book.name, playbook_version=book.version, digest=book.digest, text=book.canonical.decode(),
        asked_by=actor.name, asked_at=now, due_at=now,
    )  # fmt: skip
    row.full_clean()
    row.save()
    _write(row, actor, "rehearsal.ask")
    return row


def rehearse(row: Rehearsal, *, actor: Actor) -> None:
    """Play it, and keep what came of it. Called by whoever holds the row's lease."""
    try:
        book = msgspec.json.decode(row.text, type=Playbook)
        report, stamp = play_apart(book, books())
    except (HikeshiError, msgspec.MsgspecError) as problem:
        _broken(row, str(problem), actor=actor)
    else:
        _ended(row, report, stamp, actor=actor)


def stamp_of(row: Rehearsal) -> Stamp:
    """What an ended one proves: this text, that day, with those actions."""
    day = (row.ended_at or row.asked_at).date()
    return Stamp(version=row.playbook_version, digest=row.digest, at=day, ways=row.ways, actions=row.actions)


@transaction.atomic
def _ended(row: Rehearsal, report: Report, stamp: Stamp, *, actor: Actor) -> None:
    row.state, row.ways, row.actions = "passed" if report.passed else "failed", len(report.traces), stamp.actions
    row.report = msgspec.to_builtins(report)
    _end(row, actor)


@transaction.atomic
def _broken(row: Rehearsal, said: str, *, actor: Actor) -> None:
    row.state, row.said = "broken", said[:2000]
    _end(row, actor)


def _end(row: Rehearsal, actor: Actor) -> None:
    row.ended_at = timezone.now()
    give_back(row, due_at=None)
    row.full_clean()
    row.save()
    _write(row, actor, "rehearsal.end")
    old = Rehearsal.objects.filter(playbook=row.playbook, ended_at__isnull=False).order_by("-pk")[KEPT:]
    Rehearsal.objects.filter(pk__in=[one.pk for one in old.only("pk")]).delete()


def _write(row: Rehearsal, actor: Actor, verb: str) -> None:
    data = {"version": row.playbook_version, "digest": row.digest, "state": row.state, "ways": row.ways}
    ledger.append(ORGANISATION, actor=actor, verb=verb, obj=row.playbook, data=data)
