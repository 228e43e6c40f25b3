"""The tree against a naive one written from the RFC's own definitions, and every damaged bit of a proof."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import example, given, strategies as st

from hikeshi.custody.merkle import (
    EMPTY_ROOT,
    HASH,
    TILE_BYTES,
    ReadTile,
    Roots,
    consistency,
    consistent,
    extend,
    includes,
    inclusion,
    leaf_hash,
    root,
)
from hikeshi.errors import Refused, Unreadable

LEAVES = [leaf_hash(number.to_bytes(4)) for number in range(66_000)]
Tiles = dict[tuple[int, int], bytes]


def grown(size: int, steps: Sequence[int] = ()) -> Tiles:
    """The tiles of a tree, grown in several goes."""
    tiles: Tiles = {}
    before = 0
    for until in [*steps, size]:
        for tile in extend(before, LEAVES[before:until], lambda level, index: tiles.get((level, index), b"")):
            tiles[tile.level, tile.index] = tile.hashes
        before = until
    return tiles


def reader(tiles: Tiles) -> ReadTile:
    return lambda level, index: tiles.get((level, index), b"")


def naive_root(leaves: Sequence[bytes]) -> bytes:
    """RFC 6962, section 2.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\x01" + naive_root(leaves[:split]) + naive_root(leaves[split:])).digest()


