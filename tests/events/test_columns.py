"""Events as Arrow columns."""

from __future__ import annotations

from typing import Any

from hypothesis import given, strategies as st

from hikeshi.events.columns import batch, schema
from hikeshi.events.event import Event


def event(**values: Any) -> Event:
    return Event(**{"ts": 1, "event_uid": b"\0" * 16, **values})


def test_no_events_are_no_rows() -> None:
    assert batch([]).num_rows == 0
    assert batch([]).schema.equals(schema())


def test_values_stand_in_their_columns() -> None:
    rows = batch([event(ts=-5, resource_ids=["a", "b"], mfa=True), event(severity=80.0)]).to_pylist()
    assert (rows[0]["ts"], rows[0]["resource_ids"], rows[0]["mfa"], rows[0]["severity"]) == (-5, ["a", "b"], True, None)
    assert rows[1]["severity"] == 80.0


def test_bytes_that_are_no_text_are_shown_as_escapes() -> None:
    rows = batch([event(raw="é".encode()), event(raw=b"\xff")]).to_pylist()
    assert [row["raw"] for row in rows] == ["é", "\\xff"]


def test_half_a_surrogate_pair_is_shown_as_an_escape() -> None:
    (row,) = batch([event(message="\ud800", resource_ids=["\udc00"])]).to_pylist()
    assert (row["message"], row["resource_ids"]) == ("\\ud800", ["\\udc00"])


@given(
    st.lists(
        st.builds(
            event, raw=st.binary(max_size=20), message=st.text(max_size=9), src_port=st.none() | st.integers(0, 65535)
        )
    )
)
def test_every_event_is_one_row(events: list[Event]) -> None:
    rows = batch(events)
    assert rows.num_rows == len(events)
    rows.validate(full=True)
