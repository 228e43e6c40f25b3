"""Appending to the record, and checking it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta
from itertools import chain as one_by_one
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from msgspec import Raw

from hikeshi.custody import chain as custody_chain
from hikeshi.custody.verify import Verdict, verify as check
from hikeshi.desk.actor import Actor
from hikeshi.desk.bulk import update_many
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


class Pen:
    """A chain that is held until the transaction ends, and the lines for it that are sealed and not stored yet."""

    def __init__(self, head: Chain) -> None:
        self.head, self.sealed = head, list[custody_chain.Entry]()

    def seal(self, draft: Draft, actor: Actor) -> custody_chain.Entry:
        """One more line, on the one before it."""
        sealed = custody_chain.seal_entry(
            (self.head.head_seq, self.head.head_hash), chain=self.head.name, time=draft.at or timezone.now(), actor=actor.name,
            door=actor.door, verb=draft.verb, object=draft.obj, data=draft.data or {},
        )  # fmt: skip
        self.head.head_seq, self.head.head_hash = sealed.head
        self.sealed.append(sealed)
        return sealed


_PENS: Final[ContextVar[Mapping[str, Pen]]] = ContextVar("pens", default=MappingProxyType({}))
"""By name of the chain, while somebody is at it (`together`)."""


@contextmanager
def together(chain: str) -> Iterator[Pen]:
    """Hold the chain, made when it is new: what is appended to it within is stored at the end in one go, and its head moved once.

    For what one verb does, which is kept or undone as a whole: who goes on after an error within would keep its line. Raises `Refused`
    outside a transaction.
    """
    if held := _PENS.get().get(chain):
        yield held
        return
    pen = Pen(_locked(chain))
    token = _PENS.set({**_PENS.get(), chain: pen})
    try:
        yield pen
    finally:
        _PENS.reset(token)
    if pen.sealed:
        _store([pen])
        _move([pen])


def is_held(chain: str) -> bool:
    """Whether this is called within `together` for this chain."""
    return chain in _PENS.get()


def chain_of(name: str) -> Chain:
    """The chain, made when it is new. Within `together` it is the one that is held."""
    held = _PENS.get().get(name)
    return held.head if held else Chain.objects.get_or_create(name=name)[0]


def append(
    chain: str, *, actor: Actor, verb: str, obj: str, data: Mapping[str, Any] | None = None, at: datetime | None = None
) -> Entry:
    """Add one line to the chain named, inside the caller's transaction, so that change and record are one.

    `verb` is "noun.act", `obj` names what was changed (INC-2026-001, EV-003, step 2.1); `data` is plain JSON.
    Raises `Refused` outside a transaction.
    """
    with together(chain) as pen:
        sealed = pen.seal(Draft(verb, obj, data, at), actor)
    return Entry(chain=pen.head, **dict(zip(COLUMNS, _values(sealed), strict=True)))


def append_many(chain: str, drafts: Iterable[Draft], *, actor: Actor) -> None:
    """Add lines in their order, all in the caller's transaction or none. Raises `Refused` outside a transaction."""
    with together(chain) as pen:
        for draft in drafts:
            pen.seal(draft, actor)
            if len(pen.sealed) >= BATCH:
                _store([pen])
                _move([pen])


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
    pens = {name: Pen(head) for name, head in heads.items()}
    for name, draft in lines:
        pens[name].seal(draft, actor)
    _store(pens.values())
    _move(pens.values())


def _values(sealed: custody_chain.Entry) -> tuple[int, str, str, str, str, str, str, str, str]:
    return (
        sealed.seq, sealed.time, sealed.actor, sealed.door, sealed.verb, sealed.object,
        bytes(sealed.sealed).decode(), sealed.prev, sealed.hash,
    )  # fmt: skip


def _store(pens: Collection[Pen]) -> None:
    """Past the models: making one of each line takes longer than everything else together."""
    rows = [(pen.head.pk, *_values(one)) for pen in pens for one in pen.sealed]
    names = ", ".join(f'"{name}"' for name in ("chain_id", *COLUMNS))
    marks = f"({', '.join(['%s'] * (len(COLUMNS) + 1))})"
    with connection.cursor() as cursor:
        for first in range(0, len(rows), BATCH):
            some = rows[first : first + BATCH]
            insert = f"INSERT INTO {Entry._meta.db_table} ({names}) VALUES {', '.join([marks] * len(some))}"  # noqa: S608 - nothing from outside
            cursor.execute(insert, list(one_by_one.from_iterable(some)))
    for pen in pens:
        pen.sealed.clear()


def _move(pens: Collection[Pen]) -> None:
    """Save where the chains end now."""
    now = timezone.now()
    later = now + timedelta(seconds=settings.ENVIRONMENT.checkpoint_seconds)
    for head in (pen.head for pen in pens):
        # Set by the first entry since the last checkpoint, which a worker signs then, and since notices have looked.
        head.due_at, head.untold_since = head.due_at or later, head.untold_since or now
    update_many([pen.head for pen in pens], ("head_seq", "head_hash", "due_at", "untold_since"))


def _locked(name: str) -> Chain:
    """The chain, made when it is new, and nobody else's until the transaction ends."""
    if not transaction.get_connection().in_atomic_block:
        raise Refused(f"The chain {name} was written to outside a transaction.", hint="Append from a verb.")
    locked = Chain.objects.select_for_update().filter(name=name)
    found = locked.first()
    if found is None:
        Chain.objects.get_or_create(name=name)
        found = locked.get()
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
