"""Two windows compared: what came, what went, what changed its rate."""

from __future__ import annotations

from pathlib import Path

import pytest

from hikeshi.errors import Refused
from hikeshi.stores.difference import difference
from hikeshi.stores.duck import DuckStore
from hikeshi.stores.store import Query

SECOND = 1_000_000


@pytest.fixture
def flows(tmp_path: Path) -> DuckStore:
    """First 100 s: .1 ten times, .2 ten times, .3 once. Second 100 s: .1 ten times, .2 once, .4 twice."""
    wanted = [(0, 1, 10), (0, 2, 10), (0, 3, 1), (100, 1, 10), (100, 2, 1), (100, 4, 2)]
    lines = [
        f"2 111122223333 eni-0a1 10.0.0.{host} 192.0.2.9 {4000 + n} 443 6 5 500 {start + n} {start + n} ACCEPT OK"
        for start, host, times in wanted
        for n in range(times)
    ]
    logs = tmp_path / "flows.log"
    logs.write_text("\n".join(lines) + "\n")
    store = DuckStore(tmp_path / "store")
    store.build([logs])
    return store


BEFORE = Query(start_us=0, end_us=100 * SECOND)
AFTER = Query(start_us=100 * SECOND, end_us=200 * SECOND)


def test_new_gone_and_rarer_values_are_told_apart(flows: DuckStore) -> None:
    found = [
        (change.value, change.kind, change.before, change.after)
        for change in difference(flows, "src_ip", BEFORE, AFTER)
    ]
    assert found == [("10.0.0.4", "new", 0, 2), ("10.0.0.3", "gone", 1, 0), ("10.0.0.2", "less", 10, 1)]


def test_looking_the_other_way_turns_it_round(flows: DuckStore) -> None:
    kinds = {change.value: change.kind for change in difference(flows, "src_ip", AFTER, BEFORE)}
    assert kinds == {"10.0.0.3": "new", "10.0.0.4": "gone", "10.0.0.2": "more"}


def test_a_longer_window_is_not_taken_for_more(flows: DuckStore) -> None:
    half = Query(start_us=0, end_us=5 * SECOND)
    whole = Query(start_us=0, end_us=10 * SECOND)
    assert all(change.kind != "more" for change in difference(flows, "src_ip", half, whole, factor=1.5))


@pytest.mark.parametrize("bad", [Query(), Query(start_us=5), Query(start_us=5, end_us=5)])
def test_a_window_without_ends_is_refused(flows: DuckStore, bad: Query) -> None:
    with pytest.raises(Refused, match="second window"):
        difference(flows, "src_ip", BEFORE, bad)


def test_an_unknown_column_is_refused(flows: DuckStore) -> None:
    with pytest.raises(Refused, match="no column"):
        difference(flows, "src_ip; DROP TABLE events", BEFORE, AFTER)
