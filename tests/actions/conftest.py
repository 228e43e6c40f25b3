"""A real moto server for the session and a fresh account for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from actions.account import Cloud, running_cloud
from actions.worlds import WatchedWorld


@pytest.fixture(scope="session")
def running() -> Iterator[Cloud]:
    with running_cloud(quickly=True) as cloud:
        yield cloud


@pytest.fixture
def cloud(running: Cloud) -> Cloud:
    running.reset()
    return running


@pytest.fixture
def world(cloud: Cloud) -> WatchedWorld:
    return cloud.world()
