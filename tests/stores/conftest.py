"""A small store of our own samples, built once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hikeshi.stores.duck import DuckStore
from stores.spark_cluster import Cluster, running_cluster

SAMPLES = Path(__file__).parents[1] / "samples"
LOGS = ("cloudtrail/s3.json", "cloudtrail/array.json", "vpcflow/v2-header.log", "guardduty/export.jsonl")


@pytest.fixture(scope="session")
def samples() -> list[Path]:
    return [SAMPLES / name for name in LOGS]


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory, samples: list[Path]) -> DuckStore:
    """Seven calls (two of them delivered twice), four flows, three findings."""
    store = DuckStore(tmp_path_factory.mktemp("timeline"))
    store.build(samples)
    return store


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A master with two workers, for all tests that ask it; one of them kills a worker, so the others must do with one."""
    with running_cluster(tmp_path_factory.mktemp("cluster")) as running:
        yield running
