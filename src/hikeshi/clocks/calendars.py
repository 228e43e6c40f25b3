"""Which days are closed. Holidays are written down year by year, from the source named, and a year that is not there is not guessed.

`calendars.yaml` has one calendar each: the days of the week that are closed, ranges that are closed every year, and the holidays of
each year that has been published. Upkeep: once a year, when the next year's days are published.
"""

from __future__ import annotations

import functools
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from hikeshi.errors import Refused
from hikeshi.strict_yaml import read
from hikeshi.text import Text, Words

FILE: Final = Path(__file__).parent / "calendars.yaml"
MonthDay = Annotated[str, Meta(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$")]


class YearMissing(Refused):
    """The calendar has no data for a year that is needed. Somebody has to look; nothing is assumed. `text` says it in both languages."""

    def __init__(self, calendar: str, year: int, known: str) -> None:
        """`known` is the range of years there is data for."""
        message = f"The calendar {calendar} has no holidays for {year} (it has {known})."
        super().__init__(message, hint="Add the year to calendars.yaml from the source named there.")
        self.text = Text(
            str(self),
            f"休日カレンダー {calendar} に {year} 年のデータがありません (データのある年: {known})。出典を確かめて calendars.yaml に追加してください。",
        )


class Calendar(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One authority's open and closed days. `weekend` counts Monday as 0; `every_year` and `holidays` are MM-DD."""

    name: Words
    title: Text
    source: Words
    weekend: tuple[Annotated[int, Meta(ge=0, le=6)], ...]
    every_year: tuple[MonthDay, ...] = ()
    holidays: dict[Annotated[str, Meta(pattern=r"^\d{4}$")], tuple[MonthDay, ...]]

    def is_open(self, day: date) -> bool:
        """Raises `YearMissing` for a year without data, even for a Sunday: who asks, goes on to count from the answer."""
        year = f"{day.year:04d}"
        if year not in self.holidays:
            raise YearMissing(self.name, day.year, f"{min(self.holidays)}-{max(self.holidays)}")
        named = f"{day:%m-%d}"
        return not (day.weekday() in self.weekend or named in self.every_year or named in self.holidays[year])

    def named(self, first: date, last: date) -> list[date]:
        """The days from `first` to `last` that are closed although they are no weekend. Raises `YearMissing` as `is_open` does."""
        days = (first + timedelta(days=count) for count in range((last - first).days + 1))
        return [day for day in days if not self.is_open(day) and day.weekday() not in self.weekend]

    def next_open(self, day: date) -> date:
        """The day itself where it is open, otherwise the first open one after it."""
        while not self.is_open(day):
            day += timedelta(days=1)
        return day

    def last_open(self, day: date) -> date:
        """The day itself where it is open, otherwise the last open one before it."""
        while not self.is_open(day):
            day -= timedelta(days=1)
        return day

    def open_days_after(self, day: date, count: int) -> date:
        """The open day that is `count` open days after `day`, which is itself not counted."""
        for _ in range(count):
            day = self.next_open(day + timedelta(days=1))
        return day


def calendars() -> dict[str, Calendar]:
    """The calendars there are, by name. Read once."""
    return dict(_calendars())


@functools.cache
def _calendars() -> dict[str, Calendar]:
    return {one.name: one for one in read(FILE).convert(list[Calendar])}
