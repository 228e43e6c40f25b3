"""The ledger: every line as it was sealed, and the check of its chain."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from ninja import Query, Router

from hikeshi.desk.ledger import verbs
from hikeshi.doors import find, shapes
from hikeshi.doors.api.bearer import Call
from hikeshi.doors.api.paging import Page, Paging, by_place

router = Router()


@router.get("/ledger", response=list[shapes.ChainShape])
def list_chains(request: Call) -> list[shapes.ChainShape]:
    """The chains you may read: one per incident, one for the organisation."""
    return [shapes.chain(row) for row in find.chains(request.auth).order_by("name")]


@router.get("/ledger/{chain}/entries", response=Page[shapes.EntryShape])
def read_entries(request: Call, chain: str, paging: Annotated[Paging, Query()]) -> Page[shapes.EntryShape]:
    """The entries of a chain, oldest first. `after` is the last `seq` seen."""
    entries = find.chain(request.auth, chain).entries.select_related("chain")
    return by_place(entries, paging, shapes.entry)


@router.get("/ledger/{chain}/verify", response=dict[str, Any])
def verify_chain(request: Call, chain: str) -> dict[str, Any]:
    """Recompute every hash. `ok`, the number of entries read, the head, and each place that is not as it was written."""
    verdict = verbs.verify(find.chain(request.auth, chain).name)
    told: dict[str, Any] = {"chain": chain, **msgspec.to_builtins(verdict)}
    told["head"] = {"seq": verdict.head.seq, "hash": verdict.head.hash}
    return told
