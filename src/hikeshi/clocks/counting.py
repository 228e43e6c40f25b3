"""When a deadline falls, and how it stands now.

`compute` is pure: the rule, the moments recorded so far and the present time give one answer, so that a restart, a second worker and
the command line all say the same. A deadline belongs to its last moment: met at exactly `due_at` is in time.

Where a law leaves a reading open, the earlier one is taken: early is safe.
"""

from __future__ import annotations

import calendar as months
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

import msgspec

from hikeshi.clocks.calendars import YearMissing, calendars
from hikeshi.clocks.moments import MOMENTS, Moment, derived
from hikeshi.clocks.rule import (
    BusinessDaysAfter,
    Counting,
    Days,
    DaysAfter,
    Elapsed,
    ExactHours,
    FirstOf,
    Limb,
    MonthsAfter,
    NoNumber,
    Rule,
    StartDayIsDay1,
    WarnAt,
)
from hikeshi.errors import Refused
from hikeshi.text import Text

JST: Final = ZoneInfo("Asia/Tokyo")

WITHOUT_NUMBER: Final = Text(
    "The duty runs without a date: the text names none. Aim at a target of your own.",
    "期限の数値が定められていない義務です。組織の目標期限を定めて対応してください。",
)

State = Literal[
    "not_started", "running", "due_soon", "overdue", "met", "met_late", "submitted", "submitted_late", "not_applicable",
    "needs_review",
]  # fmt: skip
"""`submitted` is how a duty to report is met. `not_applicable`: the rule is not in force. `needs_review`: a calendar lacks a year."""


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """How one clock stands. Instants are in the zone that the rule counts in; both are None where nothing can be counted."""

    rule: str
    state: State
    due_at: datetime | None
    due_soon_at: datetime | None
    explanation: Text


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What counting gives: the last instant, the first day counted (of rules that count days), the moment counted from, and remarks."""

    due: datetime
    start: datetime
    anchor: str
    first_day: date | None = None
    remark: Text | None = None


def elapsed(counting: Elapsed, anchor: str, moments: Mapping[str, Moment]) -> Found:
    """So many seconds later on the world's clock, counted in UTC: adding in a local zone would follow its wall clock."""
    start = _instant(anchor, moments[anchor], "UTC")
    return Found(due=start + timedelta(seconds=counting.seconds), start=start, anchor=anchor)


def exact_hours(counting: ExactHours, anchor: str, moments: Mapping[str, Moment]) -> Found:
    start = _instant(anchor, moments[anchor], counting.tz)
    return Found(
        due=start + timedelta(hours=counting.hours), start=start, anchor=anchor, remark=_only_a_day(moments[anchor])
    )


def days_after(counting: DaysAfter, anchor: str, moments: Mapping[str, Moment]) -> Found:
    start = _day(anchor, moments[anchor], counting.tz)
    return _ends_on(counting, anchor, start, start + timedelta(days=counting.days), start + timedelta(days=1))


def start_day_is_day_1(counting: StartDayIsDay1, anchor: str, moments: Mapping[str, Moment]) -> Found:
    start = _day(anchor, moments[anchor], counting.tz)
    return _ends_on(counting, anchor, start, start + timedelta(days=counting.days - 1), start)


def business_days_after(counting: BusinessDaysAfter, anchor: str, moments: Mapping[str, Moment]) -> Found:
    start = _day(anchor, moments[anchor], counting.tz)
    known = calendars()[counting.calendar]
    first = known.open_days_after(known.last_open(start), 1)
    return _ends_on(counting, anchor, start, known.open_days_after(first, counting.days - 1), first)


def months_after(counting: MonthsAfter, anchor: str, moments: Mapping[str, Moment]) -> Found:
    start = _day(anchor, moments[anchor], counting.tz)
    years, month = divmod(start.month - 1 + counting.months, 12)
    year = start.year + years
    if year > date.max.year:
        raise OverflowError
    last = min(start.day, months.monthrange(year, month + 1)[1])
    return _ends_on(counting, anchor, start, date(year, month + 1, last), start + timedelta(days=1))


