"""Fixtures of the simulated account, for conftests to import: one server a session, one fresh account a test."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest
from pytest_django import Settings

from hikeshi.simulation.cloud import SimulatedCloud
from hikeshi.simulation.scene import Scene
from hikeshi.simulation.story import build_account


@pytest.fixture(scope="session")
def cloud() -> Iterator[SimulatedCloud]:
    with SimulatedCloud() as running:
        yield running


@pytest.fixture
def scene(cloud: SimulatedCloud, settings: Settings) -> Scene:
    """A fresh account that the desk acts on."""
    cloud.reset()
    built = build_account(cloud)
    settings.ENVIRONMENT = msgspec.structs.replace(
        settings.ENVIRONMENT,
        aws_endpoint_url=cloud.endpoint_url,
        evidence_bucket=built.evidence_bucket,
        queue_url=built.queue_url,
    )
    return built


def groups_now(cloud: SimulatedCloud, scene: Scene) -> dict[str, tuple[str, ...]]:
    """The groups of each of the victim's interfaces, as the cloud says them."""
    answer = cloud.client("ec2").describe_network_interfaces(NetworkInterfaceIds=list(scene.interface_ids))
    return {
        found["NetworkInterfaceId"]: tuple(sorted(group["GroupId"] for group in found["Groups"]))
        for found in answer["NetworkInterfaces"]
    }


def original_groups(scene: Scene) -> dict[str, tuple[str, ...]]:
    return {interface: tuple(sorted(groups)) for interface, groups in scene.original_groups.items()}
