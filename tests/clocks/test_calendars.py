"""The shipped calendars, worked out a second time from the words of the laws they come from."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from hikeshi.clocks.calendars import YearMissing, calendars

DAY = timedelta(days=1)


def nth(year: int, month: int, weekday: int, count: int) -> date:
    """The `count`-th such weekday of a month; -1 is the last one. Monday is 0."""
    if count < 0:
        last = date(year + month // 12, month % 12 + 1, 1) - DAY
        return last - (last.weekday() - weekday) % 7 * DAY
    first = date(year, month, 1)
    return first + ((weekday - first.weekday()) % 7 + 7 * (count - 1)) * DAY


def japan(year: int) -> set[date]:
    """Act on National Holidays (昭和 23 年法律第 178 号) art. 2 and 3; the equinoxes as the almanac reckons them until 2099."""
    since = year - 1980
    spring, autumn = (int(base + 0.242194 * since - since // 4) for base in (20.8431, 23.2488))
    fixed = (
        (1, 1),
        (2, 11),
        (2, 23),
        (3, spring),
        (4, 29),
        (5, 3),
        (5, 4),
        (5, 5),
        (8, 11),
        (9, autumn),
        (11, 3),
        (11, 23),
    )
    mondays = (nth(year, month, 0, count) for month, count in ((1, 2), (7, 3), (9, 3), (10, 2)))
    named = {date(year, *one) for one in fixed} | set(mondays)
    instead = {_free(day, named) for day in named if day.weekday() == 6}  # art. 3 (2)
    between = {day + DAY for day in named if day + 2 * DAY in named}  # art. 3 (3)
    return named | instead | between


def _free(day: date, named: set[date]) -> date:
    while day in named:
        day += DAY
    return day


def federal(year: int) -> set[date]:
    """5 U.S.C. 6103 (a), (b): one on a Saturday is kept on Friday too, one on a Sunday on Monday."""
    fixed = [date(year, *one) for one in ((1, 1), (6, 19), (7, 4), (11, 11), (12, 25))] + [date(year + 1, 1, 1)]
    moving = [nth(year, *one) for one in ((1, 0, 3), (2, 0, 3), (5, 0, -1), (9, 0, 1), (10, 0, 2), (11, 3, 4))]
    kept = {day - DAY if day.weekday() == 5 else day + DAY if day.weekday() == 6 else day for day in fixed}
    return {day for day in {*fixed, *moving, *kept} if day.year == year}


def easter(year: int) -> date:
    """The Gregorian computus (Meeus)."""
    a, (b, c) = year % 19, divmod(year, 100)
    (d, e), g = divmod(b, 4), (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    month, day = divmod(h + m - 7 * n + 114, 31)
    return date(year, month, day + 1)


def brazil(year: int) -> set[date]:
    """Lei 662/1949 as amended, 6.802/1980, 14.759/2023, and Good Friday."""
    fixed = ((1, 1), (4, 21), (5, 1), (9, 7), (10, 12), (11, 2), (11, 15), (11, 20), (12, 25))
    return {date(year, *one) for one in fixed} | {easter(year) - 2 * DAY}


LAWS = {"BR_NATIONAL": brazil, "JP_ADMIN": japan, "US_FEDERAL": federal}


@pytest.mark.parametrize("name", LAWS)
def test_the_days_are_those_of_the_law(name: str) -> None:
    for year, days in calendars()[name].holidays.items():
        written = {date.fromisoformat(f"{year}-{day}") for day in days}
        assert written == LAWS[name](int(year)), year


def test_administrative_organs_are_closed_over_the_new_year() -> None:
    found = calendars()["JP_ADMIN"].named(date(2026, 12, 28), date(2027, 1, 4))
    assert found == [
        date(2026, 12, 29),
        date(2026, 12, 30),
        date(2026, 12, 31),
        date(2027, 1, 1),
    ]  # 2 and 3 January: a weekend


def test_a_year_without_data_is_never_without_holidays() -> None:
    with pytest.raises(YearMissing, match="2099"):
        calendars()["JP_ADMIN"].named(date(2099, 12, 31), date(2100, 1, 4))
