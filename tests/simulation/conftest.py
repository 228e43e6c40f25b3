"""One simulated cloud for the session, emptied before each test that asks for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hikeshi.simulation.cloud import SimulatedCloud


@pytest.fixture(scope="session")
def running() -> Iterator[SimulatedCloud]:
    with SimulatedCloud() as cloud:
        yield cloud


@pytest.fixture
def cloud(running: SimulatedCloud) -> SimulatedCloud:
    running.reset()
    return running
