"""Appending to the record, and checking it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from msgspec import Raw

from hikeshi.custody import chain as custody_chain
from hikeshi.custody.verify import Verdict, verify as check
from hikeshi.desk.actor import Actor
from hikeshi.desk.ledger.models import Chain, Entry
from hikeshi.errors import Refused

COLUMNS: Final = ("seq", "time", "actor", "door", "verb", "object", "data", "prev", "hash")
"""Of an entry, beside its chain."""

BATCH = 2000
"""Entries per statement when many are appended: beyond this, databases only grow slower."""


class Draft(NamedTuple):
    """One line to be appended: `verb` is "noun.act", `obj` names what was changed, `data` is plain JSON, `at` is now when empty."""

    verb: str
    obj: str
    data: Mapping[str, Any] | None = None
    at: datetime | None = None


def append(
    chain: str, *, actor: Actor, verb: str, obj: str, data: Mapping[str, Any] | None = None, at: datetime | None = None
) -> Entry:
    """Add one line to the chain named, inside the caller's transaction, so that change and record are one.

    `verb` is "noun.act", `obj` names what was changed (INC-2026-001, EV-003, step 2.1); `data` is plain JSON.
    Raises `Refused` outside a transaction.
    """
    head = _locked(chain)
    (sealed,) = _sealed(head, [Draft(verb, obj, data, at)], actor)
    entry = Entry(chain=head, **dict(zip(COLUMNS, _values(sealed), strict=True)))
    entry.save(force_insert=True)
    _move(head, sealed)
    return entry


def append_many(chain: str, drafts: Iterable[Draft], *, actor: Actor) -> None:
    """Add lines in their order, all in the caller's transaction or none. Raises `Refused` outside a transaction."""
    head = _locked(chain)
    names = ", ".join(f'"{name}"' for name in ("chain_id", *COLUMNS))
    marks = ", ".join(["%s"] * (len(COLUMNS) + 1))
    insert = f"INSERT INTO {Entry._meta.db_table} ({names}) VALUES ({marks})"  # noqa: S608 - nothing from outside
    drafts = iter(drafts)
    with connection.cursor() as cursor:
        while some := list(islice(drafts, BATCH)):
            sealed = list(_sealed(head, some, actor))
            # Past the models: making one of each line takes longer than everything else together.
            cursor.executemany(insert, [(head.pk, *_values(one)) for one in sealed])
            _move(head, sealed[-1])


def append_each(lines: Iterable[tuple[str, Draft]], *, actor: Actor) -> None:
    """Add lines to many chains, each given as (chain, line), in few statements. Raises `Refused` outside a transaction.

    For what happens to many incidents at the same moment, such as clocks that ring.
    """
    lines = list(lines)
    if not transaction.get_connection().in_atomic_block:
        raise Refused("Chains were written to outside a transaction.", hint="Append from a verb.")
    names = sorted({name for name, _ in lines})
    heads = {head.name: head for head in Chain.objects.select_for_update().filter(name__in=names).order_by("pk")}
    heads |= {name: _locked(name) for name in names if name not in heads}
    entries = []
    for name, draft in lines:
        head = heads[name]
        (sealed,) = _sealed(head, [draft], actor)
        entries.append(Entry(chain=head, **dict(zip(COLUMNS, _values(sealed), strict=True))))
        _advance(head, sealed)
    Entry.objects.bulk_create(entries)
    for head in heads.values():  # bulk_update costs more than one statement each
        head.save(update_fields=MOVED)


def _sealed(head: Chain, drafts: Iterable[Draft], actor: Actor) -> Iterator[custody_chain.Entry]:
    """The entries that follow the head, each on the one before it."""
    now, last = timezone.now(), custody_chain.Head(head.head_seq, head.head_hash)
    for draft in drafts:
        sealed = custody_chain.seal_entry(
            last, chain=head.name, time=draft.at or now, actor=actor.name, door=actor.door,
            verb=draft.verb, object=draft.obj, data=draft.data or {},
        )  # fmt: skip
        yield sealed
        last = sealed.head


def _values(sealed: custody_chain.Entry) -> tuple[int, str, str, str, str, str, str, str, str]:
    return (
        sealed.seq, sealed.time, sealed.actor, sealed.door, sealed.verb, sealed.object,
        bytes(sealed.sealed).decode(), sealed.prev, sealed.hash,
    )  # fmt: skip


MOVED: Final = ("head_seq", "head_hash", "due_at", "untold_since")


def _move(head: Chain, sealed: custody_chain.Entry) -> None:
    _advance(head, sealed)
    head.save(update_fields=MOVED)


def _advance(head: Chain, sealed: custody_chain.Entry) -> None:
    head.head_seq, head.head_hash = sealed.head
    now = timezone.now()
    if head.due_at is None:  # the first entry since the last checkpoint: a worker signs the next one
        head.due_at = now + timedelta(seconds=settings.ENVIRONMENT.checkpoint_seconds)
    if head.untold_since is None:  # the first entry since notices have looked
        head.untold_since = now


def _locked(name: str) -> Chain:
    """The chain, made when it is new, and nobody else's until the transaction ends."""
    if not transaction.get_connection().in_atomic_block:
        raise Refused(f"The chain {name} was written to outside a transaction.", hint="Append from a verb.")
    locked = Chain.objects.select_for_update()
    found = locked.filter(name=name).first()
    if found is None:
        Chain.objects.get_or_create(name=name)
        found = locked.get(name=name)
    return found


def lines(chain: Chain, *, after: int = 0, until: int | None = None) -> Iterator[custody_chain.Entry]:
    """The chain's entries in order, as custody knows them: those after number `after`, up to and with `until`.

    Streams: a long chain is not held in memory.
    """
    some = chain.entries.filter(seq__gt=after) if after else chain.entries.all()
    some = some if until is None else some.filter(seq__lte=until)
    # Plain tuples: making a model of each row would take longer than checking it.
    rows = some.order_by("seq").values_list(*COLUMNS)
    for seq, time, actor, door, verb, obj, data, prev, hashed in rows.iterator(chunk_size=BATCH):
        yield custody_chain.Entry(
            chain=chain.name, seq=seq, time=time, actor=actor, door=door, verb=verb, object=obj,
            sealed=Raw(data), prev=prev, hash=hashed,
        )  # fmt: skip


def verify(name: str) -> Verdict:
    """Recompute every hash of the chain and compare its end with the head kept apart."""
    chain = Chain.objects.filter(name=name).first()
    if chain is None:
        raise Refused(f"There is no chain named {name}.", hint="`hikeshi audit log` lists them.")
    return check(lines(chain), expected_head=(chain.head_seq, chain.head_hash))
