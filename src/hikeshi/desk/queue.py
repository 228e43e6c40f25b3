"""The table is the queue: rows that wait for a worker have a due time and a lease.

A worker claims under a lock of the row, or of the whole database where that has no other. It works between two short transactions and
extends its lease while it works; a worker that dies loses its lease and another one carries on from what was saved.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import takewhile
from typing import Any, ClassVar, TypeVar

from django.db import connection, models, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from hikeshi.desk.bell import ring_after_commit
from hikeshi.errors import Refused


class LeaseLost(Refused):
    """Another worker has taken the row over: stop at once and write nothing more."""


class Queued(models.Model):
    """A row that can wait for a worker. `due_at` empty: nothing for a worker to do."""

    due_at = models.DateTimeField(null=True, blank=True, db_index=True)
    lease_owner = models.CharField(max_length=80, blank=True, default="")
    lease_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """As ever; workers who wait for such rows hear of it where it is due."""
        super().save(*args, **kwargs)
        if self.due_at is not None and not self.lease_owner and self.due_at <= timezone.now():
            ring_after_commit(type(self))

    some_are_short: ClassVar[bool] = False
    """Whether there are rows of this table that are `short`, so that it is worth looking at more than one."""

    @property
    def short(self) -> bool:
        """Whether what it asks for is one short transaction, so that a worker may take others with it and nobody waits for long."""
        return False

    @classmethod
    def together(cls, rows: models.QuerySet[Any]) -> models.QuerySet[Any]:
        """The rows with what a worker looks at beside them, so that one question brings it all."""
        return rows


Q_ = TypeVar("Q_", bound=Queued)


def _due(rows: models.QuerySet[Q_], now: datetime) -> models.QuerySet[Q_]:
    free = Q(lease_until__isnull=True) | Q(lease_until__lt=now)
    return rows.filter(free, due_at__lte=now).order_by("due_at", "pk")


def claim(
    rows: models.QuerySet[Q_], *, worker: str, now: datetime, seconds: float, likely: bool = False
) -> Q_ | None:  # fmt: skip
    """Take the row that has waited longest, for `seconds`. None when nothing is due."""
    return next(iter(claim_some(rows, worker=worker, now=now, seconds=seconds, likely=likely, most=1)), None)


def claim_some(
    rows: models.QuerySet[Q_], *, worker: str, now: datetime, seconds: float, likely: bool = False, most: int = 8
) -> list[Q_]:  # fmt: skip
    """Take the row that has waited longest, for `seconds`, and up to `most` in all where this one and those behind it are `short`.

    Each has a lease of its own: who dies with them, or is slower than that, loses those that are not done to others. Empty when nothing is
    due. `likely`: there was one a moment ago, so that it is not worth asking first.
    """
    if not likely and not _due(rows, now).exists():  # a plain read: an idle worker must not take the write lock
        return []
    with transaction.atomic():  # SQLite lets nobody else write from here on
        waiting = rows.model.together(_due(rows, now))
        if connection.features.has_select_for_update_skip_locked:
            waiting = waiting.select_for_update(skip_locked=True, of=("self",))
        found = list(waiting[: most if rows.model.some_are_short else 1])
        taken = list(takewhile(lambda row: row.short, found)) or found[:1]
        until = now + timedelta(seconds=seconds)
        if taken:
            _same(taken).update(lease_owner=worker, lease_until=until, attempts=F("attempts") + 1)
        for row in taken:
            row.lease_owner, row.lease_until, row.attempts = worker, until, row.attempts + 1
        return taken


def _same(rows: Sequence[Q_]) -> models.QuerySet[Q_]:
    same: models.QuerySet[Q_] = type(rows[0])._default_manager.filter(pk__in=[row.pk for row in rows])
    return same


def hurry(rows: models.QuerySet[Q_], *, now: datetime) -> None:
    """What nobody has and would be looked at again later is due now: somebody has asked for it."""
    rows.filter(lease_owner="", due_at__gt=now).update(due_at=now)


def let_go(rows: Sequence[Queued], *, worker: str) -> None:
    """Leave rows that were claimed, and not begun, to other workers."""
    if rows:
        _same(rows).filter(lease_owner=worker).update(lease_owner="", lease_until=None, attempts=F("attempts") - 1)


def soonest(tables: Sequence[type[Queued]], *, before: datetime) -> dict[type[Queued], datetime]:
    """By table, when its next row falls due that a worker could claim, as far as one does before `before`: one statement for all of them.

    An idle worker asks this again and again, so it is written by hand: the same through the models costs a millisecond for each table.
    """
    if not tables:
        return {}
    at = connection.ops.adapt_datetimefield_value(before)
    with connection.cursor() as cursor:
        cursor.execute(_soonest(tuple(one._meta.db_table for one in tables)), [at] * 2 * len(tables))
        found = cursor.fetchone()
    told = (parse_datetime(due) if isinstance(due, str) else due for due in found)
    return {rows: due if due.tzinfo else due.replace(tzinfo=UTC) for rows, due in zip(tables, told, strict=True) if due}


@lru_cache
def _soonest(names: tuple[str, ...]) -> str:
    one = "(SELECT due_at FROM {} WHERE due_at <= %s AND (lease_until IS NULL OR lease_until < %s) ORDER BY due_at LIMIT 1)"
    return f"SELECT {', '.join(one.format(connection.ops.quote_name(name)) for name in names)}"


def hold(row: Queued, *, worker: str, now: datetime, seconds: float) -> None:
    """Extend the lease. Raises `LeaseLost` when it is no longer ours."""
    mine = type(row)._default_manager.filter(pk=row.pk, lease_owner=worker)
    if mine.update(lease_until=now + timedelta(seconds=seconds)) != 1:
        raise LeaseLost(f"{type(row).__name__} {row.pk} was taken over by another worker.")


def give_back(row: Queued, *, due_at: datetime | None) -> None:
    """Clear the lease on the instance (the caller saves it): due again at `due_at`, or finished when None."""
    row.due_at = due_at
    row.lease_owner = ""
    row.lease_until = None
    if due_at is None:
        row.attempts = 0
