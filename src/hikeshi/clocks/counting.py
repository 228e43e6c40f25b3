"""When a deadline falls, and how it stands now.

`compute` is pure: the rule, the moments recorded so far and the present time give one answer, so that a restart, a second worker and
the command line all say the same. A deadline belongs to its last moment: met at exactly `due_at` is in time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

import msgspec

from hikeshi.clocks.rule import MOMENTS, Counting, Elapsed, Rule, WarnAt
from hikeshi.errors import Refused
from hikeshi.text import Text

JST: Final = ZoneInfo("Asia/Tokyo")

State = Literal["not-started", "running", "soon", "over", "met", "met-late"]


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """How one clock stands. Times are in UTC; both are None until the anchor is recorded."""

    rule: str
    state: State
    due_at: datetime | None
    due_soon_at: datetime | None
    explanation: Text


def elapsed(counting: Elapsed, anchor: datetime) -> datetime:
    """So many seconds later on the world's clock. `anchor` is in UTC: adding in a local zone would follow its wall clock."""
    return anchor + timedelta(seconds=counting.seconds)


COUNTING: Final[dict[type[Counting], Callable[[Elapsed, datetime], datetime]]] = {
    Elapsed: elapsed,
}
"""How each way of counting finds the last moment, from the anchor in UTC. Calendar modes go here."""


def compute(rule: Rule, anchors: Mapping[str, datetime], now: datetime) -> Due:
    """How the clock of `rule` stands at `now`, given the moments recorded so far.

    Without its anchor a clock has not started and has no due time: nothing is guessed. Raises `Refused` for a time without a zone,
    or one beyond the years a computer can count (1 to 9999).
    """
    moments = {name: _utc(name, time) for name, time in anchors.items()}
    now = _utc("now", now)
    start, stop = moments.get(rule.anchor), moments.get(rule.stops_on)
    if start is None:
        return Due(rule=rule.name, state="not-started", due_at=None, due_soon_at=None, explanation=_waiting(rule))
    try:
        due = COUNTING[type(rule.counting)](rule.counting, start)
        soon = max(start, _soon(rule.warn_at, start, due))
        explanation = _explain(rule, start, due, stop)
    except OverflowError as error:
        raise Refused(f"{rule.name}: counted from {start:%Y-%m-%d}, the deadline leaves the calendar.") from error
    return Due(
        rule=rule.name, state=_state(now, soon, due, stop), due_at=due, due_soon_at=soon, explanation=explanation
    )


def _state(now: datetime, soon: datetime, due: datetime, stop: datetime | None) -> State:
    if stop is not None:
        return "met" if stop <= due else "met-late"
    if now > due:
        return "over"
    return "soon" if now >= soon else "running"


def _soon(warn_at: WarnAt, start: datetime, due: datetime) -> datetime:
    if warn_at.seconds_before is not None:
        return due - timedelta(seconds=warn_at.seconds_before)
    return start + (due - start) * (warn_at.fraction or 0.0)


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
    anchor = MOMENTS[rule.anchor]
    return Text(f"Not started: {anchor.en} is not recorded yet.", f"未開始: {anchor.ja}がまだ記録されていません。")


def _explain(rule: Rule, start: datetime, due: datetime, stop: datetime | None) -> Text:
    """Why the deadline is what it is, in one or two sentences."""
    anchor, end, length = MOMENTS[rule.anchor], MOMENTS[rule.stops_on], span(due - start)
    en = f"Due {shown(due)}: {length.en} after {anchor.en} at {shown(start)}."
    ja = f"{anchor.ja} {shown(start)} から{length.ja}で、期限は {shown(due)} です。"
    if stop is not None:
        late = span(stop - due)
        en += f" Met by {end.en} at {shown(stop)}" + (f", {late.en} late." if stop > due else ", in time.")
        ja += f"{end.ja}は {shown(stop)} で、" + (f"期限を{late.ja}過ぎました。" if stop > due else "期限内です。")
    return Text(en, ja)


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
