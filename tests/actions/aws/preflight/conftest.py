from __future__ import annotations

from collections.abc import Iterator

import pytest

from actions.account import Cloud, running_cloud
from actions.aws.preflight.ground import Account


@pytest.fixture(scope="package")
def quick_cloud() -> Iterator[Cloud]:
    with running_cloud(quickly=True) as cloud:
        yield cloud


@pytest.fixture
def account(quick_cloud: Cloud) -> Account:
    quick_cloud.reset()
    return Account(quick_cloud)
