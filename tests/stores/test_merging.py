"""A merged store answers as the parts it was merged from, whatever the question."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import duckdb
import msgspec
import pytest
from hypothesis import given, settings, strategies as st

from hikeshi.events.detect.loading import OWN, load
from hikeshi.events.event import COLUMNS
from hikeshi.stores import layout, merging
from hikeshi.stores.blocks import inside
from hikeshi.stores.derived import UNASKED
from hikeshi.stores.detecting import detect
from hikeshi.stores.duck import DuckStore
from hikeshi.stores.entity import entity
from hikeshi.stores.gaps import gaps
from hikeshi.stores.layout import Layout, merged
from hikeshi.stores.lookups import escalation
from hikeshi.stores.store import Query

LATE = "cloudtrail/array.json"


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "MANY", 0)
    for name, value in {"SLICE": 3, "GROUP": 2, "PART": 4}.items():
        monkeypatch.setattr(merging, name, value)


@pytest.fixture
def folder(store: DuckStore, tmp_path: Path) -> Path:
    """The store of samples as it was built, in parts."""
    return Path(shutil.copytree(store._layout.folder, tmp_path / "store"))


WHICH: list[dict[str, Any]] = [
    {}, {"where": {"source_kind": "cloudtrail"}}, {"search": "AMAZON"}, {"search": "203.0.113."}, {"search": "2026-11-07t"}, {"marks": (("src_ip", "203.0.113.66"), ("action", "flow"))},
    {"where": {"action": "NoSuchCall"}},
]  # fmt: skip


def walked(store: DuckStore, query: Query) -> list[str]:
    """The ids of every page, one page after the other."""
    found: list[str] = []
    while rows := store.events(query):
        found += [row["event_uid"] for row in rows]
        query = msgspec.structs.replace(query, after=(rows[-1]["ts"], rows[-1]["event_uid"]))
    return found


def answers(store: DuckStore) -> dict[str, Any]:
    everything = store.histogram(Query())
    inner = Query(start_us=everything[7][0] + 12_345, end_us=everything[40][1])
    cut = [
        Query(), Query(start_us=inner.start_us), Query(end_us=inner.end_us), Query(start_us=inner.end_us, end_us=inner.start_us),
        Query(start_us=1 << 61), Query(end_us=-(1 << 61)),
    ]  # fmt: skip
    cut_some = [msgspec.structs.replace(one, where={"source_kind": "cloudtrail"}) for one in cut]
    return {
        "count": store.count(Query()),
        "rows": store.events(Query()),
        "page": store.events(Query(limit=3, descending=True)),
        "walked": [walked(store, Query(limit=limit, descending=way, **which)) for which in WHICH for limit, way in ((7, False), (100, True))],
        "walked inside": [walked(store, msgspec.structs.replace(inner, limit=5, descending=way)) for way in (False, True)],
        "of a time": [(store.count(one), store.histogram(one, 5)) for one in cut],
        "of a time, some": [(store.count(one), store.facet("action", one)) for one in cut_some],
        "one name": entity(store, "203.0.113.66", inner),
        "spread": [store.histogram(Query(), n) for n in (1, 2, 7, 60, 1000)],
        "inner": [store.histogram(inner, 13), store.count(inner), store.histogram(Query(where={"source_kind": "vpcflow"}))],
        "facets": [store.facet(name, Query()) for name in ("action", "dup_count", "resource_ids")],
        "sources": store.sources(),
        "suspects": store.suspects(Query()),
    }  # fmt: skip


def test_every_answer_is_the_same(folder: Path) -> None:
    store = DuckStore(folder)
    before = answers(store)
    store._settled()
    assert merged(Layout(folder).batches())
    assert answers(store) == before


def test_progress_counts_deliveries(folder: Path) -> None:
    told: list[tuple[int, int]] = []
    store = DuckStore(folder)
    store._settled(lambda done, total: told.append((done, total)))
    assert told[-1] == (sum(row.events for row in store.sources()),) * 2
    assert len(told) > 2


def test_only_the_merged_parts_are_left(folder: Path) -> None:
    DuckStore(folder)._settled()
    names = {path.name.split("-")[1] for path in (folder / "parts").iterdir()}
    assert names == {"once", "later"}
    assert len(list((folder / "batches").iterdir())) == 1


def test_what_is_added_later_is_folded_with_what_was_merged(samples: list[Path], tmp_path: Path) -> None:
    late = [path for path in samples if str(path).endswith(LATE)]
    store = DuckStore(tmp_path / "store")
    store.build([path for path in samples if path not in late])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layout, "MANY", 100)
        report = store.build(late)
    assert len(Layout(tmp_path / "store").batches()) == 2
    whole = DuckStore(tmp_path / "whole")
    assert report.duplicates == whole.build(samples).duplicates > 0
    shown = [row["event_uid"] for row in store.events(Query())]
    assert shown == [row["event_uid"] for row in whole.events(Query())]


def test_building_again_reads_nothing_after_merging(samples: list[Path], tmp_path: Path) -> None:
    store = DuckStore(tmp_path)
    first = store.build(samples)
    again = store.build(samples)
    assert (again.built, again.unchanged, again.events) == (0, len(samples), first.events)


def test_events_before_1970_are_merged_too(tmp_path: Path) -> None:
    store, logs = DuckStore(tmp_path / "store"), tmp_path / "old.jsonl"
    times = ("1601-01-01T00:00:00.5Z", "1969-12-31T23:59:58.5Z", "1969-12-31T23:59:59.5Z", "1970-01-01T00:00:00.5Z")
    logs.write_text(
        "".join(
            f'{{"message": "m{n}", "datetime": "{at}", "timestamp_desc": "written"}}\n' for n, at in enumerate(times)
        )
    )
    assert store.build([logs]).events == store.count(Query()) == len(times)
    assert merged(Layout(tmp_path / "store").batches())
    assert [row["message"] for row in store.events(Query())] == ["m0", "m1", "m2", "m3"]


def test_a_merging_that_was_killed_changes_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = DuckStore(folder)
    before = answers(store)
    with monkeypatch.context() as patch:
        patch.setattr(Layout, "commit", _killed)
        with pytest.raises(KeyboardInterrupt):
            store._settled()
    assert answers(store) == before
    store._settled()
    assert answers(store) == before
    assert not list((folder / "parts").glob("*.new"))


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_merging_that_was_killed_behind_its_commit_counts(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = DuckStore(folder)
    before = answers(store)
    with monkeypatch.context() as patch:
        patch.setattr(Layout, "forget", _killed)
        with pytest.raises(KeyboardInterrupt):
            store._settled()
    assert answers(store) == before


def test_rules_find_the_same(folder: Path) -> None:
    store = DuckStore(folder)
    before = detect(store, load([OWN]))
    assert before.hit
    store._settled()
    assert detect(store, load([OWN])).rules == before.rules


def test_blocks_that_lie_in_a_bucket_are_counted_unread(folder: Path) -> None:
    store = DuckStore(folder)
    store._settled()
    batch = merged(Layout(folder).batches())
    assert batch is not None
    known, edges = inside(batch, 0, 1 << 62, 1 << 62)
    assert (known.total(), edges) == (store.count(Query()), [])


ASKED: list[Callable[[DuckStore], Any]] = [
    lambda store: store.events(Query(limit=7)), lambda store: store.count(Query(search="AMAZON")),
    lambda store: store.histogram(Query(), 7), lambda store: store.facet("action", Query()), DuckStore.sources,
    lambda store: store.suspects(Query()), lambda store: entity(store, "203.0.113.66"),
    lambda store: detect(store, load([OWN])).rules, lambda store: escalation(store).cut, gaps,
]  # fmt: skip


@pytest.mark.parametrize("ask", ASKED)
def test_a_question_during_which_parts_are_merged_has_its_answer(
    folder: Path, ask: Callable[[DuckStore], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = DuckStore(folder)
    before = ask(store)
    for kept in ("attempts.json", "gaps.json"):
        (folder / kept).unlink(missing_ok=True)
    opened, merges = DuckStore._connection, [Thread(target=DuckStore(folder)._settled)]

    @contextmanager
    def late(self: DuckStore, only: range | None = None) -> Iterator[Any]:
        with opened(self, only) as con:
            while merges:
                (merge := merges.pop()).start()
                merge.join()  # what is open now is gone
            yield con

    monkeypatch.setattr(DuckStore, "_connection", late)
    assert ask(store) == before
    assert merged(Layout(folder).batches())


def test_a_question_that_fails_for_another_reason_says_so(folder: Path) -> None:
    next((folder / "parts").iterdir()).unlink()
    with pytest.raises(duckdb.IOException):
        DuckStore(folder).count(Query())


@pytest.fixture(scope="module")
def settled(store: DuckStore, tmp_path_factory: pytest.TempPathFactory) -> DuckStore:
    folder = Path(shutil.copytree(store._layout.folder, tmp_path_factory.mktemp("settled") / "store"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layout, "MANY", 0)
        DuckStore(folder)._settled()
    return DuckStore(folder)


@given(
    field=st.sampled_from(sorted({*COLUMNS, "dup_count"} - UNASKED)), top=st.integers(-1, 40), buckets=st.integers(1, 200),
    which=st.sampled_from([*WHICH, {"start_us": 0}, {"limit": 3}]),
)  # fmt: skip
@settings(max_examples=20, deadline=None)
def test_what_is_kept_is_what_is_found(
    settled: DuckStore, store: DuckStore, field: str, top: int, buckets: int, which: dict[str, Any]
) -> None:
    query = Query(**which)
    for _ in range(2):  # found, and kept
        assert settled.facet(field, query, top) == store.facet(field, query, top)
        assert settled.histogram(query, buckets) == store.histogram(query, buckets)


def test_what_is_kept_goes_with_the_parts_it_is_of(samples: list[Path], tmp_path: Path) -> None:
    late = [path for path in samples if path.parent.name == "vpcflow"]
    store = DuckStore(tmp_path / "store")
    store.build([path for path in samples if path not in late])
    before = store.facet("source_kind", Query())
    store.build(late)
    assert {kind for kind, _ in store.facet("source_kind", Query())} - {kind for kind, _ in before} == {"vpcflow"}
    assert {path.name.split("-")[0] for path in (tmp_path / "store" / "kept").iterdir()} == {store.fingerprint()}


def test_what_is_kept_and_damaged_is_found_again(folder: Path) -> None:
    store = DuckStore(folder)
    store._settled()
    before = store.facet("action", Query())
    for path in (folder / "kept").iterdir():
        path.write_bytes(path.read_bytes()[:-1])
    assert store.facet("action", Query()) == before
