"""The ordered hash of blocks that come in any order."""

from __future__ import annotations

import hashlib
import random
import threading
import time

import pytest
from hypothesis import given, strategies as st

from hikeshi.actions.aws.acquisition.image_hash import ImageHash, Listed, Read, hash_blocks, in_order
from hikeshi.actions.aws.acquisition.resumable_sha256 import ResumableSha256, _library
from hikeshi.errors import Failed

BLOCK = 128


def block(index: int) -> bytes:
    return random.Random(index).randbytes(BLOCK)


def read(one: Listed) -> Read:
    data = block(one.index)
    return Read(one.index, data, hashlib.sha256(data).digest())


def listed(indexes: list[int]) -> list[Listed]:
    return [Listed(index, "") for index in indexes]


@given(st.sets(st.integers(0, 39)), st.integers(0, 40))
def test_it_is_the_hash_of_the_image_however_often_it_stops(there: set[int], stop: int) -> None:
    whole = b"".join(block(index) if index in there else bytes(BLOCK) for index in range(40))
    first = ImageHash(BLOCK)
    hash_blocks(first, listed(sorted(index for index in there if index < stop)), read, until=stop)
    then = ImageHash(BLOCK, at=first.at, state=first.state, peaks=first.peaks)
    hash_blocks(then, listed(sorted(index for index in there if index >= stop)), read, until=40)
    once = ImageHash(BLOCK)
    hash_blocks(once, listed(sorted(there)), read, until=40)
    assert then.sha256 == once.sha256 == hashlib.sha256(whole).hexdigest()
    assert then.merkle_root == once.merkle_root


def test_slow_blocks_are_read_side_by_side_and_come_in_order() -> None:
    at_work, most, lock = set(), 0, threading.Lock()

    def slow(one: Listed) -> Read:
        nonlocal most
        with lock:
            at_work.add(one.index)
            most = max(most, len(at_work))
        time.sleep(0.002 * (one.index % 3))
        with lock:
            at_work.remove(one.index)
        return read(one)

    came = [one.index for one in in_order(listed(list(range(60))), slow, at_once=8, ahead=16)]
    assert came == list(range(60))
    assert 1 < most <= 8


def test_what_a_reader_raises_ends_it() -> None:
    def broken(one: Listed) -> Read:
        if one.index == 5:
            raise Failed("lost", permanent=False)
        return read(one)

    with pytest.raises(Failed, match="lost"):
        list(in_order(listed(list(range(100))), broken, at_once=4, ahead=8))


def test_a_list_that_goes_back_is_refused() -> None:
    with pytest.raises(Failed, match="Block 2 came after block 3"):
        hash_blocks(ImageHash(BLOCK), listed([3, 2]), read, until=8)


def test_without_openssl_it_hashes_but_cannot_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    state = ResumableSha256().state
    assert len(state) == 80
    monkeypatch.setattr("ctypes.util.find_library", lambda _: "no-such-library")
    _library.cache_clear()
    try:
        plain = ResumableSha256()
        plain.update(b"abc")
        assert (plain.state, plain.hexdigest()) == ("", hashlib.sha256(b"abc").hexdigest())
        with pytest.raises(Failed, match="cannot be gone on"):
            ResumableSha256(state)
    finally:
        _library.cache_clear()
