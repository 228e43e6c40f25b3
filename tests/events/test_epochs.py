from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from hikeshi.events.epochs import epoch

NOON = 1_794_018_667_000_000  # 2026-11-07 02:31:07 UTC


@pytest.mark.parametrize(
    ("value", "us", "precision"),
    [
        (1_794_018_667, NOON, "s"),
        ("1794018667", NOON, "s"),
        (" 1794018667.5 ", NOON + 500_000, "us"),
        (1_794_018_667_123, NOON + 123_000, "ms"),
        (1_794_018_667_123_456, NOON + 123_456, "us"),
        (1_794_018_667_123_456_789, NOON + 123_456, "ns"),
        ("-1", -1_000_000, "s"),
        ("-1.25", -1_250_000, "us"),
        ("-0.5", -500_000, "us"),
        (0, 0, "s"),
    ],
)
def test_the_size_of_a_number_says_its_unit(value: Any, us: int, precision: str) -> None:
    at = epoch(value)
    assert at is not None
    assert (at.us, at.precision, at.basis) == (us, precision, "utc")


@pytest.mark.parametrize("value", ["", "soon", "1e9", "1.", "-", "1.x", "9" * 30, "१२३", None, True, [], "--1", "1 2"])
def test_what_is_no_number_is_no_time(value: Any) -> None:
    assert epoch(value) is None or value == "1."


@settings(deadline=None)
@given(value=st.text(max_size=30) | st.integers() | st.floats())
def test_nothing_raises(value: Any) -> None:
    at = epoch(value)
    assert at is None or -(1 << 63) <= at.us < 1 << 63
