"""The daily round through all chains: every hash recomputed, every checkpoint and tile checked, in idle time. Its result is an entry of the organisation's chain."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from hikeshi.custody import chain as custody_chain
from hikeshi.custody.verify import Verdict, verify as check
from hikeshi.desk.actor import Actor
from hikeshi.desk.ledger import checkpoints, verbs
from hikeshi.desk.ledger.models import ORGANISATION, Chain, Round
from hikeshi.desk.queue import give_back

EVERY: Final = timedelta(days=1)
SLICE: Final = 20_000
"""Entries between two looks at what else is due: a fifth of a second. No read stays open meanwhile: on SQLite it would be in the way."""

NAMED: Final = 20
"""Damaged places that the entry names; the count is of all."""


def last() -> Round | None:
    """The round, with what it last found; None before the first one is planned."""
    return Round.objects.order_by("pk").first()


def walk(row: Round, *, actor: Actor, meanwhile: Callable[[], None]) -> None:
    """Check every chain as it is now, and write down what was found. What `meanwhile` raises ends the round without a result."""
    chains = list(Chain.objects.order_by("pk"))
    verdicts = {chain.name: _verdict(chain, meanwhile) for chain in chains}
    signed = {chain.name: checkpoints.verify_checkpoints(chain, meanwhile=meanwhile) for chain in chains}
    meanwhile()
    found = [(name, verdict) for every in (verdicts, signed) for name, verdict in every.items()]
    damaged = [[name, one.seq, one.kind] for name, verdict in found for one in verdict.problems]
    count = sum(verdict.problem_count for _, verdict in found)
    row.checked_at, row.chains = timezone.now(), len(verdicts)
    row.entries = sum(verdict.count for verdict in verdicts.values())
    row.problems, row.damaged = count, damaged[:NAMED]
    with transaction.atomic():
        give_back(row, due_at=timezone.now() + EVERY)
        row.save()
        verbs.append(
            ORGANISATION, actor=actor, verb="ledger.verify", obj="ledger",
            data={"chains": row.chains, "entries": row.entries, "problems": count, "damaged": row.damaged},
        )  # fmt: skip


def _verdict(chain: Chain, meanwhile: Callable[[], None]) -> Verdict:
    return check(_slices(chain, meanwhile), expected_head=(chain.head_seq, chain.head_hash))


def _slices(chain: Chain, meanwhile: Callable[[], None]) -> Iterator[custody_chain.Entry]:
    after = 0
    while True:
        some = list(verbs.lines(chain, after=after, until=after + SLICE))
        yield from some
        if not some:  # the end, or a hole so wide that the missing end is what the check will name
            return
        after += SLICE
        meanwhile()
