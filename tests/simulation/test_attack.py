"""The attack: its steps come in order, and each leaves what an investigator looks for."""

from __future__ import annotations

import random

import pytest

from hikeshi.simulation import cast
from hikeshi.simulation.attack import chain
from hikeshi.simulation.trail import Act
from simulation.stage import NOW, SCENE

END = int(NOW.timestamp())


@pytest.fixture(scope="module")
def acts() -> list[Act]:
    return list(chain(SCENE, random.Random(7), now=END))


def first(acts: list[Act], name: str) -> Act:
    return next(act for act in acts if act.name == name)


def test_it_is_told_in_order_and_ends_before_the_finding(acts: list[Act]) -> None:
    times = [act.at for act in acts]
    assert times == sorted(times)
    assert times[0] > END - 26 * 3600
    assert times[-1] < END


def test_it_begins_with_the_leaked_key_from_outside(acts: list[Act]) -> None:
    assert acts[0].name == "GetCallerIdentity"
    assert acts[0].who.identity["accessKeyId"] == cast.LEAKED_KEY
    assert acts[0].who.address == cast.ATTACKER


def test_looking_over_is_mostly_denied(acts: list[Act]) -> None:
    until = first(acts, "CreateUser").at
    looked = [act for act in acts if act.at < until and act.name != "GetCallerIdentity"]
    assert sum(bool(act.error) for act in looked) > len(looked) / 2


def test_a_second_user_is_made_and_then_used(acts: list[Act]) -> None:
    made = first(acts, "CreateAccessKey")
    assert made.response is not None
    key = made.response["accessKey"]["accessKeyId"]
    used = [act for act in acts if act.who.identity["accessKeyId"] == key]
    assert min(act.at for act in used) > made.at


def test_the_command_goes_to_the_victim_and_hides_its_text(acts: list[Act]) -> None:
    request = first(acts, "SendCommand").request
    assert request is not None
    assert request["instanceIds"] == [SCENE.instance_id]
    assert request["parameters"] == "HIDDEN_DUE_TO_SECURITY_REASONS"


def test_the_stolen_session_is_the_victims_but_from_elsewhere(acts: list[Act]) -> None:
    stolen = [act for act in acts if act.who.identity["accessKeyId"] == cast.STOLEN_SESSION_KEY]
    assert stolen
    assert {act.who.address for act in stolen} == {cast.OUTSIDE}
    assert {act.who.identity["principalId"] for act in stolen} == {f"{SCENE.role_id}:{SCENE.instance_id}"}
    assert min(act.at for act in stolen) > first(acts, "SendCommand").at


def test_blinding_the_defenders_is_denied(acts: list[Act]) -> None:
    tried = [act for act in acts if act.name in {"StopLogging", "DeleteTrail", "DeleteDetector"}]
    assert len(tried) == 4
    assert all(act.error for act in tried)
