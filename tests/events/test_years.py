"""Years of dates that have none."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, strategies as st

from hikeshi.events import years
from hikeshi.events.years import dates, first_year, turn

NEW_YEAR = datetime(2026, 1, 2, tzinfo=UTC)


def test_the_last_line_is_no_later_than_the_file() -> None:
    assert first_year([(1, 1)], NEW_YEAR) == 2026
    assert first_year([(1, 3)], NEW_YEAR) == 2026  # a clock ahead, or a zone east of UTC
    assert first_year([(1, 4)], NEW_YEAR) == 2025
    assert first_year([], NEW_YEAR) == 2026


def test_each_new_year_on_the_way_is_a_year_earlier() -> None:
    assert first_year([(12, 31), (1, 1)], NEW_YEAR) == 2025
    assert first_year([(3, 1), (12, 1), (2, 1), (11, 30), (1, 1)], NEW_YEAR) == 2024


def test_lines_a_little_out_of_order_turn_no_year() -> None:
    assert first_year([(12, 31), (1, 1), (12, 31), (1, 1)], NEW_YEAR) == 2025
    assert first_year([(6, 30), (7, 1), (6, 30)], NEW_YEAR) == 2025
    assert (turn(12, 1), turn(1, 12), turn(3, 2), turn(9, 5)) == (1, -1, 0, 1)


def test_a_leap_day_needs_a_leap_year() -> None:
    assert first_year([(2, 29)], NEW_YEAR) == 2024
    assert first_year([(12, 1), (2, 29)], datetime(2027, 5, 1, tzinfo=UTC)) == 2023
    assert first_year([(2, 29), (3, 1), (1, 1), (2, 29)], NEW_YEAR) == 2024  # impossible: nothing is turned back for it


@given(cut=st.integers(1, 60))
def test_dates_over_the_edge_of_a_piece_are_seen_once(cut: int) -> None:
    text = b"Dec 31 23:59:59 a b: c\n<13>Jan  1 00:00:01 a b: c\nno date\nFeb 30 00:00:00 x"
    pieces = [text[at : at + cut] for at in range(0, len(text), cut)]
    assert list(dates(pieces)) == [(12, 31), (1, 1), (2, 30)]


@given(
    lines=st.lists(
        st.sampled_from(
            [
                b"Dec 31 23:59:59 a",
                b"Jan  1 00:00:01 a",
                b"Jan  1 none",
                b"<13>Jan  2 00:00:01 a",
                b"<13>Jan  3 00:00:01 a",
                b" more",
                b"",
            ]
        ),
        max_size=20,
    ),
    few=st.sampled_from([1, 40, 4096]),
)
def test_dates_are_the_same_however_much_is_counted_at_once(lines: list[bytes], few: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(years, "FEW", few)
        assert list(dates([b"\n".join(lines)])) == list(dates([line + b"\n" for line in lines]))
