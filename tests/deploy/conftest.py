"""A simulated account that takes CloudFormation templates."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest
from pytest_django import Settings

from actions.account import BUCKET, Cloud, running_cloud


@pytest.fixture(scope="package")
def running() -> Iterator[Cloud]:
    with running_cloud() as cloud:
        yield cloud


@pytest.fixture
def account(running: Cloud, settings: Settings) -> Cloud:
    running.reset()
    running.bucket()
    settings.ENVIRONMENT = msgspec.structs.replace(
        settings.ENVIRONMENT, aws_endpoint_url=running.url, evidence_bucket=BUCKET
    )
    return running
