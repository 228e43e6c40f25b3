"""The working day: enough of everybody, nothing of the attacker, and the same names at ordinary places."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from hikeshi.simulation import cast
from hikeshi.simulation.ordinary import day, habits
from hikeshi.simulation.trail import Act
from simulation.stage import NOW, SCENE

END = int(NOW.timestamp())
BEGIN = END - 26 * 3600


@pytest.fixture(scope="module")
def acts() -> list[Act]:
    return list(day(SCENE, random.Random(7), begin=BEGIN, end=END, count=2000))


def test_as_many_as_asked_and_within_the_time(acts: list[Act]) -> None:
    assert len(acts) == 2000
    assert all(BEGIN <= act.at < END for act in acts)


def test_everybody_does_something(acts: list[Act]) -> None:
    arns = {act.who.arn for act in acts}
    assert {habit.who.arn for habit in habits(SCENE)} <= arns


def test_nothing_comes_from_the_attackers_addresses(acts: list[Act]) -> None:
    assert not {act.who.address for act in acts} & {cast.ATTACKER, cast.OUTSIDE, cast.POOL, cast.SCANNER}


def test_the_leaked_users_real_work_comes_from_the_runner(acts: list[Act]) -> None:
    work = [act for act in acts if act.who.identity.get("userName") == cast.LEAKED_USER]
    assert work
    assert {act.who.address for act in work} == {cast.RUNNER}


def test_the_victims_agent_reports_for_itself(acts: list[Act]) -> None:
    reports = [act for act in acts if act.name == "UpdateInstanceInformation" and act.who.address == cast.VICTIM_PUBLIC]
    assert reports
    assert all(act.request is not None and act.request["instanceId"] == SCENE.instance_id for act in reports)


def test_people_sign_in_with_a_second_factor(acts: list[Act]) -> None:
    logins = [act for act in acts if act.name == "ConsoleLogin"]
    assert logins
    assert {act.more["additionalEventData"]["MFAUsed"] for act in logins} == {"Yes"}
    assert {act.who.address for act in logins} <= set(cast.OFFICE)
    assert not any("accessKeyId" in act.who.identity for act in logins)


def test_errors_are_few_but_there(acts: list[Act]) -> None:
    codes = Counter(act.error[0] for act in acts if act.error)
    assert 0 < codes.total() < len(acts) * 0.03