def first_of(counting: FirstOf, anchor: str, moments: Mapping[str, Moment]) -> Found:
    """The earliest of the limits whose moment is recorded and that have not fallen away."""
    del anchor
    found = {limb: _limb(limb, moments) for limb in counting.limbs if limb.anchor in moments}
    standing = [
        one
        for limb, one in found.items()
        if limb.void_after not in moments or _instant(limb.void_after, moments[limb.void_after], "UTC") <= one.due
    ]
    return min(standing, key=lambda one: one.due)


def _limb(limb: Limb, moments: Mapping[str, Moment]) -> Found:
    found = exact_hours(ExactHours(hours=limb.hours), limb.anchor, moments)
    if limb.void_after and limb.void_after not in moments:
        late = MOMENTS[limb.void_after]
        remark = Text(f"Falls away if {late.en} comes only later.", f"{late.ja}がこれより遅い場合は適用されません。")
        return msgspec.structs.replace(found, remark=remark)
    return found


Counts = Callable[[Any, str, Mapping[str, Moment]], Found]
COUNTING: Final[dict[type[Counting], Counts]] = {
    BusinessDaysAfter: business_days_after,
    DaysAfter: days_after,
    Elapsed: elapsed,
    ExactHours: exact_hours,
    FirstOf: first_of,
    MonthsAfter: months_after,
    StartDayIsDay1: start_day_is_day_1,
}
"""How each way of counting finds the last instant, from the name of the anchor and the moments. `NoNumber` finds none."""


def compute(rule: Rule, anchors: Mapping[str, Moment], now: datetime) -> Due:
    """How the clock of `rule` stands at `now`, given the moments recorded so far: instants with a zone, or days.

    Without its anchor a clock has not started and has no due time: nothing is guessed. Raises `Refused` for a time without a zone,
    or one beyond the years a computer can count (1 to 9999).
    """
    moments = derived({name: _checked(name, moment) for name, moment in anchors.items()})
    now = _utc("now", now)
    recorded = [name for name in rule.anchors if name in moments]
    if reason := _outside(rule, [moments[name] for name in recorded]):
        return _undated(rule, "not_applicable", reason)
    stop = _stop(rule, moments)
    if not recorded:
        filed = stop is not None and rule.duty is not None
        return _undated(rule, "submitted" if filed else "not_started", _filed_first(rule) if filed else _waiting(rule))
    if isinstance(rule.counting, NoNumber):
        return _undated(rule, "running" if stop is None else _met(rule, late=False), WITHOUT_NUMBER)
    try:
        found = COUNTING[type(rule.counting)](rule.counting, recorded[0], moments)
        soon = max(found.start, _soon(rule, found))
        explanation = _explain(rule, found, stop)
    except YearMissing as missing:
        return _undated(rule, "needs_review", _nobody_knows(missing))
    except OverflowError as error:
        raise Refused(f"{rule.name}: counted from {recorded[0]}, the deadline leaves the calendar.") from error
    return Due(
        rule=rule.name, state=_state(rule, now, soon, found.due, stop), due_at=found.due, due_soon_at=soon,
        explanation=explanation,
    )  # fmt: skip


def _undated(rule: Rule, state: State, explanation: Text) -> Due:
    return Due(rule=rule.name, state=state, due_at=None, due_soon_at=None, explanation=explanation)


def _outside(rule: Rule, starts: list[Moment]) -> Text | None:
    """Why the rule does not bind at all: it is not in force, or was not when the moment came."""
    if rule.duty is None:
        return None  # a target of our own has no first day
    if not rule.in_force:
        return Text("Not in force: this rule never starts a clock.", "施行されていないため、期限は計測しません。")
    days = [start.date() if isinstance(start, datetime) else start for start in starts]
    if any(day < rule.valid_from for day in days):
        return Text(f"Applies only from {rule.valid_from}.", f"{rule.valid_from} から適用されます。")
    if rule.valid_to and any(day > rule.valid_to for day in days):
        return Text(f"Applied only until {rule.valid_to}.", f"{rule.valid_to} まで適用されました。")
    return None


