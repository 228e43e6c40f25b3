"""A cluster makes the same store as one machine, whatever is killed."""

from __future__ import annotations

import gzip
import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
import psutil
import pytest

from hikeshi.errors import Failed, Refused
from hikeshi.events.source import Limits
from hikeshi.stores import building, spreading
from hikeshi.stores.duck import DuckStore
from hikeshi.stores.layout import Layout
from hikeshi.stores.spark import SparkStore
from hikeshi.stores.store import BuildReport, Query
from hikeshi.stores.tasks import Done, Task
from stores.spark_cluster import Cluster, missing, tree

SAMPLES = Path(__file__).parents[1] / "samples"
FILES, EACH = 8, 2000
ALL = Query(limit=1_000_000)

on_cluster = [
    pytest.mark.cluster,
    pytest.mark.skipif(bool(missing()), reason=missing() or "all is here"),
    pytest.mark.filterwarnings("ignore:.*pandas.*:FutureWarning"),
]


def calls(path: Path, ids: range) -> Path:
    records = [
        {
            "eventTime": f"2026-11-06T{n // 3600 % 24:02d}:{n // 60 % 60:02d}:{n % 60:02d}Z",
            "eventName": "GetObject" if n % 7 else "StopLogging",
            "eventSource": "s3.amazonaws.com",
            "sourceIPAddress": f"198.51.100.{n % 250}",
            "userIdentity": {"type": "IAMUser", "userName": f"user-{n % 5}", "accountId": "111122223333"},
            "eventID": str(n),
        }
        for n in ids
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(json.dumps({"Records": records}).encode(), mtime=0))
    return path


class Made(NamedTuple):
    """Two stores of the same logs, one made by a cluster of which a worker was killed in the middle."""

    spark: SparkStore
    local: DuckStore
    report: BuildReport
    expected: BuildReport
    lost: list[str]
    """Names of the tries that the killed worker had not finished."""
    alive: int
    """Workers left."""


class Killer(threading.Thread):
    """Kills a worker, all of its processes at once, at a moment when it certainly is in the middle of a task."""

    def __init__(self, attempts: Path, worker: psutil.Process) -> None:
        super().__init__(daemon=True)
        self._attempts = attempts
        self._worker = worker
        self.over = threading.Event()
        self.lost: list[str] = []

    def run(self) -> None:
        while not self.lost and not self.over.wait(0.005):
            for tried in self._attempts.glob("*-*-*"):
                if not self._finished(tried):
                    self._look(tried)

    def _look(self, tried: Path) -> None:
        family = tree(self._worker)
        if not self.lost and tried.name.split("-")[1] in {str(one.pid) for one in family}:
            self._kill(family, tried)

    def _finished(self, tried: Path) -> bool:
        return any((tried / "batches").glob("*.json")) or not tried.is_dir()

    def _kill(self, family: list[psutil.Process], tried: Path) -> None:
        for one in family:
            one.suspend()
        if not self._finished(tried):  # it stands still now: whatever it was doing stays half done
            self.lost.append(tried.name)
        for one in family:
            one.kill() if self.lost else one.resume()


