"""Who does the actions of a playbook that is played: nobody (to find the ways through it), or the real actions in the simulated account."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple, Protocol

import msgspec

from hikeshi.actions import ACTIONS, action as build_action
from hikeshi.actions.action import Action, Plan, Receipt
from hikeshi.actions.aws.recorder import ListRecorder
from hikeshi.actions.aws.world import AwsSettings, AwsWorld
from hikeshi.errors import HikeshiError, Refused
from hikeshi.simulation.account import ACCOUNT, BUCKET, REGION, Account
from hikeshi.simulation.differences import Leaves, Watched
from hikeshi.simulation.short_cut import quick
from hikeshi.text import Text

MOST_LOOKS: Final = 1_000
"""How often an action that is pending is asked again."""
LOOK_SECONDS: Final = 0.005
"""Between two looks, of real time: a simulated host works beside us. The played clock goes on by what the action says."""
READING: Final = ("Describe", "Get", "List", "Lookup", "Head", "Simulate")


class Ended(NamedTuple):
    """How an action ended. `seconds` of the played clock it took."""

    state: str
    seconds: float = 0.0
    why: Text | None = None
    calls: tuple[str, ...] = ()
    wrong: tuple[Text, ...] = ()
    """What must not be, whatever the playbook expects."""


class Undone(NamedTuple):
    """How the undoing of one step went; `wrong` where it did not."""

    key: str
    calls: tuple[str, ...]
    why: Text
    wrong: bool


class Hands(Protocol):
    """Does one action step. `at` is the played clock, in seconds since the start."""

    def carry_out(self, key: str, name: str, inputs: Mapping[str, Any], at: float) -> Ended: ...


class Idle:
    """Says that every action was done. For finding ways: costs nothing and needs no account."""

    def carry_out(self, key: str, name: str, inputs: Mapping[str, Any], at: float) -> Ended:  # noqa: ARG002  the names are the interface
        return Ended("done")


class PlayedWorld(AwsWorld):
    """The AWS world inside this process, on a clock that is ahead."""

    record: ListRecorder
    ahead: timedelta = timedelta()

    def now(self) -> datetime:
        return super().now() + self.ahead

    def _client(self, service: str) -> Any:
        return quick(super()._client(service))


class _Done(NamedTuple):
    key: str
    action: Action[Any]
    plan: Plan


class InAccount:
    """Plans, does, proves and later undoes the actions in a simulated account. One object for each way that is played.

    `opened` gives the account, asked when the first action comes: a playbook without actions needs none.
    """

    def __init__(self, opened: Callable[[], Account], incident: str) -> None:
        self._opened, self._incident = opened, incident
        self._done: list[_Done] = []
        self._plans: list[Plan] = []
        self.watched: Watched | None = None

    @property
    def _account(self) -> Account:
        return self._watching.account

    @property
    def _watching(self) -> Watched:
        if self.watched is None:
            self.watched = Watched(self._opened())
        return self.watched

    @property
    def left(self) -> list[tuple[str, str, int]]:
        """What is not as it was and may not be so: path, value, and how often more (below zero: less)."""
        return self.watched.left() if self.watched else []

    def carry_out(self, key: str, name: str, inputs: Mapping[str, Any], at: float) -> Ended:
        """Never raises for what an action says: it is how the step ended."""
        world = self._world(key, at)
        try:
            action = build_action(name, inputs)
            self._watching.look(_changed_by(ACTIONS[name].permissions))
            plan = action.plan(world)
            self._plans.append(plan)
            receipt = self._performed(action, plan, world, key)
        except HikeshiError as problem:
            said = Text(str(problem), str(problem))
            state = "refused" if isinstance(problem, Refused) else "failed"
            return Ended(state, 0, said, _calls(world), self._wrong(name, world))
        finally:
            self._note(name, world)
        state = "done" if receipt.outcome == "already-done" else receipt.outcome
        taken = (world.ahead.total_seconds()) - at
        return Ended(state, taken, receipt.summary, _calls(world), self._wrong(name, world))

    def _performed(self, action: Action[Any], plan: Plan, world: PlayedWorld, key: str) -> Receipt:
        if action.reversible != "no":
            self._done.append(_Done(key, action, plan))
        receipt = action.do(world, plan)
        if receipt.outcome in {"done", "already-done"}:
            checked = action.check(world, plan)
            return receipt if checked.outcome in {"done", "already-done"} else checked
        for _ in range(MOST_LOOKS):
            if receipt.outcome != "pending":
                break
            time.sleep(LOOK_SECONDS)
            world.ahead += timedelta(seconds=max(1.0, receipt.again_in))
            receipt = action.check(world, plan)
        return receipt if receipt.outcome != "pending" else msgspec.structs.replace(receipt, outcome="unknown")

    def _note(self, name: str, world: PlayedWorld) -> None:
        """What cannot be taken back, or only with loss, may differ at the end: evidence above all."""
        changes = self._watching.changed({call.operation.partition(":")[0] for call in world.sent})
        if name in ACTIONS and ACTIONS[name].reversible != "yes":
            self._grant(changes)

    def _grant(self, changes: Leaves) -> None:
        self._watching.granted.update(changes)

    def _wrong(self, name: str, world: PlayedWorld) -> tuple[Text, ...]:
        missing = sorted(world.used - set(ACTIONS[name].permissions)) if name in ACTIONS else []
        if not missing:
            return ()
        named = ", ".join(missing)
        return (
            Text(f"It used permissions that it does not declare: {named}.", f"宣言されていない権限を使った: {named}"),
        )

    def undo_all(self, at: float) -> list[Undone]:
        """Undo in reverse order what can be undone."""
        return [self._undo(one, at) for one in reversed(self._done)]

    def _undo(self, one: _Done, at: float) -> Undone:
        world = self._world(one.key, at)
        try:
            receipt = one.action.undo(world, one.plan)
            wrong, why = receipt.outcome not in {"done", "already-done"}, receipt.summary
        except HikeshiError as problem:
            wrong, why = True, Text(str(problem), str(problem))
        changes = self._watching.changed({call.operation.partition(":")[0] for call in world.sent})
        if one.action.reversible == "with-loss":
            self._grant(changes)
        return Undone(one.key, _calls(world), why, wrong)

    def _world(self, key: str, at: float) -> PlayedWorld:
        world = PlayedWorld(
            incident=self._incident, step=f"{self._incident}/{key}", account=ACCOUNT, region=REGION,
            record=ListRecorder(), endpoint_url=self._account.url, settings=AwsSettings(evidence_bucket=BUCKET),
            earlier=self._plans, sleep=lambda _: None,
        )  # fmt: skip
        world.ahead = timedelta(seconds=at)
        return world


def _changed_by(permissions: tuple[str, ...]) -> set[str]:
    """The services in which these permissions let somebody change something."""
    pairs = (one.partition(":") for one in permissions)
    return {service for service, _, name in pairs if not name.startswith(READING)}


def _calls(world: AwsWorld) -> tuple[str, ...]:
    return tuple(call.operation for call in world.sent)
