"""The ledger: every line as it was sealed, what was signed over it, the proofs of that, and the check of everything."""

from __future__ import annotations

from typing import Annotated, Any

from ninja import Query, Router, Status

from hikeshi.desk.ledger import checkpoints as verbs
from hikeshi.doors import checkpoints, find, shapes
from hikeshi.doors.api.bearer import Call
from hikeshi.doors.api.paging import Page, Paging, by_place, newest_first

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


@router.get("/ledger/{chain}/checkpoints", response=Page[checkpoints.CheckpointShape])
def list_checkpoints(
    request: Call, chain: str, paging: Annotated[Paging, Query()]
) -> Page[checkpoints.CheckpointShape]:
    """The signed checkpoints of a chain, newest first."""
    return newest_first(checkpoints.rows(find.chain(request.auth, chain)), paging, checkpoints.shape)


@router.post("/ledger/{chain}/checkpoints", response={201: checkpoints.CheckpointDetail})
def sign(request: Call, chain: str) -> Status[checkpoints.CheckpointDetail]:
    """Sign the chain as it is now, without waiting for the worker. Refused where it is not whole; the last one where nothing is new."""
    made = verbs.checkpoint(find.chain(request.auth, chain), actor=request.auth)
    return Status(201, checkpoints.detail(made))


@router.get("/ledger/{chain}/checkpoints/{entries}", response=checkpoints.CheckpointDetail)
def read_checkpoint(request: Call, chain: str, entries: int) -> checkpoints.CheckpointDetail:
    """The checkpoint over so many entries, with its signed note (C2SP tlog-checkpoint)."""
    return checkpoints.detail(checkpoints.of_size(find.chain(request.auth, chain), entries))


@router.get("/ledger/{chain}/consistency/{old}", response=checkpoints.ProofShape)
def prove_consistency(request: Call, chain: str, old: int, new: int | None = None) -> checkpoints.ProofShape:
    """The proof that the checkpoint over `new` entries (the newest, when not given) continues the one over `old`."""
    found = find.chain(request.auth, chain)
    return {"chain": found.name, "entries": old, "proof": verbs.consistency(found, old, new)}


@router.get("/ledger/{chain}/proofs/{seq}", response=checkpoints.ProofShape)
def prove_entry(request: Call, chain: str, seq: int) -> checkpoints.ProofShape:
    """The proof that an entry is under the newest signed checkpoint (C2SP tlog-proof); it stands alone."""
    found = find.chain(request.auth, chain)
    return {"chain": found.name, "entries": seq, "proof": verbs.prove(found, seq)}


@router.post("/ledger/{chain}/rebuild", response=dict[str, Any])
def rebuild(request: Call, chain: str) -> dict[str, Any]:
    """Make the tiles of the tree again from the entries, where nothing else is damaged. For commanders and administrators."""
    found = find.chain(request.auth, chain)
    return {"chain": found.name, "tiles_replaced": verbs.rebuild(found, actor=request.auth)}


@router.get("/ledger/{chain}/verify", response=dict[str, Any])
def verify_chain(request: Call, chain: str) -> dict[str, Any]:
    """Recompute every hash, root and tile, and check every signature: `ok`, the counts, and each place that is not as it was written."""
    return checkpoints.told(checkpoints.check(find.chain(request.auth, chain)))