@pytest.fixture(scope="module")
def made(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    folder = tmp_path_factory.mktemp("made")
    for n in range(FILES):
        calls(folder / "logs" / f"{n:02d}.json.gz", range(n * EACH, n * EACH + EACH + 100))
    for name in ("cloudtrail", "guardduty", "syslog", "vpcflow", "webaccess"):
        shutil.copytree(SAMPLES / name, folder / "logs" / name)
    shutil.copy(folder / "logs" / "05.json.gz", folder / "logs" / "copy.json.gz")
    (folder / "logs" / "notes.txt").write_text("call the bank")
    local = DuckStore(folder / "local")
    spark = SparkStore(folder / "spark", cluster.master, settings=cluster.settings)
    killer = Killer(folder / "spark" / "attempts", cluster.workers[1])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(building, "MOST", 1)  # a task for each file
        expected = local.build([folder / "logs"])
        killer.start()
        report = spark.build([folder / "logs"])
    killer.over.set()
    killer.join()
    yield Made(spark, local, report, expected, killer.lost, cluster.alive())
    spark.close()


class TestOnACluster:
    pytestmark = on_cluster

    def test_a_worker_killed_in_the_middle_changes_no_event(self, made: Made) -> None:
        assert len(made.lost) == 1
        number = int(made.lost[0].partition("-")[0])
        assert number in {batch.number for batch in Layout(made.spark._layout.folder).batches()}
        assert made.spark.count(ALL) == made.local.count(ALL) == made.expected.events
        assert made.spark.events(ALL) == made.local.events(ALL)

    def test_the_report_is_the_same(self, made: Made) -> None:
        assert msgspec.structs.replace(made.report, seconds=0) == msgspec.structs.replace(made.expected, seconds=0)
        assert made.report.duplicates >= (FILES - 1) * 100
        assert made.spark.sources() == made.local.sources()
        assert not list(made.spark._layout.folder.glob("attempts"))

    def test_each_engine_reads_what_the_other_wrote(self, made: Made, cluster: Cluster) -> None:
        folders = made.spark._layout.folder, made.local._layout.folder
        shutil.rmtree(made.local._layout.folds)
        crossed = SparkStore(folders[1], cluster.master, settings=cluster.settings)
        crossed._opened = made.spark.session
        assert crossed.events(Query(limit=3000)) == DuckStore(folders[0]).events(Query(limit=3000))

    @pytest.mark.parametrize(
        "query",
        [
            Query(where={"resource_ids": "arn:aws:s3:::example-orders"}),
            Query(where={"dup_count": 2, "read_only": None}, descending=True, limit=7),
            Query(marks=[("actor_name", "user-3"), ("src_ip", "10.0.14.23")], search="STOPlogging", limit=20),
            Query(where={"actor_name": ["' OR 1=1 -- \\ \" `", "alice"], "source_kind": "cloudtrail"}),
        ],
        ids=str,
    )
    def test_every_query_finds_the_same(self, made: Made, query: Query) -> None:
        page = made.spark.events(query)
        assert page == made.local.events(query)
        assert page
        assert made.spark.count(query) == made.local.count(query)

    def test_a_page_is_followed_by_the_next(self, made: Made) -> None:
        page = made.spark.events(Query(limit=50))
        after = (page[-1]["ts"], page[-1]["event_uid"])
        assert page + made.spark.events(Query(limit=50, after=after)) == made.local.events(ALL)[:100]

    def test_what_is_counted_is_the_same(self, made: Made) -> None:
        query = Query(start_us=0)
        assert made.spark.histogram(query, 7) == made.local.histogram(query, 7)
        assert made.spark.facet("resource_ids", query) == made.local.facet("resource_ids", query)
        assert made.spark.suspects(query) == made.local.suspects(query)

    def test_a_name_that_is_no_column_is_refused(self, made: Made) -> None:
        for name in ('ts" OR 1=1 --', "`ts`", "row_id", ""):
            with pytest.raises(Refused, match="no column"):
                made.spark.count(Query(where={name: 1}))

    def test_building_again_reads_nothing_and_new_files_are_added(self, made: Made, tmp_path: Path) -> None:
        folder = tmp_path / "store"
        shutil.copytree(made.spark._layout.folder, folder)
        local = DuckStore(folder)
        more = calls(tmp_path / "more.gz", range(FILES * EACH, FILES * EACH + 300))
        local.build([more])
        spark = SparkStore(folder)
        spark._opened = made.spark.session
        report = spark.build([more, calls(tmp_path / "last.gz", range(9_000_000, 9_000_003))])
        assert (report.built, report.unchanged) == (1, 1)
        assert report.events == made.expected.events + 200 + 3
        assert local.count(ALL) == report.events


def task(folder: Path, logs: Path) -> Task:
    files = [(str(path), building._file(path, {})) for path in sorted(logs.iterdir())]
    return Task(
        str(folder), 1, tuple((path, file.sha256) for path, file in files if isinstance(file, building.File)), Limits()
    )


def test_a_task_tried_twice_counts_once(tmp_path: Path) -> None:
    calls(tmp_path / "logs" / "a.gz", range(50))
    layout = Layout(tmp_path / "store")
    layout.make()
    job = msgspec.json.encode(task(layout.folder, tmp_path / "logs"))
    first, second = (spreading.attempt(layout.folder / "attempts", job) for _ in range(2))
    assert first.folder != second.folder
    store = DuckStore(layout.folder)
    assert store.count(ALL) == 0
    spreading.commit(layout, second)
    assert store.count(ALL) == 50
    assert [len(list(folder.iterdir())) for folder in (layout.parts, layout.manifests)] == [1, 1]


def test_a_try_without_any_log_commits_nothing(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "notes.txt").write_text("call the bank")
    layout = Layout(tmp_path / "store")
    layout.make()
    tried = spreading.attempt(layout.folder, msgspec.json.encode(task(layout.folder, tmp_path / "logs")))
    spreading.commit(layout, tried)
    assert tried.done.not_recognised == (str(tmp_path / "logs" / "notes.txt"),)
    assert layout.batches() == []


def test_what_a_worker_wrote_elsewhere_is_missed(tmp_path: Path) -> None:
    tried = spreading.Try(str(tmp_path / "only there"), Done(1, (), ()))
    with pytest.raises(Failed, match="shared"):
        spreading.commit(Layout(tmp_path / "store"), tried)


def test_a_worker_with_other_parsers_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = spreading._Worker(tmp_path, spreading.attempt)
    monkeypatch.setattr(spreading, "SCHEMA_VERSION", 0)
    with pytest.raises(Failed, match="same Hikeshi"):
        list(worker([]))


def test_a_worker_that_does_not_see_the_folder_says_so(tmp_path: Path) -> None:
    with pytest.raises(Failed, match="does not see"):
        spreading._Worker(tmp_path / "elsewhere", spreading.attempt)._job(1)


def test_hashing_finds_what_is_closed(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    there, gone = spreading.hashed(tmp_path, msgspec.json.encode([str(tmp_path / "a"), str(tmp_path / "b")]))
    assert (there.size, there.sha256[:8], there.closed) == (3, "ba7816bf", "")
    assert "No such file" in gone.closed


def test_files_go_together_until_they_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreading, "MOST", 3)
    files = [("a", 1), ("b", 1), ("c", 1), ("d", 16 * building.TOGETHER), ("e", 1)]
    assert list(spreading._together(files)) == [["a", "b", "c"], ["d"], ["e"]]


def test_without_pyspark_the_way_to_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyspark.errors", None)
    with pytest.raises(Refused, match=r"hikeshi\[spark\]"):
        SparkStore(tmp_path).count(ALL)
