"""Counting shifts: no overlaps, no gap unless nobody is on, over changes of the clocks and of the year."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings, strategies as st

from hikeshi.desk.oncall.turns import LONGEST, Gap, Override, Part, Shift, gaps, turns

TOKYO, BERLIN, NEW_YORK = "Asia/Tokyo", "Europe/Berlin", "America/New_York"
ZONES = (TOKYO, BERLIN, NEW_YORK, "UTC", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca")

days = st.dates(date(2009, 12, 20), date(2031, 1, 10))
times = st.times().map(lambda at: at.replace(microsecond=0, tzinfo=None))
parts = st.builds(
    Part, zone=st.sampled_from(ZONES), members=st.lists(st.integers(1, 5), min_size=1, max_size=5).map(tuple), since=days,
    at=times, days=st.integers(1, 31), begin=st.none(), end=st.none(),
)  # fmt: skip
windows = st.builds(lambda part, begin, end: part._replace(begin=begin, end=end), parts, times, times)
moments = days.map(lambda day: datetime(day.year, day.month, day.day, 5, 30, tzinfo=UTC))
stretches = st.tuples(moments, st.integers(1, 60).map(lambda n: timedelta(days=n)))
overrides = st.lists(
    st.builds(
        lambda start, hours, member, covers: Override(start, start + timedelta(hours=hours), member, covers),
        moments, st.integers(1, 500), st.integers(6, 9), st.none() | st.integers(1, 5),
    ),
    max_size=4,
)  # fmt: skip


def in_order(shifts: list[Shift], start: datetime, end: datetime) -> None:
    assert all(one.start < one.end for one in shifts)
    assert all(one.end <= two.start for one, two in pairwise(shifts))
    assert not shifts or (start <= shifts[0].start and shifts[-1].end <= end)


@given(parts, stretches)
def test_a_whole_day_part_has_no_gap_once_it_has_begun(part: Part, stretch: tuple[datetime, timedelta]) -> None:
    start, end = stretch[0], stretch[0] + stretch[1]
    found = turns([part], start, end)
    in_order(found, start, end)
    begun = datetime.combine(part.since, part.at, ZoneInfo(part.zone)).astimezone(UTC)
    assert gaps(found, start, end) == ([Gap(start, min(begun, end))] if begun > start else [])


@given(st.lists(parts | windows, max_size=4), overrides, stretches)
@settings(max_examples=150)
def test_shifts_never_overlap_and_with_the_gaps_fill_the_time(
    some: list[Part], covers: list[Override], stretch: tuple[datetime, timedelta]
) -> None:
    start, end = stretch[0], stretch[0] + stretch[1]
    found = turns(some, start, end, overrides=covers)
    in_order(found, start, end)
    holes = gaps(found, start, end)
    spans = [(one.start, one.end) for one in found] + [(one.start, one.end) for one in holes]
    assert sum((until - since for since, until in spans), timedelta()) == end - start


@given(parts, stretches, st.integers(1, 1439))
def test_two_halves_are_the_whole(part: Part, stretch: tuple[datetime, timedelta], minutes: int) -> None:
    start, end = stretch[0], stretch[0] + stretch[1]
    middle = start + timedelta(minutes=minutes)

    def on(shifts: list[Shift], at: datetime) -> list[int]:
        return [one.member for one in shifts if one.start <= at < one.end]

    whole, halves = turns([part], start, end), turns([part], start, middle) + turns([part], middle, end)
    for hour in range(0, int((end - start) / timedelta(hours=1)), 5):
        at = start + timedelta(hours=hour)
        assert on(whole, at) == on(halves, at)


@given(st.lists(st.tuples(moments, st.integers(1, 200), st.integers(1, 5)), max_size=6), stretches)
def test_fixed_shifts_that_overlap_are_cut(
    given_shifts: list[tuple[datetime, int, int]], stretch: tuple[datetime, timedelta]
) -> None:
    start, end = stretch[0], stretch[0] + stretch[1]
    fixed = [Shift(at, at + timedelta(hours=hours), member, "fixed") for at, hours, member in given_shifts]
    in_order(turns([], start, end, fixed=fixed), start, end)


def week(zone: str, since: date, **more: object) -> Part:
    return Part(zone, (1, 2), since, time(9), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("monday", "hours"), [(date(2026, 3, 23), 167), (date(2026, 10, 19), 169), (date(2026, 6, 1), 168)]
)
def test_the_week_of_a_change_of_the_clocks_ends_at_nine_all_the_same(monday: date, hours: int) -> None:
    zone = ZoneInfo(BERLIN)
    start = datetime.combine(monday, time(9), zone)
    first, second = turns([week(BERLIN, monday)], start, start + timedelta(days=14))
    assert (first.member, second.member) == (1, 2)
    assert first.end.astimezone(zone).hour == 9
    assert (first.end - first.start) == timedelta(hours=hours)


def test_a_year_ends_within_a_turn() -> None:
    zone = ZoneInfo(TOKYO)
    start = datetime(2026, 12, 28, 9, tzinfo=zone)
    found = turns([week(TOKYO, date(2026, 12, 28))], start, start + timedelta(days=14))
    assert [(one.member, one.end.astimezone(zone).date()) for one in found] == [
        (1, date(2027, 1, 4)),
        (2, date(2027, 1, 11)),
    ]


def test_three_zones_follow_the_sun() -> None:
    """Eight hours each; summer time in two of the zones makes an overlap and a gap, which is named."""
    since = date(2026, 1, 1)
    sun = [
        Part(zone, (number,), since, time(9), 7, time(9), time(17))
        for number, zone in enumerate((TOKYO, BERLIN, NEW_YORK), 1)
    ]
    start = datetime(2026, 1, 14, tzinfo=UTC)
    found = turns(sun, start, start + timedelta(days=1))
    assert [one.member for one in found] == [1, 2, 3]
    assert [(gap.start.hour, gap.end.hour) for gap in gaps(found, start, start + timedelta(days=1))] == [(22, 0)]


def test_a_window_may_go_over_midnight() -> None:
    night = week("UTC", date(2026, 1, 1), begin=time(22), end=time(6))
    found = turns([night], datetime(2026, 1, 5, 12, tzinfo=UTC), datetime(2026, 1, 6, 12, tzinfo=UTC))
    assert [(one.start.hour, one.end.hour) for one in found] == [(22, 6)]


def test_an_override_takes_only_the_turns_of_whom_it_covers() -> None:
    start = datetime(2026, 1, 1, 9, tzinfo=UTC)
    part = Part("UTC", (1, 2), date(2026, 1, 1), time(9), 1)
    found = turns(
        [part], start, start + timedelta(days=3), overrides=[Override(start, start + timedelta(days=3), 7, 1)]
    )
    assert [(one.member, one.why, one.for_whom) for one in found] == [
        (7, "override", 1),
        (2, "turn", None),
        (7, "override", 1),
    ]


def test_an_override_fills_a_gap_and_a_later_one_goes_over_it() -> None:
    start = datetime(2026, 1, 1, 9, tzinfo=UTC)
    hour = timedelta(hours=1)
    found = turns(
        [], start, start + 4 * hour,
        overrides=[Override(start, start + 3 * hour, 7), Override(start + hour, start + 2 * hour, 8)],
    )  # fmt: skip
    assert [one.member for one in found] == [7, 8, 7]
    assert gaps(found, start, start + 4 * hour) == [Gap(start + 3 * hour, start + 4 * hour)]


def test_whoever_is_nobody_is_a_gap() -> None:
    start = datetime(2026, 1, 1, 9, tzinfo=UTC)
    part = Part("UTC", (1, None), date(2026, 1, 1), time(9), 1)
    assert [one.member for one in turns([part], start, start + timedelta(days=4))] == [1, 1]


@pytest.mark.parametrize("length", [timedelta(), -timedelta(days=1), LONGEST + timedelta(seconds=1)])
def test_a_stretch_must_be_one(length: timedelta) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    with pytest.raises(ValueError, match="stretch"):
        turns([], start, start + length)
