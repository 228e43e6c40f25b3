"""Building a store: what is new, what was delivered twice, what a kill leaves."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from hikeshi.errors import Failed, Refused
from hikeshi.events.parsers import vpcflow
from hikeshi.stores import building, writing
from hikeshi.stores.duck import DuckStore
from hikeshi.stores.layout import Layout
from hikeshi.stores.store import PLACES, Query

SAMPLES = Path(__file__).parents[1] / "samples"


def calls(path: Path, ids: range, *, minute: int = 0) -> Path:
    records = [
        {
            "eventTime": f"2026-11-06T14:{minute:02d}:{n % 60:02d}Z",
            "eventName": "GetObject",
            "eventSource": "s3.amazonaws.com",
            "eventID": str(n),
        }
        for n in ids
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(json.dumps({"Records": records}).encode(), mtime=0))
    return path


@pytest.fixture
def store(tmp_path: Path) -> DuckStore:
    return DuckStore(tmp_path / "store")


def test_the_report_adds_up(store: DuckStore, tmp_path: Path) -> None:
    for name in ("cloudtrail", "vpcflow", "guardduty"):
        shutil.copytree(SAMPLES / name, tmp_path / "logs" / name)
    (tmp_path / "logs" / "notes.txt").write_text("call the bank")
    (tmp_path / "logs" / "empty.log").write_text("")
    report = store.build([tmp_path / "logs"])
    rows = store.sources()
    assert report.files == len(rows) == len(list((tmp_path / "logs").rglob("*.*"))) - 1
    assert report.events == store.count(Query())
    assert report.events + report.duplicates + report.unreadable_count == sum(row.records for row in rows)
    assert report.not_recognised == (str(tmp_path / "logs" / "notes.txt"),)
    assert report.unreadable_count == len(report.unreadable) == sum(row.unreadable_count for row in rows)
    assert {row.note for row in rows} >= {"empty file"}
    assert any("digest" in row.note for row in rows)
    assert all(place.reason and place.source for place in report.unreadable)


def test_building_again_reads_nothing_and_says_the_same(store: DuckStore, tmp_path: Path) -> None:
    first = store.build([SAMPLES / "cloudtrail"])
    again = store.build([SAMPLES / "cloudtrail"])
    assert (again.built, again.unchanged) == (0, len(list((SAMPLES / "cloudtrail").iterdir())))
    assert (first.events, first.duplicates, first.sources) == (again.events, again.duplicates, again.sources)


def test_new_files_are_added_and_folded_with_what_is_there(store: DuckStore, tmp_path: Path) -> None:
    store.build([calls(tmp_path / "a.gz", range(10))])
    report = store.build([calls(tmp_path / "b.gz", range(5, 20))])
    assert (report.built, report.events, report.duplicates) == (1, 20, 5)
    assert {row.path.rpartition("/")[2]: row.duplicates for row in store.sources()} == {"a.gz": 0, "b.gz": 5}
    assert store.count(Query(where={"dup_count": 2})) == 5


def test_the_same_bytes_under_two_names_are_one_source(store: DuckStore, tmp_path: Path) -> None:
    shutil.copy(calls(tmp_path / "a.gz", range(3)), tmp_path / "copy.gz")
    report = store.build([tmp_path / "a.gz", tmp_path / "copy.gz"])
    assert (report.files, report.events, report.duplicates) == (1, 3, 0)


def test_a_late_file_lands_in_the_middle(store: DuckStore, tmp_path: Path) -> None:
    store.build([calls(tmp_path / "a.gz", range(3), minute=1), calls(tmp_path / "c.gz", range(6, 9), minute=9)])
    store.build([calls(tmp_path / "b.gz", range(3, 6), minute=5)])
    assert [row["dedup_key"] for row in store.events(Query())] == [f"cloudtrail:{n}:" for n in range(9)]


def test_a_source_is_read_again_when_its_parser_has_changed(
    store: DuckStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs = [SAMPLES / "vpcflow" / "v2-header.log", SAMPLES / "guardduty" / "export.jsonl"]
    before = store.build(logs)
    monkeypatch.setattr(vpcflow, "VERSION", "later")
    report = store.build(logs)
    assert (report.built, report.unchanged) == (1, 1)
    assert (report.events, report.duplicates) == (before.events, before.duplicates) == (7, 0)
    assert store.facet("parser_version", Query(where={"source_kind": "vpcflow"})) == [("later", 4)]


def test_batches_wholly_read_again_are_removed(
    store: DuckStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.build([SAMPLES / "vpcflow" / "v2-header.log"])
    monkeypatch.setattr(vpcflow, "VERSION", "later")
    store.build([SAMPLES / "vpcflow" / "v2-header.log"])
    assert [path.name for path in (tmp_path / "store" / "batches").iterdir()] == ["000002.json"]
    assert len(list((tmp_path / "store" / "parts").iterdir())) == 1


def test_what_a_killed_build_left_is_not_read_and_swept_away(store: DuckStore, tmp_path: Path) -> None:
    store.build([calls(tmp_path / "a.gz", range(3))])
    parts = tmp_path / "store" / "parts"
    (parts / "000002-0000.parquet").write_bytes(b"half a par")
    (parts / "000002-0001.parquet.new").write_bytes(b"")
    (tmp_path / "store" / "batches" / "000002.json.new").write_bytes(b"{")
    assert store.count(Query()) == 3
    store.build([calls(tmp_path / "b.gz", range(3, 6))])
    assert store.count(Query()) == 6
    assert not list((tmp_path / "store").rglob("*.new"))


def test_folds_that_were_lost_are_made_again(store: DuckStore, tmp_path: Path) -> None:
    store.build([calls(tmp_path / "a.gz", range(4)), calls(tmp_path / "b.gz", range(2, 6))])
    shutil.rmtree(tmp_path / "store" / "folds")
    assert store.count(Query()) == 6


def test_a_damaged_manifest_is_named(store: DuckStore, tmp_path: Path) -> None:
    store.build([calls(tmp_path / "a.gz", range(3))])
    (tmp_path / "store" / "batches" / "000001.json").write_text("{")
    with pytest.raises(Failed, match=r"000001\.json is damaged"):
        store.count(Query())


def test_two_builds_at_once_are_refused(store: DuckStore, tmp_path: Path) -> None:
    with Layout(tmp_path / "store").locked(), pytest.raises(Refused, match="being built"):
        store.build([calls(tmp_path / "a.gz", range(3))])


def test_a_path_that_does_not_exist_is_refused(store: DuckStore, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no file or folder"):
        store.build([tmp_path / "nothing"])


def test_a_known_hash_is_believed_and_names_the_source(store: DuckStore, tmp_path: Path) -> None:
    path = calls(tmp_path / "a.gz", range(3))
    store.build([path], sha256_of={str(path): "ab" * 32})
    assert [row.sha256 for row in store.sources()] == ["ab" * 32]


def test_unreadable_places_are_capped_and_the_count_is_true(store: DuckStore, tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("version account-id interface-id srcaddr start\n" + "not a line\n" * 5000)
    report = store.build([tmp_path / "a.log"])
    assert report.unreadable_count == 5000
    assert len(report.unreadable) == PLACES


def test_progress_ends_with_all_files(store: DuckStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "MOST", 2)
    for n in range(5):
        calls(tmp_path / "logs" / f"{n}.gz", range(n, n + 1))
    seen: list[tuple[int, int]] = []
    store.build([tmp_path / "logs"], progress=lambda done, total: seen.append((done, total)))
    assert seen == [(2, 5), (4, 5), (5, 5)]


def test_a_file_that_vanishes_is_told_and_progress_ends_with_those_that_are_there(
    store: DuckStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "MOST", 1)
    there = [calls(tmp_path / f"{n}.gz", range(n, n + 1)) for n in range(3)]
    gone = tmp_path / "1a.gz"
    monkeypatch.setattr(building, "walk", lambda _: [*there[:2], gone, there[2]])
    seen: list[tuple[int, int]] = []
    report = store.build([tmp_path], progress=lambda done, total: seen.append((done, total)))
    assert [place.source for place in report.unreadable] == [str(gone)]
    assert (report.events, seen[-1]) == (3, (3, 3))


KILLED = """
import sys
from pathlib import Path
from hikeshi.stores import building, writing
from hikeshi.stores.duck import DuckStore
building.MOST = 1
DuckStore(Path(sys.argv[1])).build([sys.argv[2]], progress=lambda done, total: print(done, flush=True))
"""


@pytest.mark.slow
def test_a_build_killed_in_the_middle_leaves_what_was_done_and_goes_on(store: DuckStore, tmp_path: Path) -> None:
    for n in range(60):
        calls(tmp_path / "logs" / f"{n:02d}.gz", range(n * 200, n * 200 + 200))
    command = [sys.executable, "-c", KILLED, str(tmp_path / "store"), str(tmp_path / "logs")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as building_it:
        assert building_it.stdout is not None
        assert building_it.stdout.readline()
        building_it.kill()
    held = store.count(Query())
    assert 200 <= held < 12_000
    assert held == sum(row.events for row in store.sources())
    report = store.build([tmp_path / "logs"])
    assert (report.events, report.duplicates) == (12_000, 0)
    assert report.unchanged == held // 200


@pytest.mark.slow
def test_many_processes_make_the_same_store(store: DuckStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(8):
        calls(tmp_path / "logs" / f"{n}.gz", range(n * 50, n * 50 + 60))
    here = DuckStore(tmp_path / "here").build([tmp_path / "logs"])
    monkeypatch.setattr(building, "LITTLE", 0)
    monkeypatch.setattr(building, "MOST", 3)
    spread = store.build([tmp_path / "logs"], workers=2)
    assert (spread.events, spread.duplicates, spread.sources) == (here.events, here.duplicates, here.sources)
    assert here.events == 410


@pytest.mark.parametrize(
    ("folder", "files", "events", "duplicates"),
    [("invictus-aws-dataset", 28, 2093, 0), ("sans504-s3-ransomware", 1115, 6003, 1435)],
)
def test_real_trails_add_up(
    shared_data: Path, store: DuckStore, folder: str, files: int, events: int, duplicates: int
) -> None:
    if not (shared_data / folder).is_dir():
        pytest.skip(f"../shared/data/{folder} is not here")
    report = store.build([shared_data / folder])
    assert (report.files, report.events, report.duplicates, report.unreadable_count) == (files, events, duplicates, 0)
    assert {Path(path).name for path in report.not_recognised} == {"README.md", "SHA256SUMS"}


def test_logs_in_a_zip_are_read_member_by_member(tmp_path: Path) -> None:
    line = "2 111122223333 eni-0a1 10.0.0.5 192.0.2.9 {} 443 6 5 500 1000 1010 ACCEPT OK\n"
    packed = tmp_path / "flows.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.log", line.format(1))
        archive.writestr("folder/b.log", line.format(2) + line.format(3))
    report = DuckStore(tmp_path / "store").build([packed])
    assert (report.files, report.events, report.not_recognised_count) == (1, 3, 0)


def test_a_part_has_only_columns_that_hold_something_and_every_column_can_be_asked(
    store: DuckStore, tmp_path: Path
) -> None:
    store.build([calls(tmp_path / "calls.json.gz", range(3))])
    (part,) = (store.folder / "parts").iterdir()
    there = pq.read_schema(part)
    assert "http_status" not in there.names
    assert not there.field("action").nullable
    assert store.count(Query(where={"http_status": 200})) == 0
    assert store.count(Query(where={"http_status": None, "action": "GetObject"})) == 3
    store.build([SAMPLES / "webaccess"])
    assert store.count(Query(where={"http_status": None, "action": "GetObject"})) == 3
    assert store.count(Query(where={"http_status": 200})) > 0


@pytest.mark.parametrize("least", [1, 1_000_000])
def test_blocks_that_follow_each_other_in_time_come_out_in_order(
    store: DuckStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, least: int
) -> None:
    monkeypatch.setattr(writing, "ALONE", least)
    monkeypatch.setattr(building, "LITTLE", 1 << 30)  # read in this process
    for name, hours in {"a.log": (2, 1), "b.log": (4,), "c.log": (3, 0)}.items():
        lines = [
            f"2 111122223333 eni-0a1b 192.0.2.{n} 10.0.0.{hour} {n} 22 6 1 40 {1794061200 + 3600 * hour + n % 7} 1794090000 {'ACCEPT' if n % 3 else 'REJECT'} OK"
            for hour in hours
            for n in range(200)
        ]
        (tmp_path / name).write_text("\n".join(lines))
    store.build([tmp_path / f"{name}.log" for name in "abc"])
    (part,) = (tmp_path / "store" / "parts").iterdir()
    rows = pq.ParquetFile(part).read().to_pylist()
    assert len(rows) == 1000
    assert [row["ts"] for row in rows] == sorted(row["ts"] for row in rows)
    assert [row["row_id"] for row in rows] == list(range(rows[0]["row_id"], rows[0]["row_id"] + 1000))
    assert {(row["src_ip"], row["dst_ip"]) for row in rows} == {
        (f"192.0.2.{n}", f"10.0.0.{hour}") for n in range(200) for hour in range(5)
    }
