"""Queries that few events meet: what is kept of them is what is found."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings, strategies as st

from hikeshi.events.event import COLUMNS
from hikeshi.stores import few, layout, merging
from hikeshi.stores.derived import UNASKED
from hikeshi.stores.duck import DuckStore
from hikeshi.stores.few import Few, Known
from hikeshi.stores.kept import USUAL
from hikeshi.stores.questions import PLAIN, SAID, told
from hikeshi.stores.store import Query

SAMPLES = Path(__file__).parents[1] / "samples"
SHARED = Path(__file__).parents[2] / ".." / "shared" / "data"

WHICH: list[dict[str, Any]] = [
    {"search": "AMAZON"}, {"search": "203.0.113."}, {"search": "called"}, {"search": "no such text"}, {"where": {"source_kind": "cloudtrail"}},
    {"where": {"source_kind": "vpcflow"}, "search": "reject"}, {"marks": (("src_ip", "203.0.113.66"), ("action", "flow"))},
]  # fmt: skip


@pytest.fixture(autouse=True)
def _nothing_known() -> Iterator[None]:
    few.known.forget()
    few.sums.forget()
    yield
    few.known.forget()
    few.sums.forget()


@pytest.fixture(scope="module")
def settled(store: DuckStore, tmp_path_factory: pytest.TempPathFactory) -> DuckStore:
    """The samples merged into blocks of two events."""
    folder = Path(shutil.copytree(store._layout.folder, tmp_path_factory.mktemp("few") / "store"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layout, "MANY", 0)
        for name, value in {"SLICE": 3, "GROUP": 2, "PART": 4}.items():
            patch.setattr(merging, name, value)
        DuckStore(folder)._settled()
    return DuckStore(folder)


def walked(store: DuckStore, query: Query) -> list[str]:
    found: list[str] = []
    while rows := store.events(query):
        found += [row["event_uid"] for row in rows]
        query = msgspec.structs.replace(query, after=(rows[-1]["ts"], rows[-1]["event_uid"]))
    return found


ASKED: dict[str, Callable[[DuckStore, Query, str], Any]] = {
    "count": lambda store, query, _: store.count(query),
    "facet": lambda store, query, field: store.facet(field, query),
    "histogram": lambda store, query, _: store.histogram(query, 7),
    "page": lambda store, query, _: store.events(query),
    "walked": lambda store, query, _: walked(store, query),
}


@given(
    names=st.lists(st.sampled_from(sorted(ASKED)), min_size=2, max_size=6), field=st.sampled_from([*USUAL, *sorted(COLUMNS.keys() - UNASKED)]), most=st.integers(0, 20),
    which=st.sampled_from(WHICH), limit=st.sampled_from([0, 1, 2, 5, 100]), descending=st.booleans(), apart=st.sampled_from([1, 32]),
)  # fmt: skip
@settings(max_examples=80, deadline=None)
def test_questions_in_any_order_have_the_answers_of_a_store_that_keeps_nothing(
    settled: DuckStore, store: DuckStore, names: list[str], field: str, most: int, which: dict[str, Any], limit: int,
    descending: bool, apart: int,
) -> None:  # fmt: skip
    few.known.forget()
    few.sums.forget()
    query = Query(limit=limit, descending=descending, **which)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(few, "MOST", most)
        patch.setattr("hikeshi.stores.duck.APART", apart)
        for name in names:
            assert ASKED[name](settled, query, field) == ASKED[name](store, query, field), name


def test_a_search_that_was_counted_is_not_looked_for_again(settled: DuckStore, monkeypatch: pytest.MonkeyPatch) -> None:
    query = Query(search="amazon")
    found = settled.count(query)
    monkeypatch.setattr(DuckStore, "_where", lambda *_args, **_kwargs: ("false", []))
    assert settled.count(query) == sum(count for *_, count in settled.histogram(query)) == found > 0
    assert settled.facet("source_kind", query)
    assert len(settled.events(query)) == found


def test_a_page_that_is_not_full_has_looked_at_everything(settled: DuckStore, monkeypatch: pytest.MonkeyPatch) -> None:
    query = Query(search="amazon", limit=1000)
    rows = settled.events(query)
    monkeypatch.setattr(DuckStore, "_where", lambda *_args, **_kwargs: ("false", []))
    assert settled.count(query) == len(rows) > 0


def test_a_store_that_was_built_anew_in_its_place_is_asked_anew(
    settled: DuckStore, samples: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout, "MANY", 0)
    counts = []
    for logs in (samples[:1], samples):
        shutil.rmtree(tmp_path / "store", ignore_errors=True)
        store = DuckStore(tmp_path / "store")
        store.build(logs)
        counts.append(store.count(Query(search="amazon")))
    assert counts[0] < counts[1]


def test_what_was_asked_longest_ago_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(few, "ROOM", 5)
    known: Known[Few] = Known()
    for at in range(3):
        known.keep(b"%d" % at, Few.of([(1, 1), (2, 2)]))
    assert [known.peek(b"%d" % at) is not None for at in range(3)] == [False, True, True]


@pytest.mark.parametrize("kind", SAID)
def test_what_a_sentence_says_is_in_the_record(kind: str, tmp_path: Path) -> None:
    """Of every sentence each run of plain letters that is told to be in the record."""
    logs = {"cloudtrail": ["invictus-aws-dataset", "sans504-s3-ransomware", "cloudtrail-shapes"], "vpcflow": ["vpcflow-samples"], "webaccess": ["web-access-logs"]}  # fmt: skip
    store = DuckStore(tmp_path)
    store.build([SAMPLES / kind, *(SHARED / name for name in logs[kind] if (SHARED / name).is_dir())])
    with store._connection() as con:
        rows = con.execute("SELECT message, raw FROM events WHERE source_kind = ?", [kind]).fetchall()
    missing = {
        (run, message)
        for message, raw in rows
        for run in re.findall(PLAIN, message)
        if told(run, [kind]) and run.lower() not in raw.lower()
    }
    assert len(rows) > 10
    assert not missing
