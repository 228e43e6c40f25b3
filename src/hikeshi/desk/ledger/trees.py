"""The tree of a chain in its tiles: what it grows by, checked before anybody signs it; the tiles made again. Called by `checkpoints` only."""

from __future__ import annotations

from itertools import islice
from typing import Final

import msgspec

from hikeshi.custody import checkpoint as notes
from hikeshi.custody.chain import EMPTY, Head
from hikeshi.custody.merkle import ReadTile, TileAt, extend, includes, inclusion, leaf_hash, root
from hikeshi.custody.verify import verify
from hikeshi.custody.verify_tree import tile_digest
from hikeshi.desk.ledger import verbs
from hikeshi.desk.ledger.models import Chain, Checkpoint, Tile
from hikeshi.errors import Refused

MOST_AT_ONCE: Final = 1_000_000
"""Entries per checkpoint: a chain that grew by more is signed in several, so that memory and a worker's lease are enough."""

TILES_PER_STATEMENT: Final = 500


class Grown(msgspec.Struct, frozen=True):
    """A tree ready to be signed: `tiles` are those that change, to be written together with the checkpoint."""

    size: int
    root: bytes
    tiles: dict[tuple[int, int], TileAt]


def reader(chain: Chain) -> ReadTile:
    """The stored tiles of a chain, as `custody.merkle` asks for them."""

    def read(level: int, index: int) -> bytes:
        found = Tile.objects.filter(chain=chain, level=level, index=index).values_list("hashes", flat=True).first()
        return bytes(found) if found is not None else b""

    return read


def grow(chain: Chain, before: Checkpoint | None, *, origin: str, publics: list[str]) -> Grown:
    """The tree with the entries since `before`, every one of them checked. Nothing is written. Raises `Refused` where nothing may be."""
    old = before.size if before else 0
    if chain.head_seq <= old:
        raise Refused(
            f"Not signed: {chain} has {chain.head_seq} entries, and {old} were signed for.",
            hint=f"`hikeshi audit verify {chain}` says what is gone.",
        )
    size = min(chain.head_seq, old + MOST_AT_ONCE)
    head = _check_new(chain, old, size)
    stored = reader(chain)
    if before is not None:
        _check_old(before, head, stored, origin, publics)
    hashes = chain.entries.filter(seq__gt=old, seq__lte=size).order_by("seq").values_list("hash", flat=True)
    leaves = (leaf_hash(bytes.fromhex(hashed)) for hashed in hashes.iterator())
    tiles = {(tile.level, tile.index): tile for tile in extend(old, leaves, stored)}

    def read(level: int, index: int) -> bytes:
        made = tiles.get((level, index))
        return made.hashes if made else stored(level, index)

    return Grown(size, root(size, read), tiles)


def write(chain: Chain, grown: Grown) -> None:
    """Store the tiles that change, in the transaction of their checkpoint."""
    rows = [Tile(chain=chain, level=one.level, index=one.index, hashes=one.hashes) for one in grown.tiles.values()]
    Tile.objects.bulk_create(
        rows, batch_size=TILES_PER_STATEMENT, update_conflicts=True,
        unique_fields=["chain", "level", "index"], update_fields=["hashes"],
    )  # fmt: skip


def write_again(chain: Chain, size: int) -> int:
    """Replace every tile by what the entries give, inside the caller's transaction. Returns how many were not right."""
    stored = digests(chain)
    chain.tiles.all().delete()
    hashes = chain.entries.filter(seq__lte=size).order_by("seq").values_list("hash", flat=True)
    made = extend(0, (leaf_hash(bytes.fromhex(hashed)) for hashed in hashes.iterator()), lambda _level, _index: b"")
    wrong = 0
    while some := list(islice(made, TILES_PER_STATEMENT)):
        wrong += sum(stored.pop((one.level, one.index), "") != tile_digest(one.hashes) for one in some)
        Tile.objects.bulk_create(
            [Tile(chain=chain, level=one.level, index=one.index, hashes=one.hashes) for one in some]
        )
    return wrong + len(stored)


def digests(chain: Chain) -> dict[tuple[int, int], str]:
    """The digest of each stored tile, as `verify_tree` compares them."""
    rows = chain.tiles.values_list("level", "index", "hashes").iterator(chunk_size=TILES_PER_STATEMENT)
    return {(level, index): tile_digest(bytes(hashes)) for level, index, hashes in rows}


def _check_new(chain: Chain, old: int, size: int) -> Head:
    """Verify the entries after `old`. Returns the head they stand on."""
    under = chain.entries.filter(seq=old).values_list("hash", flat=True).first()
    head = Head(old, under or "") if old else EMPTY
    expected = (chain.head_seq, chain.head_hash) if size == chain.head_seq else None
    verdict = verify(verbs.lines(chain, after=old, until=size), after=head, expected_head=expected)
    if not verdict.ok or verdict.head.seq != size:
        said = verdict.problems[0].what.en if verdict.problems else f"Entry {size} is missing."
        raise Refused(
            f"Not signed: {chain} is not whole since its last checkpoint. {said}",
            hint=f"`hikeshi audit verify {chain}` lists every place.",
        )
    return head


def _check_old(before: Checkpoint, head: Head, stored: ReadTile, origin: str, publics: list[str]) -> None:
    """Make sure that what is built on is what was signed: the note, the tiles under it, the entry that the new ones follow."""
    note = notes.read_note(before.note)
    told = notes.read_text(note.text)
    leaf, index = leaf_hash(bytes.fromhex(head.hash)), before.size - 1
    if not (
        notes.who_signed(note, origin, publics).by
        and told == notes.Checkpoint(origin, before.size, root(before.size, stored))
        and told.root.hex() == before.root
        and includes(leaf, index, before.size, inclusion(index, before.size, stored), told.root)
    ):
        raise Refused(
            f"Not signed: the last checkpoint of {before.chain} (at {before.size}), or the tree under it, was changed.",
            hint=f"`hikeshi audit verify {before.chain}` says where.",
        )
