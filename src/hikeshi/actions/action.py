"""What an action is: look, do, prove, undo.

An action is one file with one class. Its fields are its inputs; forms, API schemas, command-line options, the IAM policy and the
docs page are derived from the class, so everything is declared once. The interface knows no cloud: a `World` is where an
action looks and acts, and each provider has its own (`actions/aws/world.py`).

The life of one step:

    plan(world)         reads only; the exact calls, the state before, what it will not stop. Saved before anything is written.
    (approval)          bound to `Plan.digest`; the plan is void when it expires or the state before has changed.
    do(world, plan)     safe to repeat: reads the world, then makes only the calls that are still missing.
    check(world, plan)  asks the world again and grades the proof. `pending` means: ask again in `again_in` seconds.
    undo(world, plan)   compare-and-swap: restores `plan.before`, and only where the present state is still ours.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar, Generic, Literal, Protocol, TypeVar

import msgspec
import rfc8785

from hikeshi.errors import Refused
from hikeshi.text import Text

Effect = Literal["look", "collect", "contain", "destroy"]
"""How much an action changes, in rising order. `contain` and `destroy` wait for approval or a standing order."""

Radius = Literal["resource", "shared", "account"]
"""Who else feels it: nobody but the resource, those who share a role, a subnet or a network with it, or a whole account."""

Reversible = Literal["yes", "with-loss", "no"]
"""`with-loss`: it can be set back, but something does not return as it was (an address, a password, memory)."""

Outcome = Literal["done", "already-done", "pending", "partial", "refused", "failed", "unknown"]
"""`unknown` is honest: a time-out after sending is not a failure. Read the world, then decide."""

Grade = Literal["none", "configured", "effect-proven"]
"""How far the result is proven: not at all, the configuration was read back, or the effect was seen from outside."""


class Call(msgspec.Struct, frozen=True, omit_defaults=True):
    """One call that changes the world, exactly as it will be sent. `params` is plain JSON.

    A value only known once an earlier call has answered (a group to be created) is written as "<isolation group>".
    """

    operation: str
    params: Mapping[str, Any]
    why: Text
    seldom: bool = False
    """Made only where the calls before it turn out not to be enough, so that nobody has to wait for it as a rule."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What will be done, written down before it is done. Immutable; `digest` is what an approval signs.

    `before` and `after` are the state read and the state expected, as plain JSON in the action's own shape. Saved state is believed
    only from here: tags on cloud resources are a hint for people.
    """

    action: str
    inputs: Mapping[str, Any]
    incident: str
    made_at: datetime
    expires_at: datetime
    resources: tuple[str, ...]
    calls: tuple[Call, ...]
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    dependants: tuple[Text, ...] = ()
    will_not_stop: tuple[Text, ...] = ()
    warnings: tuple[Text, ...] = ()
    estimate_seconds: float = 0.0
    simulated: bool = False

    @property
    def canonical(self) -> bytes:
        """RFC 8785 canonical JSON."""
        return rfc8785.dumps(msgspec.to_builtins(self))

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON, in lower-case hex."""
        return hashlib.sha256(self.canonical).hexdigest()

    def expired(self, now: datetime) -> bool:
        return now >= self.expires_at


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What happened: the outcome, how far it is proven, and the state as the world reported it (plain JSON)."""

    action: str
    outcome: Outcome
    summary: Text
    observed: Mapping[str, Any]
    grade: Grade = "none"
    still_open: tuple[Text, ...] = ()
    held_at: str = ""
    """Where evidence that cannot be moved here is held, such as snapshot ids or an object's address."""
    again_in: float = 0.0
    """Seconds to wait before asking again; only with `pending`."""
    at: datetime = msgspec.field(default_factory=lambda: datetime.now(UTC))


