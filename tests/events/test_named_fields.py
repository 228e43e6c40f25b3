from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from hikeshi.events.columns import batch
from hikeshi.events.event import COLUMNS, Event
from hikeshi.events.named_fields import ALIASES, OWN, attrs_of, columns_and_rest, fitting


def test_names_of_other_tools_and_our_own_find_their_column() -> None:
    columns, rest = columns_and_rest({"source_ip": "192.0.2.7", "hostname": "srv1", "cmdline": "id", "color": "red"})
    assert columns == {"src_ip": "192.0.2.7", "host": "srv1", "cmdline": "id"}
    assert rest == {"color": "red"}


def test_what_does_not_fit_is_kept_under_its_name() -> None:
    columns, rest = columns_and_rest({"source_ip": "unknown", "dst_port": "many", "user": {"name": "x"}})
    assert not columns
    assert rest == {"source_ip": "unknown", "dst_port": "many", "user": {"name": "x"}}


def test_of_two_names_for_one_column_the_first_counts_and_the_other_is_kept() -> None:
    columns, rest = columns_and_rest({"hostname": "a", "computer_name": "b"})
    assert (columns, rest) == ({"host": "a"}, {"computer_name": "b"})


def test_empty_fields_are_nowhere() -> None:
    assert columns_and_rest({"user": "-", "color": "", "size": None}) == ({}, {})
    assert attrs_of({}) is None


def test_where_an_event_comes_from_is_not_for_a_log_to_say() -> None:
    forged = {
        "path": "/etc",
        "evidence_sha256": "00",
        "raw": "x",
        "event_uid": "1",
        "ts": 1,
        "source_kind": "cloudtrail",
    }
    assert columns_and_rest(forged) == ({}, forged)
    assert set(ALIASES.values()).isdisjoint(OWN)


@pytest.mark.parametrize(
    ("column", "value", "read"),
    [
        ("bytes", "12", 12),
        ("bytes", str(1 << 63), None),
        ("http_status", 200, 200),
        ("mfa", "True", True),
        ("mfa", "perhaps", None),
        ("duration_ms", "1.5", 1.5),
        ("resource_ids", '["a", "b"]', ["a", "b"]),
        ("resource_ids", "[a", ["[a"]),
        ("src_ip", "2001:DB8::1", "2001:db8::1"),
    ],
)
def test_values_are_read_as_the_column_has_them(column: str, value: Any, read: Any) -> None:
    assert fitting(column, value) == read


json_values = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
                           lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
                           max_leaves=5)  # fmt: skip


@settings(deadline=None)
@given(fields=st.dictionaries(st.sampled_from([*COLUMNS, *ALIASES, "other"]), json_values, max_size=6))
def test_any_field_ends_in_a_column_or_in_the_rest(fields: dict[str, Any]) -> None:
    columns, rest = columns_and_rest(fields)
    event = Event(**({"ts": 0} | columns))
    event.event_uid = bytes(16)
    batch([event])
    json.loads(attrs_of(rest) or b"{}")
