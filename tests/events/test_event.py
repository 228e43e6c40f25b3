"""The schema: one declaration, everything else derived."""

from __future__ import annotations

import msgspec
from hypothesis import given, strategies as st

from hikeshi.events.columns import TYPES, schema
from hikeshi.events.event import COLUMNS, Event, as_row, event_uid, key_of


def test_every_field_of_the_event_is_a_column_with_a_known_type() -> None:
    assert list(COLUMNS) == [field.name for field in msgspec.structs.fields(Event)]
    assert {column.arrow for column in COLUMNS.values()} <= set(TYPES)
    assert schema().names == list(COLUMNS)


def test_names_that_do_not_explain_themselves_have_a_meaning() -> None:
    for name in ("ts", "ts_end", "ts_precision", "src_ip", "src_service", "attrs", "sample", "dedup_key"):
        assert COLUMNS[name].meaning


@given(st.text())
def test_the_same_key_is_the_same_id_everywhere(key: str) -> None:
    assert event_uid(key) == event_uid(key)
    assert len(event_uid(key)) == 16


def test_an_event_without_a_natural_key_is_known_by_its_place() -> None:
    assert key_of(Event(ts=0, dedup_key="k"), "aa") == "k"
    assert key_of(Event(ts=0, offset=17, seq=2), "aa") == "aa:17"
    assert key_of(Event(ts=0, seq=2), "aa") == "aa:2"


def test_a_row_has_plain_values_and_no_empty_ones() -> None:
    row = as_row(Event(ts=1, event_uid=b"\x01" * 16, raw=b"a \xff", attrs=b"{}", read_only=False))
    assert row["event_uid"] == "01" * 16
    assert row["raw"] == "a \\xff"
    assert row["read_only"] is False
    assert "src_ip" not in row
    msgspec.json.encode(row)
