"""Receiving many payloads at once: in one transaction, with one statement per table, and one line of the ledger for each payload.

The doors acknowledge when `receive_many` returns: by then everything is committed. Receiving is one at a time over all processes
(a lock of PostgreSQL; SQLite has one writer anyway): every delivery ends in the same chain, so nothing is lost by it, and no two
can make the same alert or the same group. The unique constraints of the tables hold all the same.
"""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, NamedTuple, TypeVar

import msgspec
from django.conf import settings
from django.db import DataError, IntegrityError, connection, transaction
from django.db.models import F, Model, QuerySet
from django.utils import timezone

from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.actor import Actor
from hikeshi.desk.alerts.held import leave
from hikeshi.desk.alerts.joining import join_all, locked
from hikeshi.desk.alerts.models import Alert, Delivery, Group, Source
from hikeshi.desk.alerts.weighing import Suggestion, weigh
from hikeshi.desk.bulk import insert_many, insert_missing
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.ledger.models import ORGANISATION
from hikeshi.errors import Unreadable
from hikeshi.pace import part
from hikeshi.signals.reading import Reading, read as read_payload
from hikeshi.signals.signal import Signal
from hikeshi.text import Text

Row = TypeVar("Row", bound=Model)
log = logging.getLogger(__name__)
NAMED: Final = 50
"""Alerts of one delivery that its line of the ledger names; it always counts them all."""
LOCK: Final = 0x686B_7369
"""The number of the lock in PostgreSQL: any constant that nothing else uses."""
ID_LIMIT: Final = Delivery._meta.get_field("message_id").max_length or 0
SAME: Final = (
    "key", "title", "kind", "score", "account", "region", "instance_id", "resource_role", "remote_address", "principal",
    "sample", "archived", "first_seen_at", "last_seen_at",
)  # fmt: skip
"""What an alert takes over from its signal."""
UPDATED: Final = ("times_seen", "last_seen_at", "score", "suggested_severity", "reasons", "archived")
"""What changes when the same finding is seen again."""


class Parcel(NamedTuple):
    """One payload on its way in. The same `message_id` of one source is kept once; empty: every one is kept."""

    payload: bytes
    source: str
    message_id: str = ""
    simulated: bool = False
    reader: str = ""  # the shape or mapping it is read with; empty: known by content


class Found(NamedTuple):
    """The numbers of the alerts in a payload, and how many of them are new and were left for people at once."""

    alerts: tuple[int, ...] = ()
    left: int = 0


class Kept(NamedTuple):
    """A parcel that is safe: its delivery, and the numbers of the alerts in it. `repeated`: it had come before."""

    delivery: Delivery
    alerts: tuple[int, ...]
    repeated: bool = False


@part("receipt and commit")
def receive_many(parcels: Sequence[Parcel], *, actor: Actor) -> list[Kept]:
    """Keep each payload as it came, understand it, and put each new alert before the workers; the answers are in the parcels' order.

    The same finding delivered again updates its alert. What cannot be understood is kept with the problem named, and no error is
    raised. All in one transaction. Where the database refuses a value that was understood, each parcel has a transaction of its own,
    and the one at fault is set aside; an error of the database itself is raised, and then nothing of `parcels` is kept.
    """
    require(actor, "triage")
    read = [understood(parcel) for parcel in parcels]
    try:
        return _keep(parcels, read, actor)
    except (DataError, IntegrityError, ValueError, OverflowError) as problem:
        if len(parcels) > 1:
            log.warning("a batch of %d is received one by one: %s", len(parcels), problem)
            return [kept for parcel in parcels for kept in receive_many([parcel], actor=actor)]
        if not read[0].signals:
            raise
        log.exception("a delivery of %s is set aside", parcels[0].source)
        return _keep(parcels, [_not_read(parcels[0], "a value in it cannot be kept in a table")], actor)


def understood(parcel: Parcel) -> Reading:
    """What a payload says, and what of it is not understood. Never raises: a fault of ours in reading a payload must not lose it."""
    try:
        own = settings.ENVIRONMENT.home / "mappings"
        return read_payload(parcel.payload, parcel.source, parcel.reader, own=own)
    except Exception as problem:
        log.exception("a payload of %s could not be read", parcel.source)
        return _not_read(parcel, f"reading it failed ({type(problem).__name__}): a fault of ours, please report it")