def naive_path(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """RFC 6962, section 2.1.1, word for word."""
    if len(leaves) == 1:
        return []
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    if index < split:
        return [*naive_path(index, leaves[:split]), naive_root(leaves[split:])]
    return [*naive_path(index - split, leaves[split:]), naive_root(leaves[:split])]


def naive_consistency(old: int, leaves: Sequence[bytes], whole: bool = True) -> list[bytes]:
    """RFC 6962, section 2.1.2, word for word."""
    if old == len(leaves):
        return [] if whole else [naive_root(leaves)]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    if old <= split:
        return [*naive_consistency(old, leaves[:split], whole), naive_root(leaves[split:])]
    return [*naive_consistency(old - split, leaves[split:], whole=False), naive_root(leaves[:split])]


def flipped(value: bytes) -> Iterator[bytes]:
    for bit in range(len(value) * 8):
        yield value[: bit // 8] + bytes([value[bit // 8] ^ 1 << bit % 8]) + value[bit // 8 + 1 :]


sizes = st.integers(1, 1200)


@given(sizes, st.lists(sizes, max_size=4))
@example(65_536, [])
@example(65_999, [1, 255, 256, 257, 65_535, 65_536])
def test_a_tree_is_the_same_however_it_grew(size: int, steps: list[int]) -> None:
    tiles = grown(size, sorted({step for step in steps if step < size}))
    assert tiles == grown(size)
    assert root(size, reader(tiles)) == naive_root(LEAVES[:size])


def test_the_tiles_are_those_of_the_specification() -> None:
    """The example of tlog-tiles, smaller: 65,792 leaves are 257 full tiles, one full above them and one with a single hash twice over."""
    tiles = grown(65_792)
    widths = {place: len(hashes) // HASH for place, hashes in tiles.items()}
    assert widths == {**{(0, index): 256 for index in range(257)}, (1, 0): 256, (1, 1): 1, (2, 0): 1}
    assert tiles[1, 0][:HASH] == naive_root(LEAVES[:256])


def test_the_empty_tree_has_the_root_of_the_rfc() -> None:
    assert root(0, reader({})) == Roots().root() == EMPTY_ROOT
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_the_root_of_the_published_example_comes_out() -> None:
    """The eight leaves that implementations of Certificate Transparency have tested themselves with since 2012."""
    data = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
    tiles: Tiles = {}
    for tile in extend(0, [leaf_hash(bytes.fromhex(one)) for one in data], reader({})):
        tiles[tile.level, tile.index] = tile.hashes
    assert root(8, reader(tiles)).hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


def test_one_leaf_costs_one_tile_per_level_at_most() -> None:
    tiles = grown(65_535)
    again = list(extend(65_535, LEAVES[65_535:65_536], reader(tiles)))
    assert [(tile.level, tile.index) for tile in again] == [(0, 255), (1, 0), (2, 0)]
    assert sum(len(tile.hashes) for tile in again) <= 3 * TILE_BYTES


@given(sizes)
def test_the_roots_of_one_pass_are_those_of_the_tiles(size: int) -> None:
    roots = Roots()
    for leaf in LEAVES[:size]:
        roots.add(leaf)
    assert (roots.size, roots.root()) == (size, naive_root(LEAVES[:size]))


@given(sizes, st.data())
def test_inclusion_is_proven_as_the_rfc_says(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion(index, size, reader(grown(size + 7)))
    assert proof == naive_path(index, LEAVES[:size])
    assert includes(LEAVES[index], index, size, proof, naive_root(LEAVES[:size]))


@given(sizes, st.data())
def test_no_proof_holds_for_another_place_leaf_or_length(size: int, data: st.DataObject) -> None:
    index, other = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size + 3))
    proof, whole = inclusion(index, size, reader(grown(size))), naive_root(LEAVES[:size])
    assert includes(LEAVES[index], other, size, proof, whole) == (other == index)
    assert not includes(LEAVES[index + 1], index, size, proof, whole)
    assert not includes(LEAVES[index], index, size, [*proof, LEAVES[0]], whole)
    assert not includes(LEAVES[index], index, size, proof[:-1], whole) or not proof


@given(sizes, st.data())
def test_consistency_is_proven_as_the_rfc_says(new: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, new))
    proof = consistency(old, new, reader(grown(new)))
    assert proof == naive_consistency(old, LEAVES[:new])
    before, after = naive_root(LEAVES[:old]), naive_root(LEAVES[:new])
    assert consistent(old, before, new, after, proof)
    assert not consistent(old, before, new, after, [*proof, LEAVES[0]])
    assert not consistent(old, LEAVES[0] if old > 1 else LEAVES[1], new, after, proof)


def test_nothing_is_consistent_with_everything() -> None:
    whole = naive_root(LEAVES[:5])
    assert consistent(0, EMPTY_ROOT, 5, whole, [])
    assert not consistent(0, LEAVES[0], 5, whole, [])
    assert not consistent(5, whole, 4, whole, [])


@pytest.mark.parametrize(("index", "size"), [(0, 1), (2, 5), (6, 7), (255, 300)])
def test_every_flipped_bit_of_an_inclusion_proof_is_found(index: int, size: int) -> None:
    proof, whole = inclusion(index, size, reader(grown(size))), naive_root(LEAVES[:size])
    for at, sibling in enumerate(proof):
        assert not any(
            includes(LEAVES[index], index, size, [*proof[:at], bad, *proof[at + 1 :]], whole)
            for bad in flipped(sibling)
        )
    assert not any(includes(bad, index, size, proof, whole) for bad in flipped(LEAVES[index]))
    assert not any(includes(LEAVES[index], index, size, proof, bad) for bad in flipped(whole))


@pytest.mark.parametrize(("old", "new"), [(1, 2), (3, 7), (4, 8), (256, 300), (299, 300)])
def test_every_flipped_bit_of_a_consistency_proof_is_found(old: int, new: int) -> None:
    proof = consistency(old, new, reader(grown(new)))
    before, after = naive_root(LEAVES[:old]), naive_root(LEAVES[:new])
    for at, one in enumerate(proof):
        assert not any(
            consistent(old, before, new, after, [*proof[:at], bad, *proof[at + 1 :]]) for bad in flipped(one)
        )
    assert not any(consistent(old, bad, new, after, proof) for bad in flipped(before))
    assert not any(consistent(old, before, new, bad, proof) for bad in flipped(after))


@given(st.integers(), st.integers(), st.lists(st.binary(max_size=40), max_size=6), st.binary(max_size=40))
def test_foreign_proofs_are_no_proofs_and_no_errors(index: int, size: int, proof: list[bytes], other: bytes) -> None:
    assert not includes(other, index, size, proof, b"x" * HASH)
    assert not consistent(index, b"x" * HASH, size, b"y" * HASH, proof)


def test_what_is_not_in_the_tree_has_no_proof() -> None:
    with pytest.raises(Refused, match="no leaf 5"):
        inclusion(5, 5, reader(grown(5)))
    with pytest.raises(Refused, match="cannot begin"):
        consistency(6, 5, reader(grown(5)))


def test_a_tile_that_is_missing_or_short_is_named() -> None:
    tiles = grown(300)
    tiles[0, 1] = tiles[0, 1][:-1]
    with pytest.raises(Unreadable, match="level 0, tile 1"):
        inclusion(3, 300, reader(tiles))
    with pytest.raises(Unreadable, match="level 0, tile 1"):
        list(extend(300, LEAVES[:1], reader(tiles)))
