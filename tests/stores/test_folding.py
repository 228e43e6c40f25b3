"""The same event, delivered more than once, is one, however the rows are compared."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from hikeshi.events import assumed
from hikeshi.events.reading import parse
from hikeshi.stores import folding, layout
from hikeshi.stores.duck import DuckStore
from hikeshi.stores.store import Query

START = 1794061200
HEADER = (
    "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status"
)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding, "SLICE", 2)


def flow(second: int, port: int, *, size: int = 40) -> str:
    at = START + second
    return f"2 111122223333 eni-0a1b 192.0.2.7 10.0.0.1 {port} 22 6 1 {size} {at} {at + 60} ACCEPT OK"


def written(folder: Path, name: str, lines: list[str]) -> Path:
    path = folder / name
    path.write_text("\n".join([HEADER, *lines]) + "\n")
    return path


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 9), st.integers(1, 4)), min_size=1, max_size=12), min_size=1, max_size=4
    ),
    st.integers(1, 20),
)
def test_flows_are_counted_once_wherever_slices_of_time_are_cut(
    tmp_path_factory: pytest.TempPathFactory, logs: list[list[tuple[int, int]]], size: int
) -> None:
    folder = tmp_path_factory.mktemp("flows")
    paths = [
        written(folder, f"{n}.log", [flow(*one) for one in sorted(lines)] + [f"# {n}"]) for n, lines in enumerate(logs)
    ]
    store = DuckStore(folder / "timeline")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(folding, "SLICE", size)
        for path in paths:
            store.build([path])
    counted = Counter(one for lines in logs for one in lines)
    rows = store.events(Query(limit=100))
    assert len(rows) == len(counted)
    assert Counter({(row["ts"] // 1_000_000 - START, row["src_port"]): row["dup_count"] for row in rows}) == counted


def test_a_flow_that_was_delivered_twice_with_a_difference_is_one(tmp_path: Path) -> None:
    paths = [written(tmp_path, "a.log", [flow(1, 1)]), written(tmp_path, "b.log", [flow(1, 1, size=41)])]
    report = DuckStore(tmp_path / "timeline").build(paths)
    assert (report.events, report.duplicates) == (1, 1)


def test_a_gap_that_was_told_twice_is_one(tmp_path: Path) -> None:
    gap = f"2 111122223333 eni-0a1b - - - - - - - {START} {START + 60} - NODATA"
    paths = [written(tmp_path, f"{n}.log", [gap, flow(n, n)]) for n in (1, 2)]
    store = DuckStore(tmp_path / "timeline")
    report = store.build(paths)
    assert (report.events, report.duplicates) == (3, 1)
    assert store.events(Query())[0]["message"] == "eni-0a1b: no traffic"


def test_a_flow_is_one_though_the_clock_of_one_source_was_put_right(tmp_path: Path) -> None:
    paths = [written(tmp_path, "a.log", [flow(1, 1), flow(2, 2)]), written(tmp_path, "b.log", [flow(1, 1), flow(3, 3)])]
    report = DuckStore(tmp_path / "timeline").build(paths, assumed=[assumed.skew("*b.log=+90s")])
    assert (report.events, report.duplicates) == (3, 1)


def test_a_flow_is_one_though_only_one_delivery_has_its_id_told(tmp_path: Path) -> None:
    few = written(tmp_path, "a.log", [flow(1, 1), "2 no 2"])  # the parser's, which keeps ids
    many = written(tmp_path, "b.log", [flow(1, port) for port in range(1, 700)])
    report = DuckStore(tmp_path / "timeline").build([few, many])
    assert (report.events, report.duplicates) == (699, 1)


def test_a_flow_is_one_though_it_was_merged_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = DuckStore(tmp_path / "timeline")
    with monkeypatch.context() as patch:
        patch.setattr(layout, "MANY", 0)
        assert store.build([written(tmp_path, "a.log", [flow(n, n) for n in range(1, 50)])]).events == 49
    assert layout.merged(store._layout.batches())  # else nothing is tried here
    report = store.build([written(tmp_path, "b.log", [flow(n, n) for n in range(40, 60)])])
    assert (report.events, report.duplicates) == (59, 10)


def test_a_source_that_was_read_again_is_no_second_delivery(tmp_path: Path) -> None:
    paths = [written(tmp_path, "a.log", [flow(1, 1)]), written(tmp_path, "b.log", [flow(2, 2), flow(2, 2)])]
    store = DuckStore(tmp_path / "timeline")
    store.build(paths)
    report = store.build(paths, assumed=[assumed.skew("*b.log=+1s")])  # the batch of both stays for the other
    assert (report.built, report.events, report.duplicates) == (1, 2, 1)
    assert [row["dup_count"] for row in store.events(Query())] == [1, 2]


def test_ids_that_are_told_are_those_of_the_parser_and_are_found(tmp_path: Path) -> None:
    path = written(tmp_path, "a.log", [flow(n % 7, n) for n in range(1, 700)])
    store = DuckStore(tmp_path / "timeline")
    store.build([path])
    parsed = {event.event_uid.hex() for event in parse([path]) if hasattr(event, "event_uid")}
    assert {row["event_uid"] for row in store.events(Query(limit=1000))} == parsed
    one = store.events(Query(where={"src_port": 77}))[0]
    assert store.events(Query(where={"event_uid": one["event_uid"]})) == [one]
    marked = Query(marks=(("event_uid", one["event_uid"]), ("src_port", 78)))
    assert [row["src_port"] for row in store.events(marked)] == [77, 78]


@pytest.mark.parametrize("descending", [False, True])
def test_pages_follow_each_other_where_many_flows_have_one_time(tmp_path: Path, *, descending: bool) -> None:
    store = DuckStore(tmp_path / "timeline")
    store.build([written(tmp_path, "a.log", [flow(n % 3, n) for n in range(1, 200)])])
    seen: list[tuple[int, str]] = []
    while rows := store.events(Query(limit=17, after=seen[-1] if seen else None, descending=descending)):
        seen += [(row["ts"], row["event_uid"]) for row in rows]
    assert seen == sorted(set(seen), reverse=descending)
    assert len(seen) == 199


def test_flows_that_only_one_block_can_have_are_not_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding, "SLICE", 100)
    store = DuckStore(tmp_path / "timeline")
    for at in (0, 10, 20):
        store.build([written(tmp_path, f"{at}.log", [flow(at + n, n) for n in range(1, 9)])])
    assert list(folding._slices(store._layout.batches())) == []
    again = written(tmp_path, "again.log", [flow(13, 3), flow(14, 99)])
    report = store.build([again])
    assert (report.events, report.duplicates) == (25, 1)
    (compared,) = [during for pieces in folding._slices(store._layout.batches()) for _, during in pieces]
    assert compared == f"ts >= {(START + 13) * 1_000_000} AND ts < {(START + 14) * 1_000_000 + 1}"


def test_calls_of_the_same_time_have_no_flows_compared(tmp_path: Path) -> None:
    store = DuckStore(tmp_path / "timeline")
    called = {
        "eventTime": "2026-11-07T14:20:02Z",
        "eventName": "GetObject",
        "eventSource": "s3.amazonaws.com",
        "eventID": "1",
    }
    (tmp_path / "calls.json").write_text(json.dumps({"Records": [called]}))
    store.build([written(tmp_path, "a.log", [flow(n, n) for n in range(1, 9)])])
    store.build([tmp_path / "calls.json"])
    assert {row["source_kind"] for row in store.events(Query())} == {"cloudtrail", "vpcflow"}
    assert list(folding._slices(store._layout.batches())) == []