def _stop(rule: Rule, moments: Mapping[str, Moment]) -> datetime | None:
    """When it was met. Where only the day is known, its last instant: nobody is called in time without proof."""
    moment = moments.get(rule.stops_on)
    if moment is None or isinstance(moment, datetime):
        return moment
    zone = getattr(rule.counting, "tz", "UTC")
    return _end_of(moment, zone, "end_of_day")


def _met(rule: Rule, *, late: bool) -> State:
    if rule.duty is None:
        return "met_late" if late else "met"
    return "submitted_late" if late else "submitted"


def _state(rule: Rule, now: datetime, soon: datetime, due: datetime, stop: datetime | None) -> State:
    if stop is not None:
        return _met(rule, late=stop > due)
    if now > due:
        return "overdue"
    return "due_soon" if now >= soon else "running"


def _soon(rule: Rule, found: Found) -> datetime:
    warn_at = rule.warn_at or WarnAt(fraction=0.5)
    if warn_at.seconds_before is not None:
        return found.due - timedelta(seconds=warn_at.seconds_before)
    if warn_at.day is not None and found.first_day is not None:
        begins = datetime.combine(found.first_day + timedelta(days=warn_at.day - 1), time.min)
        return begins.replace(tzinfo=found.due.tzinfo)
    start, due = found.start.astimezone(UTC), found.due.astimezone(UTC)
    return (start + (due - start) * (warn_at.fraction or 0.0)).astimezone(found.due.tzinfo)


def _ends_on(counting: Days, anchor: str, start: date, last: date, first: date) -> Found:
    """The instant at which the last day ends, moved to the next open day where the rule says so."""
    remark = None
    if counting.roll == "next_open_day":
        moved = calendars()[counting.calendar].next_open(last)
        if moved != last:
            remark = Text(f"{last} is a closed day, so the next open one.", f"{last} は閉庁日のため、次の開庁日です。")
            last = moved
    due = _end_of(last, counting.tz, counting.until)
    begin = datetime.combine(start, time.min, ZoneInfo(counting.tz))
    return Found(due=due, start=begin, anchor=anchor, first_day=first, remark=remark)


def _end_of(day: date, zone: str, until: str) -> datetime:
    end = time(23, 59, 59) if until == "end_of_day" else time.fromisoformat(until)
    return datetime.combine(day, end, ZoneInfo(zone))


def _instant(name: str, moment: Moment, zone: str) -> datetime:
    """The instant recorded, in UTC; of a day, its first instant in the rule's zone."""
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time.min, ZoneInfo(zone))
    return _utc(name, moment)


def _day(name: str, moment: Moment, zone: str) -> date:
    """The day recorded; of an instant, the day it was in the rule's zone."""
    if not isinstance(moment, datetime):
        return moment
    return _utc(name, moment).astimezone(ZoneInfo(zone)).date()


def _checked(name: str, moment: Moment) -> Moment:
    return _utc(name, moment) if isinstance(moment, datetime) else moment


def _only_a_day(moment: Moment) -> Text | None:
    if isinstance(moment, datetime):
        return None
    return Text("Only the day is known, so its first moment counts.", "日付のみのため、その日の0時から数えます。")


def _utc(name: str, time: datetime) -> datetime:
    if time.utcoffset() is None:
        raise Refused(
            f"{name} is {time.isoformat()}, which has no time zone.",
            hint="Write it with a zone, such as 2026-11-07T02:31+09:00.",
        )
    try:
        return time.astimezone(UTC)
    except OverflowError as error:
        raise Refused(f"{name} is {time.isoformat()}, which is outside the calendar in UTC.") from error


def _waiting(rule: Rule) -> Text:
    names = [MOMENTS[name] for name in rule.anchors]
    en, ja = " or ".join(name.en for name in names), "または".join(name.ja for name in names)
    return Text(f"Not started: {en} is not recorded yet.", f"未開始: {ja}がまだ記録されていません。")


