"""For each published attack: which actions end it, and that undoing them restores the attacked account exactly, byte for byte."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from actions.account import Cloud, running_cloud, stored
from actions.attacks import ATTACKS
from hikeshi.actions import ACTIONS, action
from hikeshi.simulation.state import state


@pytest.fixture(scope="module")
def running() -> Iterator[Cloud]:
    with running_cloud(quickly=True) as cloud:
        yield cloud


@pytest.mark.parametrize("name", ATTACKS)
def test_it_is_stopped_and_the_way_back_is_exact(running: Cloud, name: str) -> None:
    attack = ATTACKS[name]
    running.reset()
    running.bucket()
    facts = attack.do(running)
    assert attack.harm(running, facts)
    before = state(running.client, attack.areas)
    done = []
    for answer, inputs in attack.answers:
        made = action(answer, {one: facts[one] for one in inputs})
        plan = stored(made.plan(running.world()))
        assert made.do(running.world(), plan).outcome == "done"
        done.append((made, plan))
    assert not attack.harm(running, facts)
    for made, plan in reversed(done):
        if made.reversible != "no":
            made.undo(running.world(), plan)
    if all(ACTIONS[answer].reversible == "yes" for answer, _ in attack.answers):
        assert attack.harm(running, facts)
        assert state(running.client, attack.areas) == before
