from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies as st

from hikeshi.clocks.counting import Due, compute, shown, span
from hikeshi.clocks.rule import Elapsed, Rule, WarnAt, rules
from hikeshi.errors import Refused
from hikeshi.text import Text

START = datetime(2026, 11, 6, 17, 31, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ZONES = [
    ZoneInfo(name)
    for name in ("Asia/Tokyo", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu")
]


def rule(seconds: int = 900, warn_at: WarnAt | None = None) -> Rule:
    return Rule(
        name="response.test",
        title=Text("Respond", "対応開始"),
        anchor="detected_at",
        counting=Elapsed(seconds=seconds),
        warn_at=warn_at or WarnAt(fraction=0.5),
        stops_on="acknowledged_at",
        source="a test",
        version=1,
        valid_from=date(2026, 1, 1),
    )


def after(minutes: float, *, stopped: float | None = None) -> Due:
    anchors = {"detected_at": START} | ({} if stopped is None else {"acknowledged_at": START + stopped * MINUTE})
    return compute(rule(), anchors, START + minutes * MINUTE)


def test_without_its_anchor_a_clock_has_not_started_and_guesses_nothing() -> None:
    due = compute(rule(), {"acknowledged_at": START, "closed_at": START}, START)
    assert (due.state, due.due_at, due.due_soon_at) == ("not_started", None, None)
    assert due.explanation == Text(
        "Not started: detection is not recorded yet.", "未開始: 検知がまだ記録されていません。"
    )


@pytest.mark.parametrize(
    ("minutes", "state"),
    [(-5, "running"), (0, "running"), (7.4, "running"), (7.5, "due_soon"), (15, "due_soon"), (15.01, "overdue")],
)
def test_a_clock_runs_then_warns_then_is_over(minutes: float, state: str) -> None:
    assert after(minutes).state == state


@pytest.mark.parametrize(("stopped", "state"), [(-1, "met"), (14, "met"), (15, "met"), (15.01, "met_late")])
def test_meeting_a_deadline_counts_from_when_it_was_met_not_from_now(stopped: float, state: str) -> None:
    assert {after(minutes, stopped=stopped).state for minutes in (0, 15, 10_000)} == {state}


def test_the_warning_can_be_so_many_seconds_before_and_never_before_the_start() -> None:
    assert (
        compute(rule(900, WarnAt(seconds_before=300)), {"detected_at": START}, START).due_soon_at == START + 10 * MINUTE
    )
    early = compute(rule(60, WarnAt(seconds_before=300)), {"detected_at": START}, START)
    assert (early.due_soon_at, early.state) == (START, "due_soon")


def test_the_explanation_says_from_where_how_long_and_until_when() -> None:
    explanation = after(0, stopped=22).explanation
    assert explanation.en == (
        "Due 2026-11-07 02:46 JST (UTC 11-06 17:46): 15 minutes after detection at 2026-11-07 02:31 JST (UTC 11-06 17:31)."
        " Met by acknowledgement by a responder at 2026-11-07 02:53 JST (UTC 11-06 17:53), 7 minutes late."
    )
    assert explanation.ja == (
        "検知 2026-11-07 02:31 JST (UTC 11-06 17:31) から15分で、期限は 2026-11-07 02:46 JST (UTC 11-06 17:46) です。"
        "対応担当者の着手は 2026-11-07 02:53 JST (UTC 11-06 17:53) で、期限を7分過ぎました。"
    )
    assert after(0, stopped=2).explanation.ja.endswith("期限内です。")


instants = st.integers(0, 220_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


@given(instants, st.integers(1, 100 * 366 * 86400), st.sampled_from(ZONES))
def test_elapsed_time_is_exact_in_every_zone_and_year(anchor: datetime, seconds: int, zone: ZoneInfo) -> None:
    local = compute(rule(seconds), {"detected_at": anchor.astimezone(zone)}, anchor.astimezone(zone))
    assert local == compute(rule(seconds), {"detected_at": anchor}, anchor)
    assert local.due_at == anchor + timedelta(seconds=seconds)
    assert local.due_at is not None
    assert local.due_at.tzinfo is UTC


@pytest.mark.parametrize(
    ("anchor", "seconds", "due"),
    [
        ("2028-02-28T12:00+00:00", 86400, "2028-02-29T12:00+00:00"),
        ("2027-02-28T12:00+00:00", 86400, "2027-03-01T12:00+00:00"),
        ("2100-02-28T12:00+00:00", 86400, "2100-03-01T12:00+00:00"),
        ("2026-12-31T23:59+09:00", 900, "2027-01-01T00:14+09:00"),
        # Clocks go back in New York at 06:00 UTC that night, and forward in Berlin at 01:00 UTC: 24 hours stay 24 hours.
        ("2026-10-31T12:00-04:00", 86400, "2026-11-01T11:00-05:00"),
        ("2026-03-28T12:00+01:00", 86400, "2026-03-29T13:00+02:00"),
    ],
)
def test_leap_years_and_clock_changes(anchor: str, seconds: int, due: str) -> None:
    start = datetime.fromisoformat(anchor)
    assert compute(rule(seconds), {"detected_at": start}, start).due_at == datetime.fromisoformat(due)


def test_the_repeated_hour_of_a_clock_change_is_told_apart() -> None:
    zone = ZoneInfo("America/New_York")
    first, second = (datetime(2026, 11, 1, 1, 30, fold=fold, tzinfo=zone) for fold in (0, 1))
    dues = [compute(rule(), {"detected_at": start}, START).due_at for start in (first, second)]
    assert dues == [datetime(2026, 11, 1, 5, 45, tzinfo=UTC), datetime(2026, 11, 1, 6, 45, tzinfo=UTC)]


@given(instants, st.integers(1, 10**7), st.lists(st.integers(0, 2 * 10**7), min_size=2, max_size=5))
def test_a_clock_never_goes_back(anchor: datetime, seconds: int, moments: list[int]) -> None:
    order = ["running", "due_soon", "overdue"]
    states = [
        compute(rule(seconds), {"detected_at": anchor}, anchor + timedelta(seconds=at)).state for at in sorted(moments)
    ]
    assert states == sorted(states, key=order.index)


def test_a_time_without_a_zone_is_refused_by_name() -> None:
    naive = START.replace(tzinfo=None)
    with pytest.raises(Refused, match="detected_at is 2026-11-06T17:31:00, which has no time zone"):
        compute(rule(), {"detected_at": naive}, START)
    with pytest.raises(Refused, match="now is"):
        compute(rule(), {}, naive)
    with pytest.raises(Refused, match="closed_at"):
        compute(rule(), {"closed_at": naive}, START)


def test_a_deadline_beyond_the_calendar_is_refused_and_does_not_crash() -> None:
    last = datetime(9999, 12, 31, 23, 59, tzinfo=UTC)
    with pytest.raises(Refused, match="leaves the calendar"):
        compute(rule(), {"detected_at": last}, START)
    with pytest.raises(Refused, match="outside the calendar"):
        compute(rule(), {"detected_at": last.replace(tzinfo=timezone(-timedelta(hours=5)))}, START)
    with pytest.raises(Refused):
        compute(rule(1), {"detected_at": datetime(9999, 12, 31, 20, 0, tzinfo=UTC)}, START)


def test_lengths_and_times_are_said_as_people_do() -> None:
    lengths = [5, 60, 900, 3900, 3600, 86400, 93600, 172800, 604800, 266400]
    assert [span(timedelta(seconds=seconds)).en for seconds in lengths] == [
        "5 seconds",
        "1 minute",
        "15 minutes",
        "1 hour 5 minutes",
        "1 hour",
        "24 hours",
        "26 hours",
        "2 days",
        "7 days",
        "3 days 2 hours",
    ]
    assert span(timedelta(days=3, hours=2)).ja == "3日2時間"
    assert shown(datetime(2026, 11, 6, 7, 20, tzinfo=UTC)) == "2026-11-06 16:20 JST (UTC 07:20)"


@pytest.mark.parametrize(
    ("name", "seconds"),
    [
        ("response.sev1", 15 * 60),
        ("response.sev2", 3600),
        ("response.sev3", 24 * 3600),
        ("response.sev4", 7 * 24 * 3600),
        ("update.sev1", 30 * 60),
        ("update.sev2", 3600),
        ("review.sev1", 3 * 24 * 3600),
        ("review.sev2", 5 * 24 * 3600),
    ],
)
def test_the_numbers_of_the_rules_that_come_with_hikeshi(name: str, seconds: int) -> None:
    ours = rules()[name]
    assert compute(ours, {ours.anchor: START}, START).due_at == START + timedelta(seconds=seconds)
