"""Rules asked by a cluster hit the same events as on one machine."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hikeshi.events.detect.loading import OWN, Rule, load
from hikeshi.stores import building, detecting
from hikeshi.stores.detecting import DetectReport, detect
from hikeshi.stores.duck import DuckStore
from hikeshi.stores.spark import SparkStore
from stores.spark_cluster import Cluster, missing

SHARED = Path(__file__).parents[2] / ".." / "shared" / "data"
SAMPLES = Path(__file__).parents[1] / "samples"
WRONG = "title: Wrong\nlogsource: {product: aws, service: cloudtrail}\ndetection: {s: {eventName|expand: '%x%'}, condition: s}\n"


def rules(folder: Path) -> list[Rule]:
    """Our own pack, the public rules where they are, and one that cannot be asked."""
    (folder / "wrong.yml").write_text(WRONG)
    public = SHARED / "sigma-rules-aws"
    return load([OWN, folder / "wrong.yml", *([public] if public.is_dir() else [])])


def built(folder: Path, monkeypatch: pytest.MonkeyPatch, most: int = 1000) -> DuckStore:
    """Real attacks where they are (`most` files of them), else our samples, in many batches, some of it delivered twice."""
    logs = SHARED / "stratus-red-team-logs"
    shutil.copytree(logs if logs.is_dir() else SAMPLES / "cloudtrail", folder / "logs")
    for path in sorted((folder / "logs").iterdir())[most:]:
        path.unlink()
    one = next(path for path in sorted((folder / "logs").iterdir()) if path.suffix == ".json")
    (folder / "logs" / "again.json").write_bytes(one.read_bytes() + b"\n")
    monkeypatch.setattr(building, "MOST", 3)
    monkeypatch.setattr(detecting, "SLICE", 40)
    store = DuckStore(folder / "store")
    store.build([folder / "logs"])
    return store


def same(one: DetectReport, other: DetectReport) -> bool:
    return msgspec.structs.replace(one, seconds=0) == msgspec.structs.replace(other, seconds=0)


class Workers(DuckStore):
    """A store with workers that are this process."""

    jobs = 0

    def spread(self, do: Callable[[Path, bytes], Any], jobs: Sequence[Any], take: Callable[[bytes], None]) -> None:
        for job in jobs:
            self.jobs += 1
            take(msgspec.json.encode(do(self.folder, msgspec.json.encode(job))))


@pytest.mark.slow
def test_slices_looked_at_one_by_one_give_the_same_hits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = built(tmp_path, monkeypatch)
    asked = rules(tmp_path)
    expected = detect(store, asked)
    assert expected.hit
    assert [rule.title for rule in expected.errors] == ["Wrong"]
    workers = Workers(store.folder)
    assert same(detect(workers, asked), expected)
    assert workers.jobs > 1


@pytest.mark.cluster
@pytest.mark.skipif(bool(missing()), reason=missing() or "all is here")
@pytest.mark.filterwarnings("ignore:.*pandas.*:FutureWarning")
def test_a_cluster_hits_the_same_events(cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = built(tmp_path, monkeypatch, most=9)
    asked = load([OWN])
    spark = SparkStore(store.folder, cluster.master, settings=cluster.settings)
    report = detect(spark, asked)
    spark.close()
    assert same(report, detect(store, asked))
    assert not list(store.folder.glob("looking-*"))
