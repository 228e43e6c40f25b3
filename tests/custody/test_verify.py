"""Whatever is done to a chain is found, and found at its place."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given, strategies as st

from hikeshi.custody.chain import EMPTY, Entry, entry_hash, seal_entry
from hikeshi.custody.verify import PROBLEMS_KEPT, Verdict, verify

START = datetime(2026, 11, 6, 12, 0, tzinfo=UTC)


def grow(length: int, head: tuple[int, str] = EMPTY, actor: str = "aoki") -> Iterator[Entry]:
    for number in range(length):
        entry = seal_entry(
            head,
            chain="INC-2026-001",
            time=START + timedelta(seconds=number),
            actor=actor,
            door="cli",
            verb="incidents.note",
            object="INC-2026-001",
            data={"number": number},
        )
        head = entry.head
        yield entry


def rehashed(entry: Entry, **changes: Any) -> Entry:
    """An edit by somebody who knows how the chain works."""
    edited = msgspec.structs.replace(entry, **changes)
    return msgspec.structs.replace(edited, hash=entry_hash(edited))


def places(verdict: Verdict) -> list[tuple[str, int]]:
    return [(problem.kind, problem.seq) for problem in verdict.problems]


lengths = st.integers(2, 12)
edits = st.sampled_from(
    [
        {"actor": "mallory"},
        {"verb": "x"},
        {"time": "2026-11-06T12:00:00.000001Z"},
        {"sealed": msgspec.Raw(b"{}")},
        {"door": "api"},
        {"object": "y"},
    ]
)


@given(lengths)
def test_an_untouched_chain_is_whole(length: int) -> None:
    chain = list(grow(length))
    verdict = verify(chain, expected_head=chain[-1].head)
    assert (verdict.ok, verdict.count, verdict.head, places(verdict)) == (True, length, chain[-1].head, [])


def test_an_empty_chain_is_whole_unless_something_is_expected() -> None:
    assert verify([]).ok
    assert places(verify([], expected_head=(3, "ab" * 32))) == [("cut-off", 1)]


@given(lengths, st.data(), edits)
def test_an_edit_is_found_at_its_place(length: int, data: st.DataObject, edit: dict[str, Any]) -> None:
    chain = list(grow(length))
    at = data.draw(st.integers(0, length - 1))
    chain[at] = msgspec.structs.replace(chain[at], **edit)
    assert places(verify(chain)) == [("edited", at + 1)]


@given(lengths, st.data(), edits)
def test_an_edit_with_a_recomputed_hash_breaks_the_next_link(
    length: int, data: st.DataObject, edit: dict[str, Any]
) -> None:
    chain = list(grow(length))
    at = data.draw(st.integers(0, length - 2))
    chain[at] = rehashed(chain[at], **edit)
    assert places(verify(chain)) == [("broken-link", at + 2)]


@given(lengths, edits)
def test_a_recomputed_last_entry_is_found_by_the_noted_head(length: int, edit: dict[str, Any]) -> None:
    chain = list(grow(length))
    head = chain[-1].head
    chain[-1] = rehashed(chain[-1], **edit)
    assert verify(chain).ok
    assert places(verify(chain, expected_head=head)) == [("rewritten", length)]


@given(lengths, st.data())
def test_a_chain_recomputed_from_some_place_on_is_found_by_the_noted_head(length: int, data: st.DataObject) -> None:
    chain = list(grow(length))
    at = data.draw(st.integers(0, length - 1))
    forged = [*chain[:at], *grow(length - at + 2, chain[at - 1].head if at else EMPTY, actor="mallory")]
    assert verify(forged).ok
    assert places(verify(forged, expected_head=chain[-1].head)) == [("rewritten", length)]


@given(lengths, st.data())
def test_a_deletion_is_found_at_its_place(length: int, data: st.DataObject) -> None:
    chain = list(grow(length))
    at = data.draw(st.integers(0, length - 2))
    del chain[at]
    assert places(verify(chain)) == [("missing", at + 1)]


@given(st.integers(4, 12), st.data())
def test_a_deletion_with_later_entries_renumbered_is_found(length: int, data: st.DataObject) -> None:
    chain = list(grow(length))
    at = data.draw(st.integers(0, length - 2))
    del chain[at]
    chain[at:] = [rehashed(entry, seq=entry.seq - 1) for entry in chain[at:]]
    assert ("broken-link", at + 1) in places(verify(chain))


@given(lengths, st.data())
def test_an_insertion_is_found_at_its_place(length: int, data: st.DataObject) -> None:
    chain = list(grow(length))
    at = data.draw(st.integers(1, length - 1))
    forged = next(grow(1, chain[at - 1].head, actor="mallory"))
    chain.insert(at, forged)
    found = places(verify(chain))
    assert found[0] == ("out-of-order", at + 1)
    assert set(found) <= {("out-of-order", at + 1), ("broken-link", at + 2)}


@given(lengths, st.data())
def test_a_repeated_entry_is_found(length: int, data: st.DataObject) -> None:
    chain = list(grow(length))
    at = data.draw(st.integers(0, length - 1))
    chain.insert(at, chain[at])
    assert places(verify(chain)) == [("out-of-order", at + 1)]


@given(lengths, st.data())
def test_two_entries_changing_places_is_found(length: int, data: st.DataObject) -> None:
    chain = list(grow(length))
    at = data.draw(st.integers(0, length - 2))
    chain[at], chain[at + 1] = chain[at + 1], chain[at]
    assert places(verify(chain)) == [("missing", at + 1), ("out-of-order", at + 1)]


@given(lengths, st.randoms())
def test_any_other_order_is_found(length: int, random: Any) -> None:
    chain = list(grow(length))
    random.shuffle(chain)
    assert verify(chain).ok == all(one.seq < two.seq for one, two in pairwise(chain))


@given(lengths, st.data())
def test_a_cut_off_tail_is_found_by_the_noted_head(length: int, data: st.DataObject) -> None:
    chain = list(grow(length))
    kept = data.draw(st.integers(0, length - 1))
    assert verify(chain[:kept]).ok
    assert places(verify(chain[:kept], expected_head=chain[-1].head)) == [("cut-off", kept + 1)]


@given(lengths, st.data())
def test_a_chain_that_has_grown_since_the_head_was_noted_is_whole(length: int, data: st.DataObject) -> None:
    chain = list(grow(length))
    noted = chain[data.draw(st.integers(0, length - 1))].head
    assert verify(chain, expected_head=noted).ok


def test_every_place_is_named_and_checking_goes_on() -> None:
    chain = list(grow(9))
    chain[1] = msgspec.structs.replace(chain[1], actor="mallory")
    chain[6] = msgspec.structs.replace(chain[6], chain="INC-2026-002")
    del chain[4]
    verdict = verify(chain)
    assert places(verdict) == [("edited", 2), ("missing", 5), ("edited", 7), ("other-chain", 7)]
    assert (verdict.ok, verdict.count, verdict.head.seq) == (False, 8, 9)
    assert all(problem.what.en != problem.what.ja for problem in verdict.problems)


@given(lengths, st.data())
def test_a_part_is_checked_on_the_head_it_follows(length: int, data: st.DataObject) -> None:
    chain = list(grow(length))
    at = data.draw(st.integers(1, length - 1))
    assert verify(chain[at:], after=chain[at - 1].head, expected_head=chain[-1].head).ok
    assert places(verify(chain[at:], after=(at, "ab" * 32))) == [("broken-link", at + 1)]


def test_a_head_that_says_nothing_was_written_has_the_hash_of_nothing() -> None:
    assert places(verify(grow(2), expected_head=(0, "ab" * 32))) == [("rewritten", 0)]


def test_an_entry_from_another_chain_is_found_even_with_good_hashes() -> None:
    chain = list(grow(3))
    stranger = rehashed(next(grow(1, chain[-1].head)), chain="INC-2026-002")
    assert places(verify([*chain, stranger])) == [("other-chain", 4)]


@pytest.mark.parametrize("text", [b'{"value":1.5}', b'{"number": 1}', b'{"number":1', b"", b"\xff"])
def test_content_that_can_never_have_been_sealed_counts_as_edited(text: bytes) -> None:
    chain = list(grow(3))
    chain[1] = msgspec.structs.replace(chain[1], sealed=msgspec.Raw(text))
    assert places(verify(chain)) == [("edited", 2)]


def test_memory_stays_constant_even_when_everything_is_damaged() -> None:
    broken = (msgspec.structs.replace(entry, actor="mallory") for entry in grow(1500))
    tracemalloc.start()
    verdict = verify(broken)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (verdict.problem_count, len(verdict.problems)) == (1500, PROBLEMS_KEPT)
    assert peak < 2_000_000
