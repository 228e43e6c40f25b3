"""Times as logs write them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, strategies as st

from hikeshi.events.times import Instant, instant, utc

SECOND = 1794061291_000000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-07T14:21:31Z", Instant(SECOND, "s", "utc")),
        ("2026-11-07T14:21:31.5Z", Instant(SECOND + 500_000, "ms", "utc")),
        ("2026-11-07T14:21:31.005Z", Instant(SECOND + 5_000, "ms", "utc")),
        ("2026-11-07T14:21:31.000007Z", Instant(SECOND + 7, "us", "utc")),
        ("2026-11-07T23:21:31+09:00", Instant(SECOND, "s", "offset")),
        ("2026-11-07 23:21:31.250-08:00", Instant(SECOND + 17 * 3600_000000 + 250_000, "ms", "offset")),
        ("2026-11-07T14:21:31", Instant(SECOND, "s", "zone_assumed")),
    ],
)
def test_instant_precision_and_basis_are_read(text: str, expected: Instant) -> None:
    base = instant("2026-11-07T14:21:31Z")
    assert base is not None
    assert instant(text) == expected._replace(us=expected.us - SECOND + base.us)


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01T00:00:00Z", "17:00", "2026-11-07T25:00:00Z"])
def test_what_is_no_time_is_none(text: str) -> None:
    assert instant(text) is None


@given(st.datetimes(timezones=st.just(UTC)))
def test_every_time_survives_the_way_there_and_back(time: datetime) -> None:
    read = instant(time.isoformat())
    assert read is not None
    assert utc(read.us) == time


@given(st.text(max_size=40))
def test_no_text_raises(text: str) -> None:
    instant(text)


def test_a_time_no_calendar_has_is_none() -> None:
    assert utc(1 << 62) is None
