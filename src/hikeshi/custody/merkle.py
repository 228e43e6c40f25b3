"""The Merkle tree over a chain, as pure functions over stored tiles.

Hashing is that of RFC 6962 section 2.1 (the same in RFC 9162): a leaf is SHA-256(0x00 || data), a node SHA-256(0x01 || left || right),
the empty tree SHA-256(""). The data of leaf i is the 32-byte hash of the chain's entry i + 1, which commits to the whole entry
(docs/adr/0010). Proofs and their checks follow RFC 9162 sections 2.1.3 and 2.1.4.

Storage is that of C2SP tlog-tiles: a tile holds up to 256 neighbouring hashes of one level, 32 bytes each; one hash of level n + 1
stands for a full tile of level n. So a tree of ten million leaves has four levels, and a proof reads a handful of tiles. Sizes count
leaves, indexes count from 0, every hash is 32 bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import Final

import msgspec

from hikeshi.errors import Refused, Unreadable
from hikeshi.hash_tree import EMPTY_ROOT, HASH, Roots, leaf_hash, node_hash

__all__ = [
    "EMPTY_ROOT", "HASH", "TILE_BYTES", "TILE_HEIGHT", "TILE_WIDTH", "ReadTile", "Roots", "TileAt", "consistency", "consistent", "extend",
    "includes", "inclusion", "leaf_hash", "node_hash", "root",
]  # fmt: skip

TILE_HEIGHT: Final = 8
TILE_WIDTH: Final = 1 << TILE_HEIGHT
TILE_BYTES: Final = TILE_WIDTH * HASH

ReadTile = Callable[[int, int], bytes]
"""(level, index) to the hashes of that tile; b"" where there is none. It may hold more hashes than the tree asked about has."""


class TileAt(msgspec.Struct, frozen=True):
    """The hashes of one tile, and where they belong."""

    level: int
    index: int
    hashes: bytes


def extend(size: int, leaves: Iterable[bytes], read: ReadTile) -> Iterator[TileAt]:
    """The tiles that change when `leaves` (leaf hashes) are added to a tree of `size`: full ones as they fill, the partial ones last.

    Constant memory: one partial tile per level. Raises `Unreadable` where a tile of the tree there was is not whole.
    """
    edges = [_edge(level, size, read) for level in range(_levels(size))] or [bytearray()]
    widths = [size >> TILE_HEIGHT * level for level in range(len(edges))]  # hashes so far, level by level
    touched = 0
    for leaf in leaves:
        level, carried = 0, leaf
        while carried:
            if level == len(edges):
                edges.append(bytearray())
                widths.append(0)
            edges[level] += carried
            widths[level] += 1
            touched = max(touched, level + 1)
            carried = b""
            if len(edges[level]) == TILE_BYTES:
                full = bytes(edges[level])
                yield TileAt(level, (widths[level] >> TILE_HEIGHT) - 1, full)
                edges[level].clear()
                level, carried = level + 1, _whole(full)
    for level in range(touched):
        if edges[level]:
            yield TileAt(level, widths[level] >> TILE_HEIGHT, bytes(edges[level]))


def root(size: int, read: ReadTile) -> bytes:
    """The root of the tree over the first `size` leaves. Raises `Unreadable` for a tile that is missing or too short."""
    return _span(0, size, cache(read)) if size else EMPTY_ROOT


def inclusion(index: int, size: int, read: ReadTile) -> list[bytes]:
    """The siblings of leaf `index` on its way to the root over `size` leaves, the leaf's own first.

    Raises `Refused` for a leaf the tree does not have, `Unreadable` for a tile that is missing or too short.
    """
    if not 0 <= index < size:
        raise Refused(f"A tree of {size} leaves has no leaf {index}.", hint="Sign a checkpoint over the entry first.")
    read = cache(read)
    siblings: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            siblings.append(_span(middle, end, read))
            end = middle
        else:
            siblings.append(_span(start, middle, read))
            start = middle
    return siblings[::-1]


def consistency(old: int, new: int, read: ReadTile) -> list[bytes]:
    """What shows that the tree over `new` leaves begins with that over `old`; empty where one of the two says nothing more.

    Raises `Refused` where `old` is the larger one, `Unreadable` for a tile that is missing or too short.
    """
    if not 0 <= old <= new:
        raise Refused(f"A tree of {new} leaves cannot begin with one of {old}.", hint="Give the smaller size first.")
    if old in {0, new}:
        return []
    read = cache(read)
    hashes: list[bytes] = []
    start, end = 0, new
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            hashes.append(_span(middle, end, read))
            end = middle
        else:
            hashes.append(_span(start, middle, read))
            start = middle
    if start:  # the old tree is not one whole subtree of the new one, so its last part has to be given
        hashes.append(_span(start, end, read))
    return hashes[::-1]


def includes(leaf: bytes, index: int, size: int, proof: Sequence[bytes], expected: bytes) -> bool:
    """Whether `proof` leads from the leaf hash `leaf` at `index` to the root `expected` over `size` leaves (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size or any(len(one) != HASH for one in (leaf, *proof, expected)):
        return False
    node, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if node & 1 or node == last:
            found = node_hash(sibling, found)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and found == expected


def consistent(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether `proof` shows that the tree of `new` leaves begins with that of `old` leaves (RFC 9162, 2.1.4.2)."""
    if not 0 <= old <= new or any(len(one) != HASH for one in (old_root, new_root, *proof)):
        return False
    if old == new:
        return not proof and old_root == new_root
    if old == 0:
        return not proof and old_root == EMPTY_ROOT
    if not proof:
        return False
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    node, last = old - 1, new - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    before = after = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            before, after = node_hash(sibling, before), node_hash(sibling, after)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            after = node_hash(after, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and before == old_root and after == new_root


def _split(width: int) -> int:
    """The largest power of two below `width`, where RFC 6962 divides a tree of that many leaves."""
    return 1 << (width - 1).bit_length() - 1


def _span(start: int, end: int, read: ReadTile) -> bytes:
    """The hash of the leaves from `start` up to `end`; `start` is a multiple of the largest power of two in `end - start`."""
    width = end - start
    if width & (width - 1) == 0:
        return _complete(start, width, read)
    middle = start + _split(width)
    return node_hash(_span(start, middle, read), _span(middle, end, read))


def _complete(start: int, width: int, read: ReadTile) -> bytes:
    """The hash of a complete subtree of `width` leaves (a power of two) that begins at `start`."""
    level, height = divmod(width.bit_length() - 1, TILE_HEIGHT)
    first = start >> TILE_HEIGHT * level  # counted in hashes of that level
    index, offset = divmod(first, TILE_WIDTH)
    return _whole(_part(level, index, offset, 1 << height, read))


def _part(level: int, index: int, offset: int, count: int, read: ReadTile) -> bytes:
    hashes = read(level, index)[offset * HASH : (offset + count) * HASH]
    if len(hashes) != count * HASH:
        raise Unreadable(
            "the tile is missing or too short", source="Merkle tree", place=f"level {level}, tile {index}",
            hint="`hikeshi audit verify` says what else is damaged.",
        )  # fmt: skip
    return hashes


def _whole(hashes: bytes) -> bytes:
    """The root of a complete subtree whose leaves are `hashes`, a power of two of them."""
    while len(hashes) > HASH:
        pairs = range(0, len(hashes), 2 * HASH)
        hashes = b"".join(hashlib.sha256(b"\x01" + hashes[at : at + 2 * HASH]).digest() for at in pairs)
    return hashes


def _levels(size: int) -> int:
    """How many levels of tiles a tree of `size` leaves has."""
    return -(-size.bit_length() // TILE_HEIGHT)


def _edge(level: int, size: int, read: ReadTile) -> bytearray:
    """The hashes of the partial tile at the right edge of `level`."""
    index, width = divmod(size >> TILE_HEIGHT * level, TILE_WIDTH)
    return bytearray(_part(level, index, 0, width, read)) if width else bytearray()
