"""Signed checkpoints of a real chain, as `desk/ledger/checkpoints.py` makes them, without its tiles."""

from __future__ import annotations

from django.utils import timezone

from hikeshi.custody.checkpoint import Checkpoint as Said, sign
from hikeshi.custody.merkle import Roots, leaf_hash
from hikeshi.desk.ledger import anchors, keys
from hikeshi.desk.ledger.models import Chain, Checkpoint


def sign_chain(name: str, size: int | None = None) -> Checkpoint:
    """A checkpoint over the first `size` entries (all of them without it), with its anchors lined up."""
    signer = keys.signer()
    chain = Chain.objects.get(name=name)
    tree = Roots()
    for hashed in chain.entries.order_by("seq").values_list("hash", flat=True)[: size or chain.head_seq]:
        tree.add(leaf_hash(bytes.fromhex(hashed)))
    origin = f"hikeshi.{keys.oldest().fingerprint[:16]}/{name}"
    note = sign(Said(origin, tree.size, tree.root()), [signer])
    made = Checkpoint.objects.create(
        chain=chain, size=tree.size, root=tree.root().hex(), note=note, made_at=timezone.now()
    )
    anchors.plan(made)
    return made
