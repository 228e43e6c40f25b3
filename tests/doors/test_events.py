"""From words to a question, and from a row to plain JSON."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, strategies as st

from hikeshi.doors.events import asked_for, key_of, microseconds, moment, shown
from hikeshi.errors import Refused

TIMES = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=9))]))


@given(TIMES)
def test_times_go_there_and_back_without_loss(time: datetime) -> None:
    since = microseconds("start", time)
    assert since is not None
    assert moment(since) == time


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(Refused, match="no time zone"):
        microseconds("start", datetime(2026, 11, 7))  # noqa: DTZ001  # the very thing that is refused


def test_one_field_several_times_means_any_of_its_values() -> None:
    query = asked_for(["action=A", "action=B", "src_ip=192.0.2.7", "url=/?a=b"])
    assert query.where == {"action": ("A", "B"), "src_ip": "192.0.2.7", "url": "/?a=b"}


@pytest.mark.parametrize("where", ["action", "", "日本"])
def test_what_is_no_condition_is_refused(where: str) -> None:
    with pytest.raises(Refused, match="not understood"):
        asked_for([where])


@given(st.integers(-(2**62), 2**62), st.binary(min_size=16, max_size=16))
def test_a_page_goes_on_where_the_last_ended(ts: int, uid: bytes) -> None:
    assert asked_for([], after=key_of({"ts": ts, "event_uid": uid.hex()})).after == (ts, uid.hex())


@pytest.mark.parametrize("after", ["x", "1:", "1:zz", ":00", "1:00", "--1:" + "0" * 32, "²:" + "0" * 32])
def test_another_key_is_refused(after: str) -> None:
    with pytest.raises(Refused, match="where a page ended"):
        asked_for([], after=after)


@given(
    st.dictionaries(
        st.sampled_from(["raw", "attrs", "event_uid", "message", "ts"]),
        st.none() | st.binary() | st.text() | st.integers(),
    )
)
def test_a_row_always_has_a_json_form(row: dict[str, object]) -> None:
    json.dumps(shown(row))


def test_empty_fields_are_left_out_and_attrs_opened() -> None:
    row = {
        "ts": 0,
        "mfa": False,
        "message": "",
        "src_ip": None,
        "raw": b"{}",
        "attrs": b'{"a":1}',
        "event_uid": b"\x01" * 16,
    }
    assert shown(row) == {"ts": 0, "mfa": False, "raw": "{}", "attrs": {"a": 1}, "event_uid": "01" * 16}
