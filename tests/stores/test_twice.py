"""Whether a flow is twice among those that were just read."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from hikeshi.events.columns import batch, coded, in_order
from hikeshi.events.event import Event
from hikeshi.events.fast import FAST
from hikeshi.events.source import Source
from hikeshi.stores import twice

START = 1794061200


def line(second: int, port: int | str = 22, address: str = "192.0.2.7", action: str = "ACCEPT") -> str:
    at = START + second
    if action == "NODATA":
        return f"2 111122223333 eni-0a1b - - - - - - - {at} {at + 60} - NODATA"
    return f"2 111122223333 eni-0a1b {address} 10.0.0.1 {port} 22 6 1 40 {at} {at + 60} {action} OK"


def flows(lines: list[str]) -> Any:
    found = list(FAST["vpcflow"](Source.of("\n".join(lines).encode())))
    assert all(isinstance(one, Event) or hasattr(one, "num_rows") for one in found)
    return in_order([coded(batch([one])) if isinstance(one, Event) else one for one in found])


FLOWS = st.builds(
    line,
    st.integers(0, 3),
    st.integers(1, 3),
    st.sampled_from(["192.0.2.7", "192.0.2.8"]),
    st.sampled_from(["ACCEPT", "REJECT", "NODATA"]),
)


@settings(deadline=None)
@given(st.lists(FLOWS, min_size=1, max_size=12), st.sampled_from([1, 3, 15_000]))
def test_what_is_said_to_be_there_once_is(lines: list[str], at_once: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(twice, "AT_ONCE", at_once)
        assert twice.surely_once(flows(lines)) == (len({*lines}) == len(lines))


def test_flows_that_differ_only_in_an_address_are_different() -> None:
    assert twice.surely_once(flows([line(1, address=f"192.0.2.{n}") for n in range(200)]))


def test_flows_that_differ_only_in_their_bytes_are_the_same() -> None:
    assert not twice.surely_once(flows([line(1), line(1).replace(" 40 ", " 41 ")]))


def test_nothing_is_said_of_other_events() -> None:
    event = Event(ts=1, source_kind="syslog", event_uid=b"1" * 16)
    assert not twice.surely_once(in_order([coded(batch([event]))]))
