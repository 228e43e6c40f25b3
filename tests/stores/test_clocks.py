"""Clocks of sources that were wrong: put right while building, told in the manifest, undone by building again."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest

from hikeshi.errors import Refused
from hikeshi.events import assumed
from hikeshi.stores.duck import DuckStore
from hikeshi.stores.store import Query

SAMPLES = Path(__file__).parents[1] / "samples"
LOGS = [SAMPLES / "vpcflow" / "v2-header.log", SAMPLES / "cloudtrail" / "s3.json", SAMPLES / "syslog" / "auth.log"]


@pytest.fixture
def store(tmp_path: Path) -> DuckStore:
    return DuckStore(tmp_path / "store")


def times(store: DuckStore, kind: str) -> list[Any]:
    rows = store.events(Query(where={"source_kind": kind}))
    return sorted((row["event_uid"], row["ts"], row["ts_end"], row["ts_skew_us"]) for row in rows)


@pytest.mark.parametrize("kind", ["vpcflow", "cloudtrail", "syslog"])
def test_a_skew_is_stored_told_and_undone(store: DuckStore, kind: str) -> None:
    store.build(LOGS)
    before = times(store, kind)
    report = store.build(LOGS, assumed=[assumed.skew(f"{kind}=+3.5s")])
    assert (report.built, report.unchanged) == (1, 2)
    assert times(store, kind) == [
        (uid, ts + 3_500_000, end and end + 3_500_000, 3_500_000) for uid, ts, end, _ in before
    ]
    row = next(row for row in store.sources() if row.parser == kind)
    assert [one.skew_us for one in row.assumed] == [3_500_000]
    assert row.first_us == min(ts for _, ts, _, _ in times(store, kind))
    assert store.build(LOGS, assumed=[assumed.skew(f"{kind}=+3.5s")]).built == 0
    assert store.build(LOGS, assumed=[assumed.skew(f"{kind}=-1m")]).built == 1
    store.build(LOGS)
    assert times(store, kind) == before


def test_a_source_is_known_by_what_people_call_it(store: DuckStore) -> None:
    names = {str(LOGS[2]): "EV-002/auth.log"}
    store.build(LOGS, names=names, assumed=[assumed.zone("EV-002/*=Asia/Tokyo")])
    told = {row.name: row.assumed for row in store.sources()}
    assert told.pop("EV-002/auth.log") == (assumed.zone("Asia/Tokyo"),)
    assert told == {"": ()}


def test_a_log_in_an_archive_is_put_right_by_its_kind(store: DuckStore, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "logs.zip", "w") as archive:
        for path in LOGS:
            archive.write(path, path.name)
    store.build([tmp_path / "logs.zip"], assumed=[assumed.skew("syslog=+1s")])
    assert {row[3] for row in times(store, "syslog")} == {1_000_000}
    assert {row[3] for row in times(store, "vpcflow")} == {None}


def test_a_zone_changes_nothing_where_times_have_one(store: DuckStore, tmp_path: Path) -> None:
    store.build(LOGS[:2])
    other = DuckStore(tmp_path / "other")
    other.build(LOGS[:2], assumed=[assumed.zone("Asia/Tokyo")])
    assert other.events(Query()) == store.events(Query())


def test_a_source_nobody_has_is_refused_before_anything_is_read(store: DuckStore) -> None:
    with pytest.raises(Refused, match=r"fw\.log"):
        store.build(LOGS, assumed=[assumed.skew("fw.log=+1s")])
    assert store.sources() == []
