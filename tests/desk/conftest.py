"""People by role, an alert, and an incident with one responder on it."""

from __future__ import annotations

import pytest

from hikeshi.desk.accounts import verbs as accounts
from hikeshi.desk.accounts.models import Person
from hikeshi.desk.actor import Actor, system
from hikeshi.desk.incidents import verbs as incidents
from hikeshi.desk.incidents.models import Incident
from simulated import cloud, scene

__all__ = ["cloud", "scene"]


def _person(name: str, role: str) -> Person:
    return Person.objects.create_user(username=name, role=role)


@pytest.fixture
def admin(db: None) -> Actor:
    return accounts.actor_of(_person("aoki", "admin"), "cli")


@pytest.fixture
def commander(db: None) -> Actor:
    return accounts.actor_of(_person("kondo", "commander"), "console")


@pytest.fixture
def responder_person(db: None) -> Person:
    return _person("sato", "responder")


@pytest.fixture
def on_it(responder_person: Person) -> Actor:
    """A responder who holds a role on `incident`."""
    return accounts.actor_of(responder_person, "console")


@pytest.fixture
def off_it(db: None) -> Actor:
    """A responder who holds no role on `incident`."""
    return accounts.actor_of(_person("suzuki", "responder"), "console")


@pytest.fixture
def outsider(db: None) -> Actor:
    """Signed in, but granted nothing."""
    return accounts.actor_of(_person("tanaka", "observer"), "console")


@pytest.fixture
def hikeshi() -> Actor:
    return system("Hikeshi", "worker")


@pytest.fixture
def incident(hikeshi: Actor, commander: Actor, responder_person: Person) -> Incident:
    declared = incidents.declare("Mining traffic from a web server", 2, actor=hikeshi, reason="test")
    incidents.assign(declared, "responder", actor=commander, person=responder_person)
    return declared
