"""Moments as people read them, in both languages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone, translation
from hypothesis import given, strategies as st

from hikeshi.doors.console.times import left, local, relative, span, universal

NOW = datetime(2026, 11, 6, 18, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "en", "ja"),
    [
        (5, "5 s", "5秒"),
        (1020, "17 min", "17分"),
        (10_320, "2 h 52 min", "2時間52分"),
        (244_800, "2 d 20 h", "2日20時間"),
        (-420, "7 min", "7分"),
    ],
)
def test_a_span_has_its_two_largest_units(seconds: float, en: str, ja: str) -> None:
    with translation.override("en"):
        assert span(seconds) == en
    with translation.override("ja"):
        assert span(seconds) == ja


def test_the_reader_s_zone_comes_first() -> None:
    with timezone.override(ZoneInfo("Asia/Tokyo")), translation.override("en"):
        assert local(NOW, NOW) == "03:12 JST"
        assert local(NOW - timedelta(days=1), NOW) == "6 Nov 03:12 JST"
        assert local(NOW - timedelta(days=365), NOW) == "7 Nov 2025 03:12 JST"
        assert universal(NOW) == "18:12 UTC"
    with timezone.override(ZoneInfo("Asia/Tokyo")), translation.override("ja"):
        assert local(NOW - timedelta(days=365), NOW) == "2025年11月7日 03:12 JST"
        assert universal(NOW) == "UTC 18:12"


def test_before_and_after_are_told_apart() -> None:
    with translation.override("en"):
        assert relative(NOW + timedelta(minutes=17), NOW) == "in 17 min"
        assert relative(NOW - timedelta(minutes=2), NOW) == "2 min ago"
        assert (left(1020), left(-420)) == ("17 min left", "7 min over")
    with translation.override("ja"):
        assert (left(1020), left(-420)) == ("残り 17分", "7分超過")


@given(st.floats(min_value=-1e10, max_value=1e10))
def test_every_span_can_be_said(seconds: float) -> None:
    assert span(seconds)
