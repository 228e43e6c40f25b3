"""Who delivered an event, and in what the copies differ."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hikeshi.errors import Refused
from hikeshi.stores import layout, witnesses
from hikeshi.stores.duck import DuckStore
from hikeshi.stores.store import Query
from stores.test_gaps import call


def test_copies_are_compared_field_by_field(tmp_path: Path) -> None:
    first = call(0, "StopLogging", name="main")
    second = first | {"eventVersion": "1.08", "requestParameters": {"name": "main", "more": [1]}}
    for name, record in (("a.json", first), ("b.json", second)):
        (tmp_path / name).write_text(json.dumps({"Records": [record]}))
    store = DuckStore(tmp_path / "store")
    store.build([tmp_path / "a.json", tmp_path / "b.json"])
    (row,) = store.events(Query())
    found = witnesses.testimony(store, row["event_uid"])
    assert [Path(one.path).name for one in found.witnesses] == ["a.json", "b.json"]
    assert (found.count, found.witnesses[0].seq) == (2, 1)
    told = {one.field: one.values for one in found.differing}
    assert told == {"eventVersion": ("1.11", "1.08"), "requestParameters.more": (None, [1])}


def test_copies_of_different_shapes_are_compared_by_columns(tmp_path: Path) -> None:
    record = call(0, "StopLogging", name="main")
    (tmp_path / "a.json").write_text(json.dumps({"Records": [record]}))
    (tmp_path / "b.json").write_text(
        json.dumps({"CloudTrailEvent": json.dumps(record | {"errorCode": "AccessDenied"})})
    )
    store = DuckStore(tmp_path / "store")
    store.build([tmp_path / "a.json", tmp_path / "b.json"])
    (row,) = store.events(Query())
    told = {one.field: one.values for one in witnesses.testimony(store, row["event_uid"]).differing}
    assert told["error_code"] == (None, "AccessDenied")
    assert "eventName" not in told


def test_a_single_delivery_has_one_witness_and_no_differences(store: DuckStore) -> None:
    row = next(row for row in store.events(Query()) if row["dup_count"] == 1)
    found = witnesses.testimony(store, row["event_uid"])
    assert (found.count, len(found.witnesses), found.differing) == (1, 1, ())


@pytest.mark.parametrize("uid", ["", "zz", "00" * 16, "00"])
def test_an_id_of_nothing_is_refused(store: DuckStore, uid: str) -> None:
    with pytest.raises(Refused, match="No event"):
        witnesses.testimony(store, uid)


def test_a_time_finds_the_same_witnesses(samples: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = DuckStore(tmp_path)
    for many in (1000, 0):  # in parts, and merged
        monkeypatch.setattr(layout, "MANY", many)
        store.build(samples)
        store._settled()
        rows = store.events(Query())
        told = [witnesses.testimony(store, row["event_uid"], row["ts"]) for row in rows]
        assert told == [witnesses.testimony(store, row["event_uid"]) for row in rows]
        assert [one.count for one in told] == [row["dup_count"] for row in rows]
        late = witnesses.testimony(store, rows[0]["event_uid"], rows[0]["ts"] + 1)
        assert late == told[0]  # a time that is wrong costs time and nothing else
    assert layout.merged(store._layout.batches())


def test_a_witness_has_the_name_people_gave_its_file(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"Records": [call(0, "StopLogging")]}))
    store = DuckStore(tmp_path / "store")
    store.build([tmp_path / "a.json"], names={str(tmp_path / "a.json"): "EV-0001"})
    (row,) = store.events(Query())
    assert [one.name for one in witnesses.testimony(store, row["event_uid"]).witnesses] == ["EV-0001"]
