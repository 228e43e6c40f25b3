"""Both searches find the same."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from hikeshi.events.fast.finding import finder


@given(st.binary(max_size=200), st.binary(min_size=1, max_size=4), st.integers(0, 220))
def test_what_is_found_is_what_python_finds(text: bytes, looked_for: bytes, at: int) -> None:
    pytest.importorskip("stringzilla")
    for whole in (text, bytearray(text + looked_for + text)):
        assert finder(whole)(looked_for, at) == whole.find(looked_for, at)


def test_what_was_written_meanwhile_is_seen() -> None:
    text = bytearray(b"a,b,c")
    find = finder(text)
    text[find(b",", 0)] = ord("\n")
    assert find(b",", 0) == 3