class World(Protocol):
    """Where an action looks and acts, on behalf of one step of one incident.

    Implementations record the intent before each changing call and its answer after, so that a worker that dies in between leaves a
    trace. `step` is stable across workers and repeats: use it to recognise what an earlier attempt has made.
    """

    incident: str
    step: str
    simulated: bool
    cloud_seconds: float
    """Time spent waiting for answers from outside so far, in seconds."""

    @property
    def plan_minutes(self) -> int:
        """How long a plan stays valid."""
        ...

    def now(self) -> datetime: ...

    def pause(self, seconds: float) -> None:
        """Wait for the provider to see what it was just told."""
        ...

    def send(self, call: Call, *, eventually: tuple[str, ...] = ()) -> Mapping[str, Any]:
        """Make one changing call, written down before and after; `eventually` names error codes that mean "not seen yet"."""
        ...

    def guard(self, resources: Iterable[str]) -> None:
        """Raises `Refused` where one of these is never to be touched: our own infrastructure, or what the organisation has protected."""
        ...

    def estimate(self, calls: Sequence[Call]) -> float:
        """How long these calls will take here and now, in seconds."""
        ...


W = TypeVar("W", bound=World)


class Action(msgspec.Struct, Generic[W], frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of every action. Subclasses are frozen msgspec Structs: their fields are the inputs, checked on decoding."""

    name: ClassVar[str]
    provider: ClassVar[str]
    effect: ClassVar[Effect]
    reversible: ClassVar[Reversible]
    radius: ClassVar[Radius] = "resource"
    target: ClassVar[str]
    """What it acts on, in the words of `signals.signal.Kind` where they fit: "instance", "key", "principal", "network", "bucket" ..."""
    title: ClassVar[Text]
    what: ClassVar[Text]
    by_hand: ClassVar[Text]
    """How to undo it without Hikeshi, in the provider's own console or command line."""
    permissions: ClassVar[tuple[str, ...]]
    """Everything it may call; the least-privilege policy and the preflight are derived from this."""
    evidence_kind: ClassVar[Literal["memory", "receipt", "snapshot"]] = "receipt"
    """What its sealed receipt stands for: nothing but itself, or something held elsewhere (see `Receipt.held_at`)."""
    finishes: ClassVar[bool] = False
    """Once begun it must reach its end: a half-done state is worse than either. No halt stops it in between."""
    eradicates: ClassVar[bool] = False
    """It takes for good what an attacker has left behind: done with rights of their own, which containing does not have."""
    needs_evidence: ClassVar[tuple[str, ...]] = ()
    """Names of actions that must have ended (held, or failed with a reason) before `do`."""

    def plan(self, world: W) -> Plan:
        """Read the world and write down what would be done. Raises `Refused` where it must not or cannot be done."""
        raise NotImplementedError

    def parts(self, plan: Plan) -> tuple[str, ...]:  # noqa: ARG002  the names are the interface
        """What an approver may take out of the plan one by one; nothing where it is one whole."""
        return ()

    def narrowed(self, world: W, plan: Plan, only: Iterable[str]) -> Plan:  # noqa: ARG002  as above
        """The same plan with no other parts than these. Raises `Refused` where that cannot be."""
        raise Refused(f"{self.name} has no parts that could be left out.", hint="Say no to it, or approve all of it.")

    def do(self, world: W, plan: Plan) -> Receipt:
        """Make the calls of the plan that are still missing. Safe to repeat. Raises `Refused` when the state before has changed."""
        raise NotImplementedError

    def check(self, world: W, plan: Plan) -> Receipt:
        """Ask the world whether it is as planned, without changing it."""
        raise NotImplementedError

    def undo(self, world: W, plan: Plan) -> Receipt:
        """Restore `plan.before` where the present state is still ours."""
        raise NotImplementedError


def inputs_of(action: Action[Any]) -> dict[str, Any]:
    """The action's inputs as plain JSON, for storing and for showing."""
    builtins: dict[str, Any] = msgspec.to_builtins(action)
    return builtins