def _filed_first(rule: Rule) -> Text:
    anchor = MOMENTS[rule.anchor]
    return Text(
        f"Filed. Whether in time cannot be said: {anchor.en} is not recorded.",
        f"提出済み。{anchor.ja}が記録されていないため、期限内かは判定できません。",
    )


def _nobody_knows(missing: YearMissing) -> Text:
    return Text(f"Needs review: {missing.text.en}", f"確認が必要: {missing.text.ja}")


def _explain(rule: Rule, found: Found, stop: datetime | None) -> Text:
    """Why the deadline is what it is, in one or two sentences."""
    end, how = MOMENTS[rule.stops_on], _how(rule, found)
    en, ja = f"Due {shown(found.due)}: {how.en}.", f"{how.ja}、期限は {shown(found.due)} です。"
    if found.remark:
        en, ja = f"{en} {found.remark.en}", f"{ja}{found.remark.ja}"
    if stop is not None:
        late = span(stop - found.due)
        en += f" Met by {end.en} at {shown(stop)}" + (f", {late.en} late." if stop > found.due else ", in time.")
        ja += f"{end.ja}は {shown(stop)} で、" + (
            f"期限を{late.ja}過ぎました。" if stop > found.due else "期限内です。"
        )
    return Text(en, ja)


def _how(rule: Rule, found: Found) -> Text:
    """How it was counted, from which moment."""
    anchor, counting = MOMENTS[found.anchor], rule.counting
    if not isinstance(counting, Days):
        length = span(found.due - found.start)
        return Text(
            f"{length.en} after {anchor.en} at {shown(found.start)}",
            f"{anchor.ja} {shown(found.start)} から{length.ja}で",
        )
    start, zone = found.start.date(), counting.tz
    first = Text("the next day", "翌日") if found.first_day != start else Text("that day", "当日")
    if isinstance(counting, MonthsAfter):
        return Text(
            f"{counting.months} month(s) after {anchor.en} on {start} ({zone})",
            f"{anchor.ja} {start} ({zone}) から{counting.months}か月で",
        )
    if isinstance(counting, BusinessDaysAfter):
        return Text(
            f"{counting.days} business days after {anchor.en} on {start} ({zone}, {counting.calendar}), the first being {found.first_day}",
            f"{anchor.ja} {start} ({zone}、{counting.calendar}) から{counting.days}営業日(初日は {found.first_day})で",
        )
    return Text(
        f"{counting.days} days from {anchor.en} on {start} ({zone}), {first.en} being day 1",
        f"{anchor.ja} {start} ({zone}) から、{first.ja}を1日目として{counting.days}日で",
    )


def shown(time: datetime) -> str:
    """Japan's time first, then UTC, to the minute begun: 2026-11-07 02:31 JST (UTC 11-06 17:31)."""
    local, world = time.astimezone(JST), time.astimezone(UTC)
    day = "" if local.date() == world.date() else f"{world:%m-%d} "
    return f"{local:%Y-%m-%d %H:%M} JST (UTC {day}{world:%H:%M})"


def span(length: timedelta) -> Text:
    """A length of time in the largest units that say it fully, up to days: 15 minutes, 26 hours, 7 days, 1 hour 5 minutes."""
    seconds = max(1, round(length.total_seconds()))
    in_days = seconds >= 3 * 86400 or (seconds % 86400 == 0 and seconds > 86400)
    days, rest = divmod(seconds, 86400) if in_days else (0, seconds)
    parts = [
        (days, "day", "日"),
        (rest // 3600, "hour", "時間"),
        (rest % 3600 // 60, "minute", "分"),
        (rest % 60, "second", "秒"),
    ]
    en = " ".join(f"{count} {unit}{'s' if count > 1 else ''}" for count, unit, _ in parts if count)
    return Text(en, "".join(f"{count}{unit}" for count, _, unit in parts if count))
