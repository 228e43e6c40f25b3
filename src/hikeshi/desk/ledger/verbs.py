"""Appending to the record, and checking it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from hikeshi.custody import chain as custody_chain
from hikeshi.custody.canonical import canonical
from hikeshi.custody.verify import Verdict, verify as check
from hikeshi.desk.actor import Actor
from hikeshi.desk.ledger.models import Chain, Entry
from hikeshi.errors import Refused


def append(
    chain: str, *, actor: Actor, verb: str, obj: str, data: Mapping[str, Any] | None = None, at: datetime | None = None
) -> Entry:
    """Add one line to the chain named, inside the caller's transaction, so that change and record are one.

    `verb` is "noun.act", `obj` names what was changed (INC-2026-001, EV-003, step 2.1); `data` is plain JSON.
    Raises `Refused` outside a transaction.
    """
    if not transaction.get_connection().in_atomic_block:
        raise Refused(f"The ledger entry {verb} was written outside a transaction.", hint="Call it from a verb.")
    Chain.objects.get_or_create(name=chain)
    head = Chain.objects.select_for_update().get(name=chain)
    sealed = custody_chain.seal_entry(
        (head.head_seq, head.head_hash), chain=chain, time=at or timezone.now(), actor=actor.name, door=actor.door,
        verb=verb, object=obj, data=data or {},
    )  # fmt: skip
    head.head_seq, head.head_hash = sealed.seq, sealed.hash
    head.save(update_fields=["head_seq", "head_hash"])
    return Entry.objects.create(
        chain=head, seq=sealed.seq, time=sealed.time, actor=sealed.actor, door=sealed.door, verb=sealed.verb,
        object=sealed.object, data=canonical(sealed.data).decode(), prev=sealed.prev, hash=sealed.hash,
    )  # fmt: skip


def lines(chain: Chain) -> Iterator[custody_chain.Entry]:
    """The chain's entries in order, as custody knows them. Streams: a long chain is not held in memory."""
    for row in chain.entries.order_by("seq").iterator():
        yield custody_chain.Entry(
            chain=chain.name, seq=row.seq, time=row.time, actor=row.actor, door=row.door, verb=row.verb,
            object=row.object, data=_data(row.data), prev=row.prev, hash=row.hash,
        )  # fmt: skip


def _data(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return {"unreadable": text}  # damaged text cannot hash to what was sealed: the check will point at this line


def verify(name: str) -> Verdict:
    """Recompute every hash of the chain and compare its end with the head kept apart."""
    chain = Chain.objects.filter(name=name).first()
    if chain is None:
        raise Refused(f"There is no chain named {name}.", hint="`hikeshi audit log` lists them.")
    return check(lines(chain), expected_head=(chain.head_seq, chain.head_hash))
