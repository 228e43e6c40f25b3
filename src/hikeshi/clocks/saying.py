"""How a rule counts, in words."""

from __future__ import annotations

from hikeshi.clocks.moments import MOMENTS
from hikeshi.clocks.rule import (
    BusinessDaysAfter,
    Counting,
    DaysAfter,
    Elapsed,
    ExactHours,
    FirstOf,
    MonthsAfter,
    NoNumber,
    StartDayIsDay1,
)
from hikeshi.text import Text


def in_words(counting: Counting) -> Text:
    """How long, from which day on, in which zone, and what closed days do."""
    match counting:
        case Elapsed():
            return _time(counting.seconds)
        case ExactHours():
            return Text(f"{_many(counting.hours, 'hour')}, {counting.tz}", f"{counting.hours}時間、{counting.tz}")
        case FirstOf():
            limbs = [(limb.hours, MOMENTS[limb.anchor]) for limb in counting.limbs]
            return Text(
                "the first of " + ", ".join(f"{hours} h after: {what.en}" for hours, what in limbs),
                "最も早いもの: " + "、".join(f"「{what.ja}」から{hours}時間" for hours, what in limbs),
            )
        case NoNumber():
            return Text("without delay, no number", "遅滞なく（日数の定めなし）")
        case _:
            return _days(counting)


def _time(seconds: int) -> Text:
    for unit, en, ja in ((86400, "day", "日間"), (3600, "hour", "時間"), (60, "minute", "分")):
        if seconds % unit == 0:
            return Text(_many(seconds // unit, en), f"{seconds // unit}{ja}")
    return Text(_many(seconds, "second"), f"{seconds}秒")


def _many(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _days(counting: DaysAfter | StartDayIsDay1 | BusinessDaysAfter | MonthsAfter) -> Text:
    match counting:
        case StartDayIsDay1():
            en, ja = f"{_many(counting.days, 'day')}, the first day is day 1", f"初日を算入して{counting.days}日"
        case BusinessDaysAfter():
            en, ja = (
                f"{_many(counting.days, 'open day')}, the first day is day 0",
                f"初日を算入せず開庁日で{counting.days}日",
            )
        case MonthsAfter():
            en, ja = _many(counting.months, "month"), f"{counting.months}か月"
        case DaysAfter():
            en, ja = f"{_many(counting.days, 'day')}, the first day is day 0", f"初日を算入せず{counting.days}日"
    if counting.roll == "next_open_day":
        en, ja = f"{en}, a closed last day moves to the next open one", f"{ja}、末日が閉庁日なら次の開庁日"
    if counting.until != "end_of_day":
        en, ja = f"{en}, until {counting.until}", f"{ja}、{counting.until}まで"
    if counting.calendar:
        en, ja = f"{en} ({counting.calendar})", f"{ja}（{counting.calendar}）"
    return Text(f"{en}, {counting.tz}", f"{ja}、{counting.tz}")
