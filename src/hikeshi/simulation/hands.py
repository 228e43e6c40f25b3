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
from hikeshi.simulation.account import ACCOUNT, BUCKET, REGION
from hikeshi.simulation.changes import CHANGES
from hikeshi.simulation.differences import Watched
from hikeshi.simulation.short_cut import unsigned
from hikeshi.text import Text

MOST_LOOKS: Final = 1_000
"""How often an action that is pending is asked again."""
LOOK_SECONDS: Final = 0.005
"""Between two looks, of real time: a simulated host works beside us. The played clock goes on by what the action says."""
SESSIONS_SECONDS: Final = 13 * 3600
"""How much later containments are undone: denies of sessions are kept until the longest session has expired (12 hours)."""
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
        return unsigned(super()._client(service))


class _Done(NamedTuple):
    """One step that can be undone."""

    key: str
    action: Action[Any]
    plan: Plan


class InAccount:
    """Plans, does, proves and later undoes the actions in a simulated account. One object for each way that is played.

    `opened` gives what watches the account, asked when the first action comes: a playbook without actions needs none.
    """

    def __init__(self, opened: Callable[[], Watched], incident: str) -> None:
        self._opened, self._incident = opened, incident
        self._done: list[_Done] = []
        self._plans: list[Plan] = []
        self._destroyed = 0
        """How many of those done come before the last step that destroyed something for good."""
        self._kept: Watched | None = None

    @property
    def watched(self) -> Watched:
        if self._kept is None:
            self._kept = self._opened()
        return self._kept

    @property
    def left(self) -> list[tuple[str, str, int]]:
        """What is not as it was and may not be so: path, value, and how often more (below zero: less)."""
        return self._kept.left() if self._kept else []

    def carry_out(self, key: str, name: str, inputs: Mapping[str, Any], at: float) -> Ended:
        """Never raises for what an action says: it is how the step ended."""
        world = self._world(key, at)
        try:
            action = build_action(name, inputs)
            self.watched.begin(CHANGES.get(name, ()))
            if ACTIONS[name].reversible != "yes":
                self.watched.settle(_changed_by(ACTIONS[name].permissions))
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
        kind, services = ACTIONS.get(name), _services(world)
        if kind is None or kind.reversible != "yes":
            self.watched.grant(services, evidence=kind is not None and kind.effect in {"look", "collect"})
        else:
            self.watched.touched(services)
        if kind is not None and (kind.effect, kind.reversible) == ("destroy", "no") and world.sent:
            self._destroyed = len(self._done)

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
        later = at + SESSIONS_SECONDS
        places = reversed(list(enumerate(self._done)))
        return [self._undo(one, later, gone=place < self._destroyed) for place, one in places]

    def _undo(self, one: _Done, at: float, *, gone: bool) -> Undone:
        """`gone`: a later step has destroyed something for good, perhaps what this one was about; then it need not be possible."""
        world, lossy = self._world(one.key, at), one.action.reversible == "with-loss"
        if lossy:
            self.watched.settle(_changed_by(one.action.permissions))
        try:
            receipt = one.action.undo(world, one.plan)
            wrong, why = receipt.outcome not in {"done", "already-done"}, receipt.summary
        except HikeshiError as problem:
            wrong, why = True, Text(str(problem), str(problem))
        if lossy:
            self.watched.grant(_services(world), evidence=False)
        else:
            self.watched.touched(_services(world))
        if wrong and gone:
            self.watched.forget(CHANGES.get(one.action.name, ()))
        return Undone(one.key, _calls(world), why, wrong and not gone)

    def _world(self, key: str, at: float) -> PlayedWorld:
        world = PlayedWorld(
            incident=self._incident, step=f"{self._incident}/{key}", account=ACCOUNT, region=REGION,
            record=ListRecorder(), endpoint_url=self.watched.account.url, settings=AwsSettings(evidence_bucket=BUCKET),
            earlier=self._plans, sleep=lambda _: None,
        )  # fmt: skip
        world.ahead = timedelta(seconds=at)
        self.watched.account.simulated.ahead = at
        return world


def _changed_by(permissions: tuple[str, ...]) -> set[str]:
    """The services in which these permissions let somebody change something."""
    pairs = (one.partition(":") for one in permissions)
    return {service for service, _, name in pairs if not name.startswith(READING)}


def _services(world: AwsWorld) -> set[str]:
    """The services that were told to change something."""
    return {call.operation.partition(":")[0] for call in world.sent}


def _calls(world: AwsWorld) -> tuple[str, ...]:
    return tuple(call.operation for call in world.sent)
