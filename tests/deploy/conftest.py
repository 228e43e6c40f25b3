"""A simulated account that takes CloudFormation templates."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from types import ModuleType, SimpleNamespace
from typing import Any

import msgspec
import pytest
from pytest_django import Settings

from actions.account import BUCKET, Cloud, running_cloud

_LEFT_OUT = ("jsonpath_ng", "openapi_spec_validator")


class Path:
    """What moto asks of JSONPath for a target without a transformer: `$.detail`, `$.source` ..."""

    def __init__(self, path: str) -> None:
        self.name = path.removeprefix("$.")

    def find(self, event: Mapping[str, Any]) -> list[SimpleNamespace]:
        return [SimpleNamespace(value=event[self.name])] if self.name in event else []


@pytest.fixture(scope="package")
def running() -> Iterator[Cloud]:
    """Moto's CloudFormation loads every service, and that two packages which we do not have: for APIs, which no template of ours makes, and
    for transforming events, of which only the plain case is needed here.
    """
    there = set(sys.modules)
    fields: dict[str, Any] = {"validate": None, "OpenAPIValidationError": ValueError, "parse": Path, "__path__": []}
    for name in ("", ".ext", ".validation", ".validation.exceptions"):
        for package in _LEFT_OUT:
            stand_in = ModuleType(package + name)
            stand_in.__dict__.update(fields)
            sys.modules.setdefault(package + name, stand_in)
    with running_cloud() as cloud:
        yield cloud
    for name in [one for one in sys.modules if one.startswith(_LEFT_OUT) and one not in there]:
        del sys.modules[name]


@pytest.fixture
def account(running: Cloud, settings: Settings) -> Cloud:
    running.reset()
    running.bucket()
    settings.ENVIRONMENT = msgspec.structs.replace(
        settings.ENVIRONMENT, aws_endpoint_url=running.url, evidence_bucket=BUCKET
    )
    return running
