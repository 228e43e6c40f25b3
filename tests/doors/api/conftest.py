"""People with tokens, and an incident with work on it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from doors.api.caller import SYSTEM, Caller, as_actor, plan
from doors.played import leave_out_before
from hikeshi.desk.accounts import verbs as accounts
from hikeshi.desk.accounts.models import Person
from hikeshi.desk.incidents import verbs as incidents
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.runs import plans, starting
from hikeshi.desk.runs.models import Step
from hikeshi.playbooks.shelf import library


@pytest.fixture
def caller(db: None) -> Callable[[str, str], Caller]:
    def make(name: str, role: str) -> Caller:
        person = Person.objects.create_user(username=name, role=role)
        token = accounts.issue_token(person, "test", actor=accounts.actor_of(person, "console"))
        return Caller(person, token)

    return make


@pytest.fixture
def commander(caller: Callable[[str, str], Caller]) -> Caller:
    return caller("kondo", "commander")


@pytest.fixture
def on_it(caller: Callable[[str, str], Caller]) -> Caller:
    """A responder who holds a role on `incident`."""
    return caller("sato", "responder")


@pytest.fixture
def off_it(caller: Callable[[str, str], Caller]) -> Caller:
    """A responder who holds no role on `incident`."""
    return caller("suzuki", "responder")


@pytest.fixture
def observer(caller: Callable[[str, str], Caller]) -> Caller:
    return caller("tanaka", "observer")


@pytest.fixture
def incident(commander: Caller, on_it: Caller) -> Incident:
    declared = incidents.declare("Mining traffic from a web server", 2, actor=SYSTEM, reason="test")
    incidents.assign(declared, "responder", actor=as_actor(commander), person=on_it.person)
    return declared


@pytest.fixture
def asked(incident: Incident) -> Step:
    """An isolation that waits for approval of a plan; everything before it was skipped."""
    facts = {
        "alert.account": "111122223333",
        "alert.region": "ap-northeast-1",
        "alert.instance_id": "i-0123456789abcdef0",
    }
    facts |= {
        "alert.finding_id": "f1",
        "alert.finding_type": "Backdoor:EC2/C&CActivity.B",
        "incident.name": incident.name,
    }
    run = starting.start(incident, library()["compromised-ec2"], actor=SYSTEM, facts=facts)
    isolate = run.steps.get(key="2.3")
    leave_out_before(isolate, reason="not what this test is about")
    plans.save_plan(isolate, plan(incident), actor=SYSTEM)
    return isolate
