"""Checkpoints of the ledger and what a check of a chain found, as plain data: the same for the API, the command line and the console."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from django.db.models import QuerySet
from typing_extensions import TypedDict  # pydantic asks for this one below Python 3.12

from hikeshi.custody.chain import Head
from hikeshi.custody.checkpoint import read_note, who_signed
from hikeshi.custody.signing import fingerprint
from hikeshi.custody.verify import Problem
from hikeshi.desk.ledger import checkpoints, verbs
from hikeshi.desk.ledger.models import Chain, Checkpoint
from hikeshi.doors import find
from hikeshi.errors import Unreadable


class AnchorsShape(TypedDict):
    """Time stamps, or copies outside, of one checkpoint: how many are held of how many lined up, and how many were refused."""

    held: int
    refused: int
    asked: int


class CheckpointShape(TypedDict):
    """A signed checkpoint over the first `entries` of a chain. `signed_by` are fingerprints of our keys whose signature holds."""

    chain: str
    entries: int
    root: str
    made_at: datetime
    signed_by: list[str]
    stamps: AnchorsShape
    copies: AnchorsShape


class CheckpointDetail(CheckpointShape):
    """The checkpoint with its note, byte for byte (C2SP tlog-checkpoint), and the public keys (PEM) that signed it."""

    note: str
    keys: list[str]


class ProofShape(TypedDict):
    """A proof of entry number `entries`, or of everything up to it, as a text that stands alone (custody/proof.py has its form)."""

    chain: str
    entries: int
    proof: str


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What a check of a whole chain found: `count` entries up to `head`, with `checkpoints` of them, the last one over `signed_entries`."""

    chain: str
    ok: bool
    count: int
    head: Head
    checkpoints: int
    signed_entries: int
    problem_count: int
    problems: tuple[Problem, ...]


def check(chain: Chain) -> Checked:
    """Recompute every hash, every root and every tile, and check every signature."""
    verdict, tree = verbs.verify(chain.name), checkpoints.verify_checkpoints(chain)
    return Checked(
        chain=chain.name, ok=verdict.ok and tree.ok, count=verdict.count, head=verdict.head, checkpoints=tree.count,
        signed_entries=tree.size, problem_count=verdict.problem_count + tree.problem_count,
        problems=verdict.problems + tree.problems,
    )  # fmt: skip


def told(found: Checked) -> dict[str, Any]:
    """What was found as plain JSON."""
    plain: dict[str, Any] = msgspec.to_builtins(found)
    plain["head"] = {"seq": found.head.seq, "hash": found.head.hash}
    return plain


def rows(chain: Chain) -> QuerySet[Checkpoint]:
    """The checkpoints of a chain with what hangs on them, newest first."""
    return chain.checkpoints.select_related("chain").prefetch_related("stamps", "copies").order_by("-pk")


def of_size(chain: Chain, entries: int) -> Checkpoint:
    found = rows(chain).filter(size=entries).first() if entries < 2**63 else None
    if found is None:
        raise find.NotThere(
            f"{chain} has no checkpoint over {entries} entries.", hint="The list of its checkpoints has the sizes."
        )
    return found


def shape(row: Checkpoint) -> CheckpointShape:
    return {
        "chain": row.chain.name, "entries": row.size, "root": row.root, "made_at": row.made_at, "signed_by": _signed_by(row),
        "stamps": _anchors([one.state for one in row.stamps.all()]),
        "copies": _anchors([one.state for one in row.copies.all()]),
    }  # fmt: skip


def detail(row: Checkpoint) -> CheckpointDetail:
    told = shape(row)
    by = {fingerprint(public): public for public in checkpoints.publics() if told["signed_by"]}
    return {**told, "note": row.note, "keys": [by[one] for one in told["signed_by"]]}


def _anchors(states: Sequence[str]) -> AnchorsShape:
    return {"held": states.count("held"), "refused": states.count("refused"), "asked": len(states)}


def _signed_by(row: Checkpoint) -> list[str]:
    try:
        note = read_note(row.note)
    except Unreadable:  # damaged: the check says so; the list shows that nobody signed this
        return []
    return list(who_signed(note, checkpoints.origin(row.chain.name), checkpoints.publics()).by)