def _not_read(parcel: Parcel, why: str) -> Reading:
    return Reading([], [Unreadable(why, source=parcel.source)])


def fit(text: str, limit: int) -> str:
    """At most `limit` characters, without what PostgreSQL (NUL) or UTF-8 (half a surrogate pair) cannot hold."""
    return text[:limit].replace("\0", "�").encode("utf-8", "replace").decode()


@transaction.atomic
def _keep(parcels: Sequence[Parcel], read: Sequence[Reading], actor: Actor) -> list[Kept]:
    one_at_a_time()
    now = timezone.now()
    known = _known(parcels)
    rows: dict[int, Delivery] = {}  # by the parcel's place
    places: dict[tuple[str, str], int] = {}  # of the first parcel with an id
    for place, (parcel, reading) in enumerate(zip(parcels, read, strict=True)):
        name = _name(parcel)
        if name is None or (name not in known and places.setdefault(name, place) == place):
            rows[place] = _row(parcel, reading.problem, now)
    insert_many(list(rows.values()))
    found = alerts_of([(parcels[place], read[place].signals) for place in rows], now)
    new = {place: Kept(row, one.alerts) for (place, row), one in zip(rows.items(), found, strict=True)}
    link(list(new.values()))
    _count([one.delivery for one in new.values()], now)
    drafts = [_draft(kept, one.left) for kept, one in zip(new.values(), found, strict=True)]
    ledger.append_many(ORGANISATION, drafts, actor=actor)
    return [new.get(place) or _again(parcel, known, places, new) for place, parcel in enumerate(parcels)]


def one_at_a_time() -> None:
    """Wait until no other process is receiving, to the end of the transaction."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def _name(parcel: Parcel) -> tuple[str, str] | None:
    """By which a parcel is known again. An id that is too long is known by its hash."""
    said = parcel.message_id
    if not said:
        return None
    fits = len(said) <= ID_LIMIT and said == fit(said, ID_LIMIT)
    return parcel.source, said if fits else hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()


def _known(parcels: Sequence[Parcel]) -> dict[tuple[str, str], Delivery]:
    names = {name for parcel in parcels if (name := _name(parcel))}
    rows = Delivery.objects.filter(source__in={one for one, _ in names}, message_id__in={said for _, said in names})
    return {(row.source, row.message_id): row for row in _there(rows.defer("payload"))} if names else {}


def _there(rows: QuerySet[Row]) -> Iterable[Row]:
    """The rows, where there are any: for things that are new most of the time, asking for numbers alone is cheaper."""
    found = list(rows.order_by().values_list("pk", flat=True))
    return rows.filter(pk__in=found) if found else ()


def _again(
    parcel: Parcel, known: dict[tuple[str, str], Delivery], places: dict[tuple[str, str], int], new: dict[int, Kept]
) -> Kept:
    name = _name(parcel) or ("", "")
    if name in places:
        return new[places[name]]._replace(repeated=True)
    row = known[name]
    return Kept(row, tuple(row.alerts.order_by("pk").values_list("pk", flat=True)), repeated=True)


def _row(parcel: Parcel, problem: str, now: datetime) -> Delivery:
    row = Delivery(
        source=parcel.source, message_id=(_name(parcel) or ("", ""))[1], payload=parcel.payload,
        payload_sha256=hashlib.sha256(parcel.payload).hexdigest(), received_at=now, problem=fit(problem, 2000),
    )  # fmt: skip
    row.clean_fields()  # what is unique is checked by the tables
    return row


def alerts_of(contents: Sequence[tuple[Parcel, Sequence[Signal]]], now: datetime) -> list[Found]:
    """The alerts that the signals of each parcel are, new or updated. In the caller's transaction, one at a time."""
    keys = {signal.key for _, signals in contents for signal in signals}
    if not keys:
        return [Found() for _ in contents]
    alerts = {alert.key: alert for alert in _there(Alert.objects.filter(key__in=keys))}
    groups = locked({signal.fingerprint for _, signals in contents for signal in signals}, alerts.values())
    weighed = _weighed(
        [one for _, some in contents for one in some if one.key not in alerts or _worse(one, alerts[one.key])], groups
    )
    new: list[tuple[Alert, Signal]] = []
    updated: dict[str, tuple[Alert, Signal]] = {}
    for parcel, signals in contents:
        for signal in signals:
            known = alerts.get(signal.key)
            if known is None:
                alerts[signal.key] = _alert(signal, parcel, weighed[_likeness(signal)], now)
                new.append((alerts[signal.key], signal))
            elif _newer(signal, known):
                _update(known, signal, weighed.get(_likeness(signal)))
                if known.pk:
                    updated[signal.key] = known, signal
    leave([alert for alert, _ in new])
    if new or updated:
        join_all(new, updated.values(), groups, now=now)
        insert_many([alert for alert, _ in new])
        for alert, _ in updated.values():
            alert.save(update_fields=UPDATED)
    left = {alert.pk for alert, _ in new if alert.due_at is None}
    found = [tuple(dict.fromkeys(alerts[signal.key].pk for signal in signals)) for _, signals in contents]
    return [Found(numbers, len(left.intersection(numbers))) for numbers in found]


