"""What stamps and copies share: waiting for somebody outside, being refused, being tried again.

One row of each kind is one thing that one other party is to hold. While that party is silent, all that waits for it waits together, so
that a dead address costs one call now and then, however much has piled up; its first answer lets everything go at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from hikeshi.desk.actor import Actor
from hikeshi.desk.ledger import verbs
from hikeshi.desk.ledger.models import ORGANISATION, Copy, Stamp
from hikeshi.desk.queue import give_back, hold
from hikeshi.errors import Failed, HikeshiError

CALL_SECONDS: Final = 180.0
"""The lease while somebody outside is asked: longer than every time-out together."""
LONGEST_WAIT: Final = 3600
PROBLEM_LIMIT: Final = 500
PARTY: Final = {Stamp: "authority", Copy: "place"}
"""The column that names the other party."""


def keep_lease(row: Stamp | Copy) -> None:
    """Before the call outside. Raises `LeaseLost` when another worker has the row."""
    if row.lease_owner:
        hold(row, worker=row.lease_owner, now=timezone.now(), seconds=CALL_SECONDS)


@transaction.atomic
def held(row: Stamp | Copy, fields: Mapping[str, Any]) -> None:
    """The other party holds it: keep what it said, and let what waits for the same party go on.

    Writes no line into the ledger (see `anchors`): what is held proves itself.
    """
    for name, value in {"state": "held", "problem": "", **fields}.items():
        setattr(row, name, value)
    give_back(row, due_at=None)
    row.full_clean()
    row.save()
    _waiting(row).filter(lease_until__isnull=True).update(due_at=timezone.now(), attempts=0)


@transaction.atomic
def put_off(row: Stamp | Copy, problem: HikeshiError, *, actor: Actor) -> None:
    """It did not work: try again later where that can help, else leave it refused for a person to look at."""
    if type(row)._default_manager.select_for_update().get(pk=row.pk).state == "held":
        return  # another worker was faster, and what is held stays held
    row.problem = str(problem)[:PROBLEM_LIMIT]
    if isinstance(problem, Failed) and not problem.permanent:
        later = _later(row)
        _waiting(row).filter(due_at__lt=later, lease_until__isnull=True).update(due_at=later)
        give_back(row, due_at=later)
    else:
        row.state = "refused"
        if _turned(row):
            _record(row, actor)
        give_back(row, due_at=None)
    row.save(update_fields=["state", "problem", "due_at", "lease_owner", "lease_until", "attempts"])


def party(row: Stamp | Copy) -> str:
    name: str = getattr(row, PARTY[type(row)])
    return name


def _waiting(row: Stamp | Copy) -> Any:
    """What else waits for the same party."""
    same = {PARTY[type(row)]: party(row), "state": "waiting"}
    return type(row)._default_manager.filter(**same).exclude(pk=row.pk)


def _later(row: Stamp | Copy) -> datetime:
    """When to try again: twice as long each time, up to an hour, counted over everything that waits for this party."""
    most = _waiting(row).aggregate(most=Max("attempts"))["most"] or 0
    row.attempts = max(row.attempts, most + 1 if most else 0)
    return timezone.now() + timedelta(seconds=min(LONGEST_WAIT, 2 ** min(row.attempts, 12)))


def _turned(row: Stamp | Copy) -> bool:
    """Whether this party did hold the last thing that was settled, or this is the first."""
    settled = (
        type(row)._default_manager.filter(**{PARTY[type(row)]: party(row)}).exclude(state="waiting").exclude(pk=row.pk)
    )
    last = settled.order_by("-pk").first()
    return last is None or last.state == "held"


def _record(row: Stamp | Copy, actor: Actor) -> None:
    kind = type(row).__name__.lower()
    verbs.append(
        ORGANISATION, actor=actor, verb=f"{kind}.refused", obj=str(row.checkpoint)[:120],
        data={PARTY[type(row)]: party(row), "problem": row.problem},
    )  # fmt: skip
