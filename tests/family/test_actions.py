"""What every action must keep to. A new action is in here as soon as it is in the table and has a stage."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cached_property
from typing import Any, NamedTuple

import msgspec
import pytest

from actions.account import Cloud, running_cloud, stored
from actions.moment import Moment
from actions.stages import STAGES
from actions.worlds import DyingRecorder, Fault, Killed, WatchedWorld
from hikeshi.actions import ACTIONS, action
from hikeshi.actions.action import Action, Plan, Receipt, inputs_of
from hikeshi.actions.setting import Setting
from hikeshi.errors import Failed, HikeshiError
from hikeshi.simulation.changes import CHANGES
from hikeshi.simulation.state import state

FIRST = [(name, next(iter(stages))) for name, stages in STAGES.items()]
"""One stage of each action: what goes wrong is tried on it alone."""
OTHERS = [(name, kind) for name, stages in STAGES.items() for kind in list(stages)[1:]]
PASSING: tuple[Fault, ...] = ("throttled", "internal", "lost after")
LASTING: tuple[Fault, ...] = ("denied", "vanished")
ENDED = {"done", "already-done", "pending"}


@pytest.fixture(scope="module")
def running() -> Iterator[Cloud]:
    with running_cloud(quickly=True) as cloud:
        yield cloud


class Play:
    """One action on its stage: the account before, and what the action makes of it."""

    def __init__(self, cloud: Cloud, name: str, kind: str) -> None:
        self.cloud, self.name, self.stage = cloud, name, STAGES[name][kind]
        cloud.reset()
        cloud.bucket()
        self.action: Action[Any] = action(name, self.stage.build(cloud))
        self.before = self.state()
        self.plan = stored(self.action.plan(cloud.world()))
        self.start = Moment(cloud.simulated)

    def state(self) -> dict[str, Any]:
        return state(self.cloud.client, self.stage.areas)

    def do(self, world: WatchedWorld | None = None) -> Receipt:
        return self.action.do(world or self.cloud.world(), self.plan)

    @cached_property
    def whole(self) -> Whole:
        """What happens when nothing goes wrong."""
        doing, undoing = self.cloud.world(), self.cloud.world()
        self.start.back()
        outcome, made, done = self.do(doing).outcome, self.state(), Moment(self.cloud.simulated)
        if self.action.reversible == "no":
            return Whole(outcome, made, len(doing.sent), 0, done, self.start)
        self.action.undo(undoing, self.plan)
        return Whole(outcome, made, len(doing.sent), len(undoing.sent), done, Moment(self.cloud.simulated))

    def undone(self) -> None:
        """What can be undone is, and restores everything."""
        if self.action.reversible == "no":
            return
        self.action.undo(self.cloud.world(), self.plan)
        if self.action.reversible == "yes":
            assert self.state() == self.before


class Whole(NamedTuple):
    """What an action does, and how many calls it and undoing it send; the account when it was done, and undone or as at first."""

    outcome: str
    made: dict[str, Any]
    calls: int
    calls_back: int
    done: Moment
    again: Moment


@pytest.fixture(scope="module")
def built(running: Cloud, request: pytest.FixtureRequest) -> Play:
    """A stage, for all the tests on it: pytest runs those one after another."""
    return Play(running, *request.param)


@pytest.fixture
def play(built: Play) -> Play:
    """The stage as it was built."""
    built.cloud.layer.reset()
    built.start.back()
    return built


def on(stages: list[tuple[str, str]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("built", stages, indirect=True, ids="-".join)


on_every_stage = on([*FIRST, *OTHERS])  # the first ones first: pytest puts together what has the same place in its list
on_one_stage = on(FIRST)


def test_every_action_has_a_stage() -> None:
    assert set(STAGES) == set(ACTIONS)


def test_simulations_of_playbooks_compare_what_an_action_changes() -> None:
    areas = {name: {area for stage in stages.values() for area in stage.areas} for name, stages in STAGES.items()}
    assert {name: set(changed) for name, changed in CHANGES.items()} == {
        name: one for name, one in areas.items() if one
    }
    assert list(CHANGES) == sorted(CHANGES)


@on_every_stage
def test_it_plans_does_proves_and_goes_back(play: Play) -> None:
    world = play.cloud.world()
    plan = play.action.plan(world)
    play.action.check(world, plan)
    assert (world.sent, play.state()) == ([], play.before)
    _plan_holds(play, plan)
    assert play.do(world).outcome == play.stage.outcome
    if play.action.effect in ("contain", "destroy"):
        assert play.state() != play.before
    proof = play.action.check(world, play.plan)
    assert proof.outcome in ENDED
    assert (proof.summary.en, proof.summary.ja) != ("", "")
    if play.stage.outcome == "done" and play.plan.calls:
        assert play.do().outcome == "already-done"
    if play.action.reversible != "no":
        assert play.action.undo(world, play.plan).outcome == "done"
        play.undone()
        assert play.action.undo(world, play.plan).outcome == "already-done"
    declared = set(play.action.permissions)
    assert world.used <= declared
    assert declared - world.used <= play.stage.rare


def _plan_holds(play: Play, plan: Plan) -> None:
    assert stored(plan).digest == plan.digest
    assert plan.inputs == inputs_of(play.action)
    assert plan.simulated
    assert plan.expires_at > plan.made_at
    assert plan.resources
    assert all(call.why.en and call.why.ja for call in plan.calls)
    if play.action.effect in ("contain", "destroy"):
        assert plan.calls


@on_one_stage
def test_workers_killed_between_any_two_calls_are_carried_on(play: Play) -> None:
    outcome, made, calls, _, _, again = play.whole
    for sent in (False, True):
        again.back()
        _carried_on(play, play.action.do, calls, sent=sent)
        assert play.do().outcome in (outcome, "already-done")
        assert play.state() == made


@on_one_stage
def test_workers_killed_while_undoing_are_carried_on(play: Play) -> None:
    if play.action.reversible == "no":
        return
    for sent in (False, True):
        play.whole.done.back()
        _carried_on(play, play.action.undo, play.whole.calls_back, sent=sent)
        play.undone()


def _carried_on(play: Play, turn: Callable[[Any, Plan], Receipt], calls: int, *, sent: bool) -> None:
    """One worker after another dies at a call: before sending it, later and later; or each at its first, which was sent."""
    for call in range(1, calls + 1):
        with suppress(Killed):
            turn(play.cloud.world(record=DyingRecorder(1 if sent else call, sent=sent)), play.plan)


@on_one_stage
def test_it_gets_there_although_every_call_fails_at_first(play: Play) -> None:
    outcome, made, _, _, _, again = play.whole
    for fault in PASSING:
        again.back()
        world = play.cloud.world()
        world.fault = fault
        told = _tried(play, world)
        if isinstance(told, HikeshiError):
            assert isinstance(told, Failed)
            assert not told.permanent, told
            assert fault != "throttled"
        while isinstance(told, HikeshiError) or told.outcome == "unknown":
            told = _tried(play, play.cloud.world())
        assert told.outcome in (outcome, "already-done")
        assert play.state() == made


@on_one_stage
def test_a_call_that_fails_for_good_is_told_honestly_and_can_be_undone(play: Play) -> None:
    for calls in range(1, play.whole.calls + 1):
        play.whole.again.back()
        world = play.cloud.world()
        world.fault, world.at = LASTING[calls % 2], calls
        _honest(play, _tried(play, world))
        play.undone()


def _tried(play: Play, world: WatchedWorld) -> Receipt | HikeshiError:
    try:
        return play.do(world)
    except HikeshiError as problem:
        return problem


def _honest(play: Play, told: Receipt | HikeshiError) -> None:
    if isinstance(told, HikeshiError):
        assert not isinstance(told, Failed) or told.permanent, told
    elif told.outcome in ENDED:  # it gets on without that call
        assert play.action.check(play.cloud.world(), play.plan).outcome in ENDED
    else:
        assert told.outcome in {"partial", "failed", "refused"}
        assert told.still_open or told.outcome != "partial"


@on_one_stage
def test_what_somebody_else_has_changed_or_is_protected_is_left_alone(play: Play) -> None:
    if not isinstance(play.action, Setting):
        return
    world = play.cloud.world()
    elsewhere = {**play.plan.before, "parts": dict.fromkeys(play.plan.before["parts"], "as somebody else wants it")}
    told = play.action.do(world, msgspec.structs.replace(play.plan, before=elsewhere))
    assert told.outcome in {"refused", "partial"}  # parts that are as wanted already
    assert world.sent == []
    guarded = play.cloud.world(protected=play.plan.resources[:1])
    for attempt in (lambda: play.action.plan(guarded), lambda: play.action.do(guarded, play.plan)):
        with pytest.raises(HikeshiError, match="protected"):
            attempt()
    assert guarded.sent == []
    assert play.state() == play.before


@pytest.mark.parametrize("name", ACTIONS)
def test_what_it_declares_is_whole(name: str) -> None:
    kind = ACTIONS[name]
    assert kind.name == name
    assert name.startswith(f"{kind.provider}.")
    assert list(kind.permissions) == sorted(set(kind.permissions))
    for text in (kind.title, kind.what, kind.by_hand):
        assert text.en.isascii()
        assert not text.ja.isascii()
    assert kind.__doc__
    assert kind.target
    assert set(kind.needs_evidence) <= set(ACTIONS)
    assert kind.effect != "look" or kind.reversible == "no"
