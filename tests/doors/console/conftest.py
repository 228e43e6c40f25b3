"""A home of its own for every test, one person of each kind, and on demand the whole house."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from django.core.cache import cache
from pytest_django.fixtures import Settings

from doors.console import house as made
from hikeshi.desk.accounts.models import Person
from hikeshi.desk.incidents import verbs as incidents
from hikeshi.desk.incidents.models import Incident


@pytest.fixture(autouse=True)
def home(db: None, settings: Settings, tmp_path: Path) -> Path:
    settings.ENVIRONMENT = msgspec.structs.replace(settings.ENVIRONMENT, home=tmp_path)
    cache.clear()  # limits on tries are counted there
    return tmp_path


@pytest.fixture
def house(home: Path) -> made.House:
    return made.build(home)


@pytest.fixture
def commander(db: None) -> Person:
    return made.person("kondo", "commander")


@pytest.fixture
def responder(db: None) -> Person:
    """Holds the role of a responder on `incident`."""
    return made.person("sato", "responder")


@pytest.fixture
def other(db: None) -> Person:
    """A responder who holds no role on `incident`."""
    return made.person("suzuki", "responder")


@pytest.fixture
def outsider(db: None) -> Person:
    """Signed in, but granted nothing."""
    return made.person("tanaka", "observer")


@pytest.fixture
def incident(commander: Person, responder: Person) -> Incident:
    declared = incidents.declare("Mining traffic", 2, actor=made.HIKESHI, reason="test")
    incidents.assign(declared, "responder", actor=made.as_actor(commander), person=responder)
    declared.refresh_from_db()
    return declared
