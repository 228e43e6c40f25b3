"""Everything about one name, whatever column it stands in."""

from __future__ import annotations

from pathlib import Path

import pytest

from hikeshi.errors import Refused
from hikeshi.stores.duck import DuckStore
from hikeshi.stores.entity import COLUMNS, entity, everything
from hikeshi.stores.store import Query

PEER = "203.0.113.66"


@pytest.fixture
def flows(tmp_path: Path) -> DuckStore:
    """A host that talks to a peer, the peer that answers, and somebody else."""
    lines = [
        f"2 111122223333 eni-0a1 10.0.0.5 {PEER} 4000 3333 6 5 500 1000 1010 ACCEPT OK",
        f"2 111122223333 eni-0a1 {PEER} 10.0.0.5 3333 4000 6 5 900 1000 1020 ACCEPT OK",
        f"2 111122223333 eni-0a1 10.0.0.5 {PEER} 4001 3333 6 5 500 5000 5010 ACCEPT OK",
        "2 111122223333 eni-0b2 10.0.0.9 192.0.2.1 4000 443 6 5 500 1000 1010 REJECT OK",
    ]
    logs = tmp_path / "flows.log"
    logs.write_text("\n".join(lines) + "\n")
    store = DuckStore(tmp_path / "store")
    store.build([logs])
    return store


def test_an_address_is_found_as_source_and_as_target(flows: DuckStore) -> None:
    found = entity(flows, PEER)
    assert found.events == 3
    assert dict(found.named_in) == {"src_ip": 1, "dst_ip": 2}
    assert (found.first_us, found.last_us) == (1000_000000, 5000_000000)


def test_its_events_can_be_paged(flows: DuckStore) -> None:
    rows = flows.events(everything(PEER))
    assert [row["ts"] for row in rows] == [1000_000000, 1000_000000, 5000_000000]


def test_a_window_narrows_it(flows: DuckStore) -> None:
    assert entity(flows, PEER, Query(start_us=2000_000000)).events == 1


def test_what_its_events_have_in_common_is_told(flows: DuckStore) -> None:
    assert entity(flows, "10.0.0.9").told["outcome"] == (("denied", 1),)


def test_an_unknown_name_has_no_events(flows: DuckStore) -> None:
    found = entity(flows, "198.51.100.1")
    assert (found.events, found.first_us, found.named_in, found.told) == (0, None, (), {})


def test_an_empty_name_is_refused(flows: DuckStore) -> None:
    with pytest.raises(Refused, match="Nothing was named"):
        entity(flows, "  ")


@pytest.mark.parametrize("column", COLUMNS)
def test_every_column_that_is_searched_exists(flows: DuckStore, column: str) -> None:
    assert flows.count(Query(where={column: "x"})) == 0
