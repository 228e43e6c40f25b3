"""Asking the store."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from hikeshi.errors import Refused
from hikeshi.events.event import COLUMNS, Event, as_row
from hikeshi.events.reading import parse
from hikeshi.stores.duck import DuckStore
from hikeshi.stores.store import Query, Store

LATER = 1794061200_000000


def test_it_is_a_store(store: DuckStore) -> None:
    asked: Store = store
    assert asked.count(Query()) == 14


def test_events_come_in_the_order_of_time_each_once(store: DuckStore) -> None:
    rows = store.events(Query())
    assert len(rows) == 14
    assert [(row["ts"], row["event_uid"]) for row in rows] == sorted((row["ts"], row["event_uid"]) for row in rows)
    assert len({row["event_uid"] for row in rows}) == 14


def test_a_row_has_every_column_and_can_be_sent_as_json(store: DuckStore) -> None:
    row = store.events(Query(where={"action": "CreateAccessKey"}))[0]
    assert set(COLUMNS) <= set(row)
    assert '"eventName":"CreateAccessKey"' in row["raw"]
    assert row["evidence_sha256"]
    msgspec.json.encode(row)


def test_rows_say_what_the_parsers_say_though_parts_leave_out_what_can_be_told(
    store: DuckStore, samples: list[Path]
) -> None:
    parsed = {(one.path, one.seq): as_row(one) for one in parse(samples) if isinstance(one, Event)}
    for row in store.events(Query()):
        shown = {name: row[name] for name in COLUMNS if row[name] is not None}
        assert shown == parsed[row["path"], row["seq"]]


def test_events_are_not_chosen_or_counted_by_what_is_told_when_one_is_shown(store: DuckStore) -> None:
    for ask in (lambda: store.count(Query(where={"attrs": "{}"})), lambda: store.facet("attrs", Query())):
        with pytest.raises(Refused, match="attrs"):
            ask()


def test_an_event_delivered_twice_names_the_other_witness(store: DuckStore, samples: list[Path]) -> None:
    row = store.events(Query(where={"action": "CreateAccessKey"}))[0]
    assert row["dup_count"] == 2
    assert row["path"] == str(samples[0])
    assert row["dup_of"] == [f"{samples[1]}#2"]


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("limit", [1, 3, 5, 100])
def test_pages_put_together_are_the_whole(store: DuckStore, limit: int, descending: bool) -> None:
    seen: list[str] = []
    query = Query(limit=limit, descending=descending)
    while page := store.events(query):
        assert len(page) <= limit
        seen += [row["event_uid"] for row in page]
        query = msgspec.structs.replace(query, after=(page[-1]["ts"], page[-1]["event_uid"]))
    whole = [row["event_uid"] for row in store.events(Query(descending=descending))]
    assert seen == whole


@pytest.mark.parametrize(
    ("query", "count"),
    [
        (Query(), 14),
        (Query(where={"source_kind": "cloudtrail"}), 7),
        (Query(where={"source_kind": ("cloudtrail", "vpcflow")}), 11),
        (Query(where={"source_kind": []}), 0),
        (Query(where={"dst_port": "22"}), 1),
        (Query(where={"src_ip": None, "source_kind": "vpcflow"}), 2),
        (Query(where={"read_only": True}), 3),
        (Query(where={"sample": "true"}), 1),
        (Query(where={"resource_ids": "arn:aws:s3:::example-orders"}), 1),
        (Query(where={"dup_count": 2}), 2),
        (Query(marks=[("access_key", "AKIAIOSFODNN7EXAMPLE"), ("src_ip", "10.0.14.23")]), 7),
        (Query(search="SVC-backup"), 1),
        (Query(search="alice called iam:listusers"), 1),
        (Query(search="no such text"), 0),
        (Query(search=None), 14),
        (Query(start_us=LATER), 0),
        (Query(end_us=LATER, where={"source_kind": "vpcflow"}), 0),
    ],
    ids=str,
)
def test_what_a_query_means(store: DuckStore, query: Query, count: int) -> None:
    if query.start_us == LATER:
        count = store.count(Query()) - store.count(Query(end_us=LATER))
    if query.end_us == LATER:
        count = sum(row["ts"] < LATER for row in store.events(Query(where=query.where)))
    if query.marks:
        rows = store.events(Query())
        count = sum(row["access_key"] == "AKIAIOSFODNN7EXAMPLE" or row["src_ip"] == "10.0.14.23" for row in rows)
    assert store.count(query) == count
    assert len(store.events(query)) == count


def test_an_event_is_found_by_its_id(store: DuckStore) -> None:
    uid = store.events(Query())[5]["event_uid"]
    assert [row["event_uid"] for row in store.events(Query(where={"event_uid": uid}))] == [uid]


def test_the_histogram_counts_every_event_once_and_shows_empty_spans(store: DuckStore) -> None:
    bars = store.histogram(Query(), buckets=10)
    assert sum(count for _, _, count in bars) == 14
    assert len(bars) <= 10
    assert all(end == start for (_, end, _), (start, _, _) in itertools.pairwise(bars))


def test_the_histogram_keeps_to_the_asked_span(store: DuckStore) -> None:
    bars = store.histogram(Query(start_us=0, end_us=1000), buckets=4)
    assert bars == []
    first = store.events(Query())[0]["ts"]
    bars = store.histogram(Query(start_us=first - 1000, end_us=first + 1000), buckets=4)
    assert [count for _, _, count in bars] == [0, 0, 3, 0]
    with pytest.raises(Refused):
        store.histogram(Query(), buckets=0)


def test_facets_are_the_most_frequent_first(store: DuckStore) -> None:
    assert store.facet("source_kind", Query()) == [("cloudtrail", 7), ("vpcflow", 4), ("guardduty", 3)]
    assert store.facet("source_kind", Query(), top=1) == [("cloudtrail", 7)]
    assert ("arn:aws:s3:::example-orders", 1) in store.facet("resource_ids", Query())


def test_an_empty_store_answers(tmp_path: Path) -> None:
    store = DuckStore(tmp_path / "not" / "there")
    assert store.events(Query(search="x")) == []
    assert store.count(Query()) == 0
    assert store.histogram(Query()) == []
    assert store.facet("action", Query()) == []
    assert store.sources() == []
    assert store.suspects(Query()) == []


HOSTILE = ['action"; DROP TABLE parts; --', "ts) OR 1=1 --", "no_such_column", "", "row_id", 'x" IS NULL OR "x']


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_that_is_no_column_is_refused(store: DuckStore, name: str) -> None:
    for query in (Query(where={name: "x"}), Query(marks=[(name, "x")])):
        with pytest.raises(Refused, match="no column"):
            store.count(query)
    with pytest.raises(Refused, match="no column"):
        store.facet(name, Query())


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    value=st.text(max_size=30) | st.sampled_from(["' OR 1=1 --", "'; DROP VIEW events; --", "%", "_", "\\", "\0", '"'])
)
def test_a_value_is_only_ever_a_value(store: DuckStore, value: str) -> None:
    assert store.count(Query(where={"actor_name": value})) == (6 if value == "alice" else 0)
    assert store.count(Query(search=value)) <= 14
    assert store.count(Query()) == 14


@pytest.mark.parametrize(
    ("name", "value"),
    [("dst_port", "ssh"), ("read_only", "maybe"), ("event_uid", "xyz"), ("ts", "9" * 30), ("severity", "high")],
)
def test_a_value_that_cannot_be_in_the_column_is_refused(store: DuckStore, name: str, value: str) -> None:
    with pytest.raises(Refused, match=f"{name}|event"):
        store.count(Query(where={name: value}))
    with pytest.raises(Refused):
        store.events(Query(after=(0, "not hexadecimal")))


def test_the_interface_costs_no_engine() -> None:
    code = "import sys, hikeshi.stores.store, hikeshi.stores.duck; print(sorted({'duckdb', 'pyarrow', 'django'} & set(sys.modules)))"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout.strip() == "[]"
    )


@pytest.mark.parametrize(
    ("folder", "principal", "address"),
    [("sans504-s3-ransomware", "jmerckle", "3.238.12.183"), ("invictus-aws-dataset", "bert-jan", "192.168.10.20")],
)
def test_the_attacker_of_real_intrusions_is_the_first_suspect(
    shared_data: Path, tmp_path: Path, folder: str, principal: str, address: str
) -> None:
    if not (shared_data / folder).is_dir():
        pytest.skip(f"../shared/data/{folder} is not here")
    store = DuckStore(tmp_path)
    store.build([shared_data / folder])
    first, *others = store.suspects(Query())
    assert (first.principal, first.address) == (principal, address)
    assert all(first.score > 2 * other.score for other in others)
    assert first.reasons[0].text.ja != first.reasons[0].text.en


@pytest.mark.parametrize("word", [".*", "a.b", "(", "[", "\\d", "(?i)", "%", "_"])
def test_what_is_searched_is_text_and_no_pattern(store: DuckStore, word: str) -> None:
    found = store.count(Query(search=word))
    rows = store.events(Query(limit=1000))
    assert found == sum(word in row["raw"].lower() or word in row["message"].lower() for row in rows)


@pytest.mark.parametrize(
    ("search", "lines"),
    [("WEB-1 sshd[1]", 2), ("for root from 192.0.2.1", 1), ("192.0.2.", 2), ("192_0", 0), (".*", 0), ("ſſhd", 2), ("K\u212aK", 0)],
)  # fmt: skip
def test_text_is_found_in_any_case_and_signs_mean_themselves(tmp_path: Path, search: str, lines: int) -> None:
    log = "Nov  7 02:31:0{0} web-1 sshd[1]: Failed password for root from 192.0.2.{0} port 1 ssh2\n"
    (tmp_path / "auth.log").write_text(log.format(1) + log.format(2))
    store = DuckStore(tmp_path / "store")
    store.build([tmp_path / "auth.log"])
    assert store.count(Query(search=search)) == lines