def _likeness(signal: Signal) -> tuple[str, float, str]:
    """Alerts of one cause that are rated alike are weighed alike: once in a batch."""
    return signal.fingerprint, signal.score, signal.resource_role


def _weighed(signals: Sequence[Signal], groups: Iterable[Group]) -> dict[tuple[str, float, str], Suggestion]:
    """What joins a group that is as grave already is not weighed again: a group is weighed when it opens and when it gets worse."""
    like = {_likeness(signal): signal for signal in signals}
    if not like:
        return {}
    standing = {group.fingerprint: group for group in groups if group.joinable}
    weighed: dict[tuple[str, float, str], Suggestion] = {}
    for name, signal in like.items():
        group = standing.get(signal.fingerprint)
        if group is not None and group.suggested_severity is not None and group.score >= signal.score:
            weighed[name] = group.suggested_severity, msgspec.convert(group.reasons, list[Text])
    rest = [name for name in like if name not in weighed]
    return weighed | dict(zip(rest, weigh([like[name] for name in rest]), strict=True)) if rest else weighed


def _alert(signal: Signal, parcel: Parcel, suggestion: Suggestion, now: datetime) -> Alert:
    """A new alert, not saved and without its group."""
    severity, reasons = suggestion
    return Alert(
        source=parcel.source, received_at=now, due_at=now, simulated=parcel.simulated, suggested_severity=severity,
        reasons=msgspec.to_builtins([*reasons, *signal.doubts]), times_seen=signal.count,
        **{name: getattr(signal, name) for name in SAME},
    )  # fmt: skip


def _worse(signal: Signal, alert: Alert) -> bool:
    return signal.score > alert.score


def _newer(signal: Signal, alert: Alert) -> bool:
    """Whether a finding was seen later than known. A date in the future, which is kept as it was sent, holds no later one back."""
    known = alert.last_seen_at
    return known is None or (
        signal.last_seen_at is not None and (signal.last_seen_at > known or known > timezone.now())
    )


def _update(alert: Alert, signal: Signal, suggestion: Suggestion | None) -> None:
    """The same finding, seen again: it may have become worse, and never becomes better by itself."""
    alert.times_seen, alert.last_seen_at = max(alert.times_seen + 1, signal.count), signal.last_seen_at
    if _worse(signal, alert) and suggestion is not None:
        severity, reasons = suggestion
        alert.score, alert.suggested_severity, alert.reasons = signal.score, severity, msgspec.to_builtins(reasons)
    alert.archived = signal.archived


def link(kept: Sequence[Kept]) -> None:
    """Write down which delivery brought which alerts. In the caller's transaction."""
    rows = [(one.delivery.pk, pk) for one in kept for pk in one.alerts]
    insert_missing(Delivery.alerts.through, ("delivery", "alert"), rows)


def _count(rows: Sequence[Delivery], now: datetime) -> None:
    """When each source was last heard of, and how much it has sent. Sources that are not registered are not counted."""
    for name, count in sorted(Counter(row.source for row in rows).items()):
        Source.objects.filter(name=name).update(deliveries=F("deliveries") + count, last_seen_at=now)


def _draft(kept: Kept, left: int) -> ledger.Draft:
    row = kept.delivery
    return ledger.Draft(
        "alert.set_aside" if row.problem else "alert.receive",
        str(row),
        {
            "payload_sha256": row.payload_sha256, "bytes": len(row.payload), "source": row.source, "problem": row.problem,
            "alerts": [f"ALR-{pk}" for pk in kept.alerts[:NAMED]], "count": len(kept.alerts),
            "left": left,
        },
    )  # fmt: skip
